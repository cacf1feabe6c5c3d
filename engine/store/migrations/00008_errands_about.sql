-- +goose Up
-- What an errand is about, where only errands about the same must stay in order:
-- the CA and the serial number of a revocation; '' otherwise. A CA that refuses
-- one certificate holds up no other.
ALTER TABLE errands ADD COLUMN about TEXT NOT NULL DEFAULT '';

-- Cards are looked for by the number printed on them.
CREATE INDEX cards_serial ON cards (serial);
