-- +goose Up
-- What goes beyond one card, in SQL that SQLite and PostgreSQL both take.

-- What policies said when cards were written under them, once per hash.
CREATE TABLE policies (
    hash TEXT PRIMARY KEY,
    text TEXT NOT NULL
);

-- What is to be done elsewhere because of an update. seq is the order in which
-- the errands of one card were created, and those of one kind stay in it; due is when an errand's time comes,
-- try_at when it is tried next or, while somebody is at it, until when it is
-- theirs.
CREATE TABLE errands (
    id      TEXT   PRIMARY KEY,
    card    TEXT   NOT NULL,
    seq     BIGINT NOT NULL,
    user_id TEXT   NOT NULL,
    run     TEXT   NOT NULL,
    created BIGINT NOT NULL,
    state   TEXT   NOT NULL CHECK (state IN ('waiting', 'done', 'given up')),
    due     BIGINT NOT NULL,
    try_at  BIGINT NOT NULL,
    tries   BIGINT NOT NULL,
    done    BIGINT,
    reason  TEXT   NOT NULL,
    format  BIGINT NOT NULL CHECK (format > 0),
    deed    TEXT   NOT NULL,
    kind    TEXT   NOT NULL CHECK (kind IN ('publication', 'access', 'revocation')),
    UNIQUE (card, seq)
);
CREATE INDEX errands_waiting ON errands (try_at) WHERE state = 'waiting';

-- The directory's users who have a card, as they were when it was asked last.
-- person is the user, packed; see personrow.go.
CREATE TABLE people (
    user_id TEXT   PRIMARY KEY,
    seen    BIGINT NOT NULL,
    person  TEXT   NOT NULL
);

-- How fresh that is, in one row.
CREATE TABLE snapshot (
    server      TEXT   NOT NULL,
    usn         BIGINT NOT NULL,
    told        BIGINT,
    group_names TEXT   NOT NULL,
    full_pass   BIGINT,
    refreshed   BIGINT
);
INSERT INTO snapshot (server, usn, group_names) VALUES ('', 0, '');
