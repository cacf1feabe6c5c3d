-- +goose Up
-- The requests that CAs hold, or held, in SQL that SQLite and PostgreSQL both
-- take. stands is the request, as the domain writes it. next is when its CA is
-- asked again, NULL for never; taken is until when somebody is at it. last is 1 for
-- those of the card's last update that waited.
CREATE TABLE requests (
    id      TEXT   PRIMARY KEY,
    card    TEXT   NOT NULL,
    run     TEXT   NOT NULL,
    seq     BIGINT NOT NULL,
    state   TEXT   NOT NULL CHECK (state IN ('pending', 'approved', 'rejected', 'issued', 'withdrawn')),
    watched BIGINT NOT NULL CHECK (watched IN (0, 1)),
    orphan  TEXT   NOT NULL,
    last    BIGINT NOT NULL CHECK (last IN (0, 1)),
    next    BIGINT,
    taken   BIGINT,
    version BIGINT NOT NULL CHECK (version > 0),
    format  BIGINT NOT NULL CHECK (format > 0),
    stands  TEXT   NOT NULL
);
CREATE INDEX requests_card ON requests (card, seq);
CREATE INDEX requests_next ON requests (next) WHERE next IS NOT NULL;
CREATE INDEX requests_orphans ON requests (id) WHERE orphan <> '';
