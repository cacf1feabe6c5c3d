-- Requests can wait for an officer, be decided before there is a key, and be
-- renewals. A state more needs another CHECK, and so a new table; certificates
-- refer to it and are made anew with it.

-- +goose Up
-- The first statement is for two programs that come at once: the second fails here.
ALTER TABLE requests ADD COLUMN hold BIGINT;
CREATE TABLE requests_new (
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
    state      TEXT NOT NULL CHECK (state IN ('accepted', 'pending', 'approved', 'rejected', 'issued', 'withdrawn')),
    words      TEXT NOT NULL DEFAULT '',
    serial     TEXT UNIQUE,        -- drawn before anything is signed
    not_before BIGINT,
    not_after  BIGINT,
    hold       BIGINT NOT NULL DEFAULT 0 CHECK (hold IN (0, 1)),     -- the station wanted an officer
    approval   BIGINT NOT NULL DEFAULT 0 CHECK (approval IN (0, 1)), -- a decision is asked for, and no certificate
    approved   TEXT UNIQUE REFERENCES requests_new (id), -- the approval that decided it: each decides one
    cms        BLOB,               -- the signed renewal, as it came first
    renewal    TEXT,               -- what came of looking into it: JSON
    decided    BIGINT,             -- by an officer, or withdrawn
    decided_by TEXT NOT NULL DEFAULT '',
    CHECK (state NOT IN ('accepted', 'issued') OR
           (serial IS NOT NULL AND not_before IS NOT NULL AND not_after IS NOT NULL AND approval = 0)),
    CHECK (state <> 'approved' OR approval = 1)
);
INSERT INTO requests_new (id, content, template, csr, valid_days, station, operator, mode, user_id, user_name, user_logon,
    received, state, words, serial, not_before, not_after)
    SELECT id, content, template, csr, valid_days, station, operator, mode, user_id, user_name, user_logon,
    received, state, words, serial, not_before, not_after FROM requests;

CREATE TABLE certificates_new (
    serial    TEXT PRIMARY KEY,
    request   TEXT NOT NULL UNIQUE REFERENCES requests_new (id),
    der       BLOB NOT NULL,
    not_after BIGINT NOT NULL,
    revoked   BIGINT,              -- NULL: not revoked
    reason    TEXT,
    crl       BIGINT,              -- the first CRL that told of the revocation
    CHECK ((revoked IS NULL) = (reason IS NULL))
);
INSERT INTO certificates_new (serial, request, der, not_after, revoked, reason, crl)
    SELECT serial, request, der, not_after, revoked, reason, crl FROM certificates;

DROP TABLE certificates;
DROP TABLE requests;
ALTER TABLE requests_new RENAME TO requests;
ALTER TABLE certificates_new RENAME TO certificates;
CREATE INDEX certificates_revoked ON certificates (revoked) WHERE revoked IS NOT NULL;
CREATE INDEX certificates_released ON certificates (crl) WHERE revoked IS NULL AND crl IS NOT NULL;
CREATE INDEX requests_state ON requests (state, received);
