-- A store as the kiosk of these formats left it; see TestFormerJournals in engine/store.
CREATE TABLE goose_db_version (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		version_id INTEGER NOT NULL,
		is_applied INTEGER NOT NULL,
		tstamp TIMESTAMP DEFAULT (datetime('now'))
	);
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
CREATE TABLE leases (
    card    TEXT   PRIMARY KEY,
    station TEXT   NOT NULL,
    fence   BIGINT NOT NULL CHECK (fence > 0),
    until   BIGINT
);
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
CREATE TABLE audit_last (seq BIGINT NOT NULL);
CREATE TRIGGER audit_keeps_rows BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit is append-only: no row may be deleted');
END;
CREATE TRIGGER audit_keeps_words BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit is append-only: no row may be changed');
END;
CREATE TABLE policies (
    hash TEXT PRIMARY KEY,
    text TEXT NOT NULL
);
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
    kind    TEXT   NOT NULL CHECK (kind IN ('publication', 'access', 'revocation')), about TEXT NOT NULL DEFAULT '',
    UNIQUE (card, seq)
);
CREATE INDEX errands_waiting ON errands (try_at) WHERE state = 'waiting';
CREATE TABLE people (
    user_id TEXT   PRIMARY KEY,
    seen    BIGINT NOT NULL,
    person  TEXT   NOT NULL
);
CREATE TABLE snapshot (
    server      TEXT   NOT NULL,
    usn         BIGINT NOT NULL,
    told        BIGINT,
    group_names TEXT   NOT NULL,
    full_pass   BIGINT,
    refreshed   BIGINT
);
CREATE TABLE due (
    next_expiry BIGINT NOT NULL,
    card        TEXT   NOT NULL,
    due         TEXT   NOT NULL,
    person      TEXT,
    PRIMARY KEY (next_expiry, card)
) WITHOUT ROWID;
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
CREATE TABLE told (
    card      TEXT   NOT NULL,
    event     TEXT   NOT NULL,
    recipient TEXT   NOT NULL,
    subject   TEXT   NOT NULL,
    at        BIGINT NOT NULL,
    PRIMARY KEY (card, event, recipient, subject)
);
CREATE TABLE "outbox" (
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
CREATE INDEX outbox_waiting ON outbox (card, created) WHERE state = 'waiting';
CREATE INDEX outbox_event ON outbox (card, created);
CREATE INDEX cards_serial ON cards (serial);
INSERT INTO goose_db_version (id, version_id, is_applied) VALUES (1, 0, 1);
INSERT INTO goose_db_version (id, version_id, is_applied) VALUES (2, 1, 1);
INSERT INTO goose_db_version (id, version_id, is_applied) VALUES (3, 2, 1);
INSERT INTO goose_db_version (id, version_id, is_applied) VALUES (4, 3, 1);
INSERT INTO goose_db_version (id, version_id, is_applied) VALUES (5, 4, 1);
INSERT INTO goose_db_version (id, version_id, is_applied) VALUES (6, 5, 1);
INSERT INTO goose_db_version (id, version_id, is_applied) VALUES (7, 6, 1);
INSERT INTO goose_db_version (id, version_id, is_applied) VALUES (8, 7, 1);
INSERT INTO goose_db_version (id, version_id, is_applied) VALUES (9, 8, 1);
INSERT INTO cards (id, serial, guid, model, user_id, user_name, state, policy, next_expiry, written, version, format, facts) VALUES ('c1', 'S-c1', '0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a', 'YubiKey 5.7.1', 'u-jana', 'Jana Nováková', 'pending', 'staff', 1773403200000000, 1741089600000000, 2, 1, '{"card":{"id":"c1","serial":"S-c1","guid":"0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a","model":"YubiKey 5.7.1"},"user":{"id":"u-jana","name":"Jana Nováková","logon":"jana","mail":"jana@example.test"},"state":"pending","policy":"staff","under":"h1","managed":[{"template":"logon","place":"9a","ca":"home","request":"q0","subject":"CN=Jana","issuer":"CN=CA","serial":"0a","notBefore":"2025-03-04T12:00:00Z","notAfter":"2026-03-13T12:00:00Z","fingerprint":"f0","public":"b2xkIGtleQ==","keyMade":"2025-03-04T12:00:00Z","attributes":{"mail":"jana@corp.test"},"revoked":{"serial":"0a","at":"2026-03-04T12:00:00Z","reason":"certificateHold"}},{"template":"team","place":"83","ca":"","request":"","subject":"","issuer":"","serial":"","notBefore":"0001-01-01T00:00:00Z","notAfter":"2027-03-04T12:00:00Z","fingerprint":"f3","public":null,"common":true}],"former":[{"template":"mail","place":"82","ca":"","request":"","subject":"","issuer":"","serial":"","notBefore":"0001-01-01T00:00:00Z","notAfter":"0001-01-01T00:00:00Z","fingerprint":"f2","public":null}],"tracked":[{"place":"9c","subject":"CN=Else","issuer":"CN=Other","serial":"0b","notBefore":"2026-03-04T12:00:00Z","notAfter":"2028-03-04T12:00:00Z","fingerprint":"f1","gone":"2026-03-04T12:00:00Z"}],"puk":"c2VhbGVk","written":"2025-03-04T12:00:00Z","access":true,"seen":{"at":"2026-03-04T12:00:00Z","outside":[{"place":"84","subject":"CN=New\t\\","issuer":"","serial":"","notBefore":"0001-01-01T00:00:00Z","notAfter":"2029-03-04T12:00:00Z","fingerprint":"f4"}],"missing":["f1"]}}');
INSERT INTO cards (id, serial, guid, model, user_id, user_name, state, policy, next_expiry, written, version, format, facts) VALUES ('of l1', 'S-of l1', '0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a', 'YubiKey 5.7.1', 'u-jana', 'Jana Nováková', 'issued', 'staff', NULL, 1772625600000000, 1, 1, '{"card":{"id":"of l1","serial":"S-of l1","guid":"0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a","model":"YubiKey 5.7.1"},"user":{"id":"u-jana","name":"Jana Nováková","logon":"jana","mail":"jana@example.test"},"state":"issued","policy":"staff","written":"2026-03-04T12:00:00Z"}');
INSERT INTO cards (id, serial, guid, model, user_id, user_name, state, policy, next_expiry, written, version, format, facts) VALUES ('of publish', 'S-of publish', '0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a', 'YubiKey 5.7.1', 'u-jana', 'Jana Nováková', 'issued', 'staff', NULL, 1772625600000000, 1, 1, '{"card":{"id":"of publish","serial":"S-of publish","guid":"0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a","model":"YubiKey 5.7.1"},"user":{"id":"u-jana","name":"Jana Nováková","logon":"jana","mail":"jana@example.test"},"state":"issued","policy":"staff","written":"2026-03-04T12:00:00Z"}');
INSERT INTO cards (id, serial, guid, model, user_id, user_name, state, policy, next_expiry, written, version, format, facts) VALUES ('c8', 'S-c8', '0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a', 'YubiKey 5.7.1', 'u-jana', 'Jana Nováková', 'issued', 'staff', NULL, 1772625600000000, 1, 1, '{"card":{"id":"c8","serial":"S-c8","guid":"0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a","model":"YubiKey 5.7.1"},"user":{"id":"u-jana","name":"Jana Nováková","logon":"jana","mail":"jana@example.test"},"state":"issued","policy":"staff","written":"2026-03-04T12:00:00Z"}');
INSERT INTO leases (card, station, fence, until) VALUES ('of l1', 'north', 1, NULL);
INSERT INTO leases (card, station, fence, until) VALUES ('of publish', 'north', 1, NULL);
INSERT INTO leases (card, station, fence, until) VALUES ('c8', 'north', 1, NULL);
INSERT INTO leases (card, station, fence, until) VALUES ('c1', 'north', 1, NULL);
INSERT INTO runs (id, card, user_id, who, station, fence, started, ended, ended_as, format, run) VALUES ('post l1', 'of l1', 'u-jana', 'olga', 'north', 1, 1772625600000000, 1772625600000000, 'finished', 3, '{"id":"post l1","actor":{"who":"olga","station":"north","mode":"operator"},"plan":{"format":3,"card":{"id":"of l1","serial":"S-of l1","guid":"0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a","model":"YubiKey 5.7.1"},"user":{"id":"u-jana","name":"Jana Nováková","logon":"jana","mail":"jana@example.test"},"policy":"staff","steps":[{"verb":"make key","place":"95","template":"logon"},{"verb":"check","place":"95"},{"verb":"record"}],"decided":1,"expects":null,"pinEntries":0,"touches":0},"started":"2026-03-04T12:00:00Z"}');
INSERT INTO runs (id, card, user_id, who, station, fence, started, ended, ended_as, format, run) VALUES ('send publish', 'of publish', 'u-jana', 'olga', 'north', 1, 1772625600000000, 1772625600000000, 'finished', 3, '{"id":"send publish","actor":{"who":"olga","station":"north","mode":"operator"},"plan":{"format":3,"card":{"id":"of publish","serial":"S-of publish","guid":"0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a","model":"YubiKey 5.7.1"},"user":{"id":"u-jana","name":"Jana Nováková","logon":"jana","mail":"jana@example.test"},"policy":"staff","steps":[{"verb":"make key","place":"95","template":"logon"},{"verb":"check","place":"95"},{"verb":"record"}],"decided":1,"expects":null,"pinEntries":0,"touches":0},"started":"2026-03-04T12:00:00Z"}');
INSERT INTO runs (id, card, user_id, who, station, fence, started, ended, ended_as, format, run) VALUES ('r8', 'c8', 'u-jana', 'olga', 'north', 1, 1772625600000000, 1772625600000000, 'taken back', 3, '{"id":"r8","actor":{"who":"olga","station":"north","mode":"operator"},"plan":{"format":3,"card":{"id":"c8","serial":"S-c8","guid":"0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a","model":"YubiKey 5.7.1"},"user":{"id":"u-jana","name":"Jana Nováková","logon":"jana","mail":"jana@example.test"},"policy":"staff","steps":[{"verb":"make key","place":"95","template":"logon"},{"verb":"check","place":"95"},{"verb":"record"}],"decided":1,"expects":null,"pinEntries":0,"touches":0},"started":"2026-03-04T12:00:00Z"}');
INSERT INTO runs (id, card, user_id, who, station, fence, started, ended, ended_as, format, run) VALUES ('0123456789abcdef0123456789abcdef', 'c1', 'u-jana', 'olga', 'north', 1, 1772625600000000, NULL, NULL, 3, '{"id":"0123456789abcdef0123456789abcdef","actor":{"who":"olga","station":"north","mode":"operator"},"plan":{"format":3,"card":{"id":"c1","serial":"S-c1","guid":"0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a","model":"YubiKey 5.7.1"},"user":{"id":"u-jana","name":"Jana Nováková","logon":"jana","mail":"jana@example.test"},"policy":"staff","from":"issued","steps":[{"verb":"prove card","place":"9a","public":"b2xkIGtleQ=="},{"verb":"make key","place":"95","template":"logon","key":{"type":"p256","pin":"once","touch":"cached"}},{"verb":"ask CA","place":"95","template":"logon","ask":{"ca":"home","profile":"logon","subject":[{"type":"CN","value":"Jana Nováková"}],"san":[{"kind":"upn","value":"jana@corp.test"}],"usage":["digitalSignature"],"extended":["smartcardLogon"],"sid":"S-1-5-21-1-2-3-1104","validDays":365,"renews":{"certificate":"b2xk","by":"Ynk=","place":"9a","touch":true},"hold":true},"touch":true},{"verb":"ask approval","place":"9d","template":"mail","ask":{"ca":"home","profile":"logon","subject":[{"type":"CN","value":"Jana Nováková"}],"san":[{"kind":"upn","value":"jana@corp.test"}],"usage":["digitalSignature"],"extended":["smartcardLogon"],"sid":"S-1-5-21-1-2-3-1104","validDays":365,"renews":{"certificate":"b2xk","by":"Ynk=","place":"9a","touch":true},"hold":true},"public":"b2xkIGtleQ=="},{"verb":"set PIN"},{"verb":"set PUK"},{"verb":"block PUK"},{"verb":"set administration key"},{"verb":"write CHUID"},{"verb":"write card capabilities"},{"verb":"move key","place":"94","from":"9a","public":"b2xkIGtleQ=="},{"verb":"write certificate","place":"82","template":"mail","certificate":"b2xkIGNlcnRpZmljYXRl"},{"verb":"check","place":"82","template":"mail","encrypts":true},{"verb":"write key history","count":1},{"verb":"remove certificate","place":"9e","template":"door"},{"verb":"remove key","place":"9e"},{"verb":"record"}],"decided":4,"expects":[{"place":"9a","certificate":"f0","public":"b2xkIGtleQ=="},{"place":"9e","unreadable":true}],"goes":[{"place":"9e","title":"door","why":"cleared","keyToo":true,"history":true}],"comes":[{"place":"9a","template":"logon","ca":"home","how":"staged","replaces":"2026-03-13T12:00:00Z"}],"stays":[{"place":"9c","title":"CN=Else","group":"tracked"}],"tracks":[{"place":"9c","subject":"CN=Else","issuer":"CN=Other","serial":"0b","notBefore":"2026-03-04T12:00:00Z","notAfter":"2028-03-04T12:00:00Z","fingerprint":"f1"}],"setup":["PIN","PUK sealed"],"tracking":true,"told":[{"event":"update approved","to":["user","group:CN=a"]}],"pinEntries":2,"touches":1},"started":"2026-03-04T12:00:00Z"}');
INSERT INTO notes (run, seq, note) VALUES ('post l1', 1, '{"step":2,"kind":"done","at":"2026-03-04T12:00:00.002469134Z"}');
INSERT INTO notes (run, seq, note) VALUES ('send publish', 1, '{"step":2,"kind":"done","at":"2026-03-04T12:00:00.002469134Z"}');
INSERT INTO notes (run, seq, note) VALUES ('r8', 1, '{"step":0,"kind":"begun","at":"2026-03-04T12:00:00Z"}');
INSERT INTO notes (run, seq, note) VALUES ('r8', 2, '{"step":0,"undo":true,"kind":"begun","at":"2026-03-04T12:00:00Z"}');
INSERT INTO notes (run, seq, note) VALUES ('r8', 3, '{"step":0,"undo":true,"kind":"done","at":"2026-03-04T12:00:00Z","data":{"watch":true}}');
INSERT INTO notes (run, seq, note) VALUES ('r8', 4, '{"step":1,"undo":true,"kind":"done","at":"2026-03-04T12:00:00Z"}');
INSERT INTO notes (run, seq, note) VALUES ('0123456789abcdef0123456789abcdef', 1, '{"step":0,"kind":"begun","at":"2026-03-04T12:00:01Z"}');
INSERT INTO notes (run, seq, note) VALUES ('0123456789abcdef0123456789abcdef', 2, '{"step":0,"kind":"done","at":"2026-03-04T12:00:02Z"}');
INSERT INTO notes (run, seq, note) VALUES ('0123456789abcdef0123456789abcdef', 3, '{"step":1,"kind":"begun","at":"2026-03-04T12:00:02Z"}');
INSERT INTO notes (run, seq, note) VALUES ('0123456789abcdef0123456789abcdef', 4, '{"step":1,"kind":"done","at":"2026-03-04T12:00:03Z","data":{"public":"bmV3IGtleQ=="}}');
INSERT INTO notes (run, seq, note) VALUES ('0123456789abcdef0123456789abcdef', 5, '{"step":2,"kind":"begun","at":"2026-03-04T12:00:03Z","data":{"request":"q1"}}');
INSERT INTO notes (run, seq, note) VALUES ('0123456789abcdef0123456789abcdef', 6, '{"step":2,"kind":"held","at":"2026-03-04T12:04:00Z","data":{"words":"wartet auf Žofie"}}');
INSERT INTO notes (run, seq, note) VALUES ('0123456789abcdef0123456789abcdef', 7, '{"step":3,"kind":"begun","at":"2026-03-04T12:04:00Z","data":{"request":"q2"}}');
INSERT INTO notes (run, seq, note) VALUES ('0123456789abcdef0123456789abcdef', 8, '{"step":3,"kind":"held","at":"2026-03-04T12:05:00Z"}');
INSERT INTO notes (run, seq, note) VALUES ('0123456789abcdef0123456789abcdef', 9, '{"step":16,"kind":"rested","at":"2026-03-04T12:05:00Z"}');
INSERT INTO outbox (id, card, recipient, created, state, due, tries, sent, reason, format, notice) VALUES ('l1', 'c0', 'jana@example.test', 1772625600000000, 'waiting', 1772625600000000, 0, NULL, '', 1, '{"event":"update done","user":{"id":"u-jana","name":"Jana Nováková","logon":"jana","mail":"jana@example.test"},"card":{"id":"c0","serial":"S-c0","guid":"0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a","model":"YubiKey 5.7.1"},"run":"r0","actor":{"who":"olga","station":"north","mode":"operator"},"at":"2026-03-04T12:00:00Z","first":true,"written":[{"template":"logon","place":"9a","ca":"home","request":"q0","subject":"CN=Jana","issuer":"CN=CA","serial":"0a","notBefore":"2025-03-04T12:00:00Z","notAfter":"2026-03-13T12:00:00Z","fingerprint":"f0","public":"b2xkIGtleQ=="}],"removed":[{"place":"9e","title":"door","why":"cleared","keyToo":true,"history":true}],"kept":[{"place":"9c","title":"CN=Else","group":"tracked"}]}');
INSERT INTO audit (seq, at, who, station, mode, act, card, user_id, run, result, detail) VALUES (1, 1772625600000000, 'olga', 'north', 'operator', 'update card', 'c1', 'u-jana', '', 'done', '');
INSERT INTO audit (seq, at, who, station, mode, act, card, user_id, run, result, detail) VALUES (2, 1772625600000000, 'olga', 'north', 'operator', 'update card', 'of l1', 'u-jana', 'post l1', 'done', '');
INSERT INTO audit (seq, at, who, station, mode, act, card, user_id, run, result, detail) VALUES (3, 1772625600000000, 'olga', 'north', 'operator', 'update card', 'of publish', 'u-jana', 'send publish', 'done', '');
INSERT INTO audit (seq, at, who, station, mode, act, card, user_id, run, result, detail) VALUES (4, 1772625600000000, 'olga', 'north', 'operator', 'update card', 'c8', 'u-jana', 'r8', 'done', '');
INSERT INTO audit (seq, at, who, station, mode, act, card, user_id, run, result, detail) VALUES (5, 1772625600000000, 'olga', 'north', 'operator', 'update card', 'c1', 'u-jana', '0123456789abcdef0123456789abcdef', 'done', '');
INSERT INTO audit_last (seq) VALUES (5);
INSERT INTO policies (hash, text) VALUES ('h1', '{"name":"staff"}');
INSERT INTO errands (id, card, seq, user_id, run, created, state, due, try_at, tries, done, reason, format, deed, kind, about) VALUES ('publish', 'c9', 1, 'u-jana', 'r1', 1772625600000000, 'waiting', 1772625600000000, 1772625600000000, 0, NULL, '', 1, '{"publication":{"add":["AQI="],"prune":["f0"],"bind":["X509:\u003cI\u003ea"],"unbind":["X509:\u003cI\u003eb"]}}', 'publication', '');
INSERT INTO errands (id, card, seq, user_id, run, created, state, due, try_at, tries, done, reason, format, deed, kind, about) VALUES ('tell', 'c9', 2, 'u-jana', 'r1', 1772625600000000, 'waiting', 1772625660000000, 1772625660000000, 0, NULL, '', 1, '{"access":{"key":"r1/9","event":"register","at":"2026-03-04T12:00:00Z","card":{"id":"c9","serial":"S-c9","guid":"0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a","model":"YubiKey 5.7.1"},"user":{"id":"u-jana","name":"Jana Nováková","logon":"jana","mail":"jana@example.test"},"certificates":[{"template":"logon","place":"","ca":"","request":"","subject":"","issuer":"","serial":"","notBefore":"0001-01-01T00:00:00Z","notAfter":"0001-01-01T00:00:00Z","fingerprint":"","public":null}]}}', 'access', '');
INSERT INTO errands (id, card, seq, user_id, run, created, state, due, try_at, tries, done, reason, format, deed, kind, about) VALUES ('revoke', 'c9', 3, 'u-jana', 'r1', 1772625600000000, 'waiting', 1772625720000000, 1772625720000000, 0, NULL, '', 1, '{"revoke":{"ca":"home","serial":"0a","reason":"superseded"}}', 'revocation', 'home 0a');
INSERT INTO people (user_id, seen, person) VALUES ('u-jana', 1772625600000000, '1	1	u-jana	CN=Jana\\, Dr.,DC=corp	Jana Nováková	jana	jana@example.test	jana@corp.test	S-1-5-21-1	1	1	CN=a	1	title	2	Dr.	\t	');
INSERT INTO snapshot (server, usn, told, group_names, full_pass, refreshed) VALUES ('dc1', 7, 1772625600000000, 'h2', 1772625600000000, 1772625660000000);
INSERT INTO due (next_expiry, card, due, person) VALUES (1773403200000000, 'c1', '1	c1	S-c1	0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a	YubiKey 5.7.1	u-jana	Jana Nováková	jana	jana@example.test	pending	staff	h1	1741089600000000	1	2	logon	9a	home	0a	1741089600000000	1773403200000000	f0		1	mail	jana@corp.test	1	0a	1772625600000000	certificateHold	team	83				1804161600000000	f3	1	0		1	9c	CN=Else	1835784000000000	f1		1772625600000000	1772625600000000	1	84	CN=New\t\\	1867320000000000	f4			1	f1	', '1	1	u-jana	CN=Jana\\, Dr.,DC=corp	Jana Nováková	jana	jana@example.test	jana@corp.test	S-1-5-21-1	1	1	CN=a	1	title	2	Dr.	\t	');
INSERT INTO due (next_expiry, card, due, person) VALUES (9223372036854775807, 'c8', '1	c8	S-c8	0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a	YubiKey 5.7.1	u-jana	Jana Nováková	jana	jana@example.test	issued	staff		1772625600000000		0	0		0	0	', '1	1	u-jana	CN=Jana\\, Dr.,DC=corp	Jana Nováková	jana	jana@example.test	jana@corp.test	S-1-5-21-1	1	1	CN=a	1	title	2	Dr.	\t	');
INSERT INTO due (next_expiry, card, due, person) VALUES (9223372036854775807, 'of l1', '1	of l1	S-of l1	0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a	YubiKey 5.7.1	u-jana	Jana Nováková	jana	jana@example.test	issued	staff		1772625600000000		0	0		0	0	', '1	1	u-jana	CN=Jana\\, Dr.,DC=corp	Jana Nováková	jana	jana@example.test	jana@corp.test	S-1-5-21-1	1	1	CN=a	1	title	2	Dr.	\t	');
INSERT INTO due (next_expiry, card, due, person) VALUES (9223372036854775807, 'of publish', '1	of publish	S-of publish	0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a	YubiKey 5.7.1	u-jana	Jana Nováková	jana	jana@example.test	issued	staff		1772625600000000		0	0		0	0	', '1	1	u-jana	CN=Jana\\, Dr.,DC=corp	Jana Nováková	jana	jana@example.test	jana@corp.test	S-1-5-21-1	1	1	CN=a	1	title	2	Dr.	\t	');
INSERT INTO requests (id, card, run, seq, state, watched, orphan, last, next, taken, version, format, stands) VALUES ('q8', 'c8', 'r8', 0, 'pending', 1, '0c', 1, 1772629800000000, NULL, 1, 1, '{"ID":"q8","CA":"home","Card":{"id":"c8","serial":"S-c8","guid":"0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a","model":"YubiKey 5.7.1"},"User":{"id":"u-jana","name":"Jana Nováková","logon":"jana","mail":"jana@example.test"},"Run":"r8","Template":"logon","Place":"9a","Actor":{"who":"olga","station":"north","mode":"operator"},"Approval":false,"Works":true,"State":"pending","Words":"Waits\tfor Žofie","Asked":"2026-03-04T12:00:00Z","Decided":"2026-03-04T12:08:00Z","Certificate":"bGF0ZQ==","Ends":"2026-03-13T12:00:00Z","Tell":[{"event":"update approved","to":["user","boss@corp.test"]}],"Trouble":"","Silent":"0001-01-01T00:00:00Z","Watched":true,"Orphan":"0c","Escalated":"0001-01-01T00:00:00Z","Tries":0,"Next":"2026-03-04T13:10:00Z","Version":0}');
INSERT INTO requests (id, card, run, seq, state, watched, orphan, last, next, taken, version, format, stands) VALUES ('q1', 'c1', '0123456789abcdef0123456789abcdef', 0, 'pending', 0, '', 1, 1772629200000000, NULL, 1, 1, '{"ID":"q1","CA":"home","Card":{"id":"c1","serial":"S-c1","guid":"0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a","model":"YubiKey 5.7.1"},"User":{"id":"u-jana","name":"Jana Nováková","logon":"jana","mail":"jana@example.test"},"Run":"0123456789abcdef0123456789abcdef","Template":"logon","Place":"9a","Actor":{"who":"olga","station":"north","mode":"operator"},"Approval":false,"Works":true,"State":"pending","Words":"Waits\tfor Žofie","Asked":"2026-03-04T12:00:00Z","Decided":"0001-01-01T00:00:00Z","Certificate":null,"Ends":"2026-03-13T12:00:00Z","Tell":[{"event":"update approved","to":["user","boss@corp.test"]}],"Trouble":"","Silent":"0001-01-01T00:00:00Z","Watched":false,"Orphan":"","Escalated":"0001-01-01T00:00:00Z","Tries":0,"Next":"2026-03-04T13:00:00Z","Version":0}');
INSERT INTO requests (id, card, run, seq, state, watched, orphan, last, next, taken, version, format, stands) VALUES ('q2', 'c1', '0123456789abcdef0123456789abcdef', 1, 'pending', 0, '', 1, 1772629260000000, NULL, 1, 1, '{"ID":"q2","CA":"home","Card":{"id":"c1","serial":"S-c1","guid":"0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a","model":"YubiKey 5.7.1"},"User":{"id":"u-jana","name":"Jana Nováková","logon":"jana","mail":"jana@example.test"},"Run":"0123456789abcdef0123456789abcdef","Template":"mail","Place":"9d","Actor":{"who":"olga","station":"north","mode":"operator"},"Approval":true,"Works":true,"State":"pending","Words":"Waits\tfor Žofie","Asked":"2026-03-04T12:00:00Z","Decided":"0001-01-01T00:00:00Z","Certificate":null,"Ends":"2026-03-13T12:00:00Z","Tell":[{"event":"update approved","to":["user","boss@corp.test"]}],"Trouble":"the CA is away","Silent":"2026-03-04T12:06:00Z","Watched":false,"Orphan":"","Escalated":"2026-03-04T12:07:00Z","Tries":2,"Next":"2026-03-04T13:01:00Z","Version":0}');
