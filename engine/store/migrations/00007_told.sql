-- +goose Up
-- What lasts is told again after a while, and not before; in SQL that SQLite and
-- PostgreSQL both take.

-- When somebody was told last of something that lasts. card is "" where it is of
-- no one card. recipient is as the policy's rule says it, subject is what is the
-- same as long as it is the same thing: a certificate's fingerprint, a hash of
-- values.
CREATE TABLE told (
    card      TEXT   NOT NULL,
    event     TEXT   NOT NULL,
    recipient TEXT   NOT NULL,
    subject   TEXT   NOT NULL,
    at        BIGINT NOT NULL,
    PRIMARY KEY (card, event, recipient, subject)
);

-- A letter to somebody whom only the directory knows is closed when letters to
-- those whom it names have taken its place. SQLite changes no CHECK of a table
-- that is there.
CREATE TABLE outbox_with_closed (
    id        TEXT   PRIMARY KEY,
    card      TEXT   NOT NULL,
    recipient TEXT   NOT NULL,
    created   BIGINT NOT NULL,
    state     TEXT   NOT NULL CHECK (state IN ('waiting', 'sent', 'given up', 'closed')),
    due       BIGINT NOT NULL,
    tries     BIGINT NOT NULL,
    sent      BIGINT,
    reason    TEXT   NOT NULL,
    format    BIGINT NOT NULL CHECK (format > 0),
    notice    TEXT   NOT NULL
);
INSERT INTO outbox_with_closed (id, card, recipient, created, state, due, tries, sent, reason, format, notice)
SELECT id, card, recipient, created, state, due, tries, sent, reason, format, notice FROM outbox;
DROP TABLE outbox;
ALTER TABLE outbox_with_closed RENAME TO outbox;
CREATE INDEX outbox_waiting ON outbox (card, created) WHERE state = 'waiting';

-- The letters that tell one event.
CREATE INDEX outbox_event ON outbox (card, created);
