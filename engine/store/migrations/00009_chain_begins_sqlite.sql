-- +goose Up
-- The rows that are there already are about to be chained, so for a moment they
-- may be written. 00012 shuts the audit again. This file is SQLite's own, as
-- 00002 is.
DROP TRIGGER audit_keeps_words;
