-- +goose Up
-- What the store refuses of the audit and its checkpoints, whoever asks. This
-- file is SQLite's own, as 00002 is. An INSERT OR REPLACE deletes without asking
-- a DELETE trigger unless recursive_triggers is on, so it is refused before the
-- insert: no row may take a number that is there, or any but the next one.

-- +goose StatementBegin
CREATE TRIGGER audit_keeps_words BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit is append-only: no row may be changed');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER audit_keeps_chain BEFORE INSERT ON audit
WHEN NEW.seq IS NOT (SELECT seq FROM audit_last)
    OR EXISTS (SELECT 1 FROM audit WHERE seq >= NEW.seq)
    OR NEW.n IS NOT (SELECT COALESCE(MAX(n), 0) + 1 FROM audit WHERE station = NEW.station)
    OR NEW.prev IS NOT COALESCE((SELECT hash FROM audit WHERE station = NEW.station AND n = NEW.n - 1),
        '0000000000000000000000000000000000000000000000000000000000000000')
    OR length(NEW.hash) <> 64 OR NEW.chain < 1
BEGIN
    SELECT RAISE(ABORT, 'the audit is append-only: a row may only follow the last one of its station''s chain');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER audit_last_counts BEFORE UPDATE ON audit_last
WHEN NEW.seq IS NOT OLD.seq + 1
BEGIN
    SELECT RAISE(ABORT, 'the audit is append-only: its rows are counted one by one');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER audit_last_stays BEFORE DELETE ON audit_last
BEGIN
    SELECT RAISE(ABORT, 'the audit is append-only: its rows stay counted');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER audit_last_is_one BEFORE INSERT ON audit_last
BEGIN
    SELECT RAISE(ABORT, 'the audit is append-only: its rows are counted once');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER checkpoints_keep_words BEFORE UPDATE ON checkpoints
BEGIN
    SELECT RAISE(ABORT, 'checkpoints are append-only: none may be changed');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER checkpoints_stay BEFORE DELETE ON checkpoints
BEGIN
    SELECT RAISE(ABORT, 'checkpoints are append-only: none may be deleted');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER checkpoints_follow BEFORE INSERT ON checkpoints
WHEN NEW.number IS NOT (SELECT COALESCE(MAX(number), 0) + 1 FROM checkpoints WHERE station = NEW.station)
    OR NOT EXISTS (SELECT 1 FROM audit WHERE station = NEW.station AND n = NEW.n AND seq = NEW.seq AND hash = NEW.hash)
BEGIN
    SELECT RAISE(ABORT, 'checkpoints are append-only: one may only follow the last one, and be of a row that is there');
END;
-- +goose StatementEnd
