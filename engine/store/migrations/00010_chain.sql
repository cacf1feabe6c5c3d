-- +goose Up
-- One hash chain per station; engine/chain.go says what is linked, and
-- docs/audit.md how. n counts the rows of a station, how tells how somebody
-- signed in, and chain is the format of the link. prev and hash are SHA-256 in
-- hexadecimal digits. The rows that are there already are chained by the next
-- migration, chainup.go.

ALTER TABLE audit ADD COLUMN how TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN n BIGINT NOT NULL DEFAULT 0;
ALTER TABLE audit ADD COLUMN chain BIGINT NOT NULL DEFAULT 0;
ALTER TABLE audit ADD COLUMN prev TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN hash TEXT NOT NULL DEFAULT '';

-- What each station has signed of its chain: see engine/checkpoint.go. key and
-- signature are in base64.
CREATE TABLE checkpoints (
    station   TEXT   NOT NULL,
    number    BIGINT NOT NULL CHECK (number > 0),
    n         BIGINT NOT NULL CHECK (n > 0),
    seq       BIGINT NOT NULL CHECK (seq > 0),
    hash      TEXT   NOT NULL,
    at        BIGINT NOT NULL,
    format    BIGINT NOT NULL CHECK (format > 0),
    key       TEXT   NOT NULL,
    signature TEXT   NOT NULL,
    PRIMARY KEY (station, number)
);

-- Up to which number rows and checkpoints of a station have arrived where they
-- are sent to, and until when it is whose turn to send. Nobody vouches for this
-- table: who sets it back sends twice, who sets it forward shows in the audit's
-- copies that lack rows.
CREATE TABLE departures (
    station     TEXT   NOT NULL,
    what        TEXT   NOT NULL,
    destination TEXT   NOT NULL,
    up_to       BIGINT NOT NULL,
    held        BIGINT,
    PRIMARY KEY (station, what, destination)
);
