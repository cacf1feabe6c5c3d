-- +goose Up
-- What is left for agents, in SQL that SQLite and PostgreSQL both take. until is when
-- the lease of the agent ends that is at a running one. stands is the task, as the
-- domain writes it.
CREATE TABLE tasks (
    id      TEXT   PRIMARY KEY,
    card    TEXT   NOT NULL,
    state   TEXT   NOT NULL CHECK (state IN ('idle', 'running', 'completed', 'error')),
    created BIGINT NOT NULL,
    since   BIGINT NOT NULL,
    until   BIGINT,
    version BIGINT NOT NULL CHECK (version > 0),
    format  BIGINT NOT NULL CHECK (format > 0),
    stands  TEXT   NOT NULL
);
-- A card has one at most that is not completed.
CREATE UNIQUE INDEX tasks_open ON tasks (card) WHERE state <> 'completed';
CREATE INDEX tasks_since ON tasks (since) WHERE state = 'completed';
