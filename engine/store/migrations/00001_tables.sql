-- +goose Up
-- Plain SQL that SQLite and PostgreSQL both take. Every time is a BIGINT of
-- microseconds since 1970-01-01 UTC; NULL where there is none. What is JSON is
-- as the domain writes it, and "format" says which reading it wants.

-- One row per card. The columns are what is searched; facts is the record.
CREATE TABLE cards (
    id          TEXT   PRIMARY KEY,
    serial      TEXT   NOT NULL,
    guid        TEXT   NOT NULL,
    model       TEXT   NOT NULL,
    user_id     TEXT   NOT NULL,
    user_name   TEXT   NOT NULL,
    state       TEXT   NOT NULL CHECK (state IN ('clean', 'assigned', 'pending', 'issued', 'disabled', 'revoked')),
    policy      TEXT   NOT NULL,
    next_expiry BIGINT,
    written     BIGINT,
    version     BIGINT NOT NULL CHECK (version > 0),
    format      BIGINT NOT NULL CHECK (format > 0),
    facts       TEXT   NOT NULL
);
CREATE INDEX cards_user ON cards (user_id);
CREATE INDEX cards_next_expiry ON cards (next_expiry);

-- Who may write to a card. The row stays when the card is let go (until is
-- NULL then), so that the fence grows for ever.
CREATE TABLE leases (
    card    TEXT   PRIMARY KEY,
    station TEXT   NOT NULL,
    fence   BIGINT NOT NULL CHECK (fence > 0),
    until   BIGINT
);

-- One row per run; fence is the one it began with and orders a card's runs,
-- whatever the clocks say.
CREATE TABLE runs (
    id       TEXT   PRIMARY KEY,
    card     TEXT   NOT NULL REFERENCES leases (card),
    user_id  TEXT   NOT NULL,
    who      TEXT   NOT NULL,
    station  TEXT   NOT NULL,
    fence    BIGINT NOT NULL,
    started  BIGINT NOT NULL,
    ended    BIGINT,
    ended_as TEXT   CHECK (ended_as IN ('finished', 'finished in part', 'taken back')),
    format   BIGINT NOT NULL,
    run      TEXT   NOT NULL,
    CHECK ((ended IS NULL) = (ended_as IS NULL)),
    UNIQUE (card, fence)
);
CREATE UNIQUE INDEX runs_open ON runs (card) WHERE ended IS NULL;

CREATE TABLE notes (
    run  TEXT   NOT NULL REFERENCES runs (id),
    seq  BIGINT NOT NULL,
    note TEXT   NOT NULL,
    PRIMARY KEY (run, seq)
);

CREATE TABLE outbox (
    id        TEXT   PRIMARY KEY,
    card      TEXT   NOT NULL,
    recipient TEXT   NOT NULL,
    created   BIGINT NOT NULL,
    state     TEXT   NOT NULL CHECK (state IN ('waiting', 'sent', 'given up')),
    due       BIGINT NOT NULL,
    tries     BIGINT NOT NULL,
    sent      BIGINT,
    reason    TEXT   NOT NULL,
    format    BIGINT NOT NULL CHECK (format > 0),
    notice    TEXT   NOT NULL
);
CREATE INDEX outbox_waiting ON outbox (card, created) WHERE state = 'waiting';

-- Rows are numbered without gaps: one that is missing shows.
CREATE TABLE audit (
    seq     BIGINT PRIMARY KEY,
    at      BIGINT NOT NULL,
    who     TEXT   NOT NULL,
    station TEXT   NOT NULL,
    mode    TEXT   NOT NULL,
    act     TEXT   NOT NULL,
    card    TEXT   NOT NULL,
    user_id TEXT   NOT NULL,
    run     TEXT   NOT NULL,
    result  TEXT   NOT NULL,
    detail  TEXT   NOT NULL
);
CREATE INDEX audit_card ON audit (card);
CREATE INDEX audit_at ON audit (at);

-- The number of the last row of the audit; its one row is the lock under which
-- the next number is given out.
CREATE TABLE audit_last (seq BIGINT NOT NULL);
INSERT INTO audit_last (seq) VALUES (0);
