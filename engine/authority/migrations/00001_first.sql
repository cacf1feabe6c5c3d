-- Times are epoch seconds: X.509 has no finer ones. Serial numbers are hex,
-- lower case, without leading zeros.

-- +goose Up
CREATE TABLE requests (
    id         TEXT PRIMARY KEY,   -- the station's, fixed before it asks
    content    TEXT NOT NULL,      -- SHA-256 of what was asked: an id asks one thing only
    template   TEXT NOT NULL,
    csr        BLOB NOT NULL,
    valid_days BIGINT NOT NULL,
    station    TEXT NOT NULL,
    operator   TEXT NOT NULL,
    mode       TEXT NOT NULL,
    user_id    TEXT NOT NULL,
    user_name  TEXT NOT NULL,
    user_logon TEXT NOT NULL,
    received   BIGINT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('accepted', 'pending', 'rejected', 'issued', 'withdrawn')),
    words      TEXT NOT NULL DEFAULT '',
    serial     TEXT UNIQUE,        -- drawn before anything is signed
    not_before BIGINT,
    not_after  BIGINT,
    CHECK (state NOT IN ('accepted', 'issued') OR
           (serial IS NOT NULL AND not_before IS NOT NULL AND not_after IS NOT NULL))
);

CREATE TABLE certificates (
    serial    TEXT PRIMARY KEY,
    request   TEXT NOT NULL UNIQUE REFERENCES requests (id),
    der       BLOB NOT NULL,
    not_after BIGINT NOT NULL,
    revoked   BIGINT,              -- NULL: not revoked
    reason    TEXT,
    crl       BIGINT,              -- the first CRL that told of the revocation
    CHECK ((revoked IS NULL) = (reason IS NULL))
);
CREATE INDEX certificates_revoked ON certificates (revoked) WHERE revoked IS NOT NULL;

CREATE TABLE crls (
    number      BIGINT PRIMARY KEY,
    this_update BIGINT NOT NULL,
    next_update BIGINT NOT NULL,
    regular     BIGINT NOT NULL,   -- this_update of the newest CRL of the schedule, itself or an earlier one
    entries     BIGINT NOT NULL,
    der         BLOB NOT NULL
);

CREATE TABLE stations (
    serial    TEXT PRIMARY KEY,
    name      TEXT NOT NULL,
    may_ask    BIGINT NOT NULL CHECK (may_ask IN (0, 1)),
    may_revoke BIGINT NOT NULL CHECK (may_revoke IN (0, 1)),
    der       BLOB NOT NULL,
    made      BIGINT NOT NULL,
    not_after BIGINT NOT NULL,
    revoked   BIGINT
);
CREATE INDEX stations_name ON stations (name);

CREATE TABLE audit (
    seq     INTEGER PRIMARY KEY,
    at      BIGINT NOT NULL,
    station TEXT NOT NULL,         -- empty: at the CA itself
    who     TEXT NOT NULL,
    act     TEXT NOT NULL,
    subject TEXT NOT NULL,         -- a request id, a serial number, a station's name
    detail  TEXT NOT NULL
);
-- +goose StatementBegin
CREATE TRIGGER audit_keeps BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_stays BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
-- +goose StatementEnd
