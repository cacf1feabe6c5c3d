-- +goose Up
-- What tells whether a card is due, once more beside its record: a row that is
-- quickly taken apart, the person with it, lying on the disk in the order in
-- which they are read (WITHOUT ROWID, so this file is SQLite's own). due and
-- person are packed; see duerow.go and personrow.go. next_expiry is that of the
-- card, or the greatest BIGINT where it has none: such cards come last. Rows are
-- filled in by the next migration, fill.go.
CREATE TABLE due (
    next_expiry BIGINT NOT NULL,
    card        TEXT   NOT NULL,
    due         TEXT   NOT NULL,
    person      TEXT,
    PRIMARY KEY (next_expiry, card)
) WITHOUT ROWID;

-- The table above is searched instead.
DROP INDEX cards_next_expiry;
