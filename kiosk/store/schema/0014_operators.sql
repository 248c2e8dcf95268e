-- An operator is an editor or a manager; one who is shut out keeps the name, so that the list of acts stays true.
ALTER TABLE operators ADD COLUMN rights TEXT NOT NULL DEFAULT 'manager' CHECK (rights IN ('editor', 'manager'));
ALTER TABLE operators ADD COLUMN shut_out INTEGER NOT NULL DEFAULT 0 CHECK (shut_out IN (0, 1));
ALTER TABLE operators ADD COLUMN signed_in_at TEXT;
ALTER TABLE operators DROP COLUMN failures;
ALTER TABLE operators DROP COLUMN locked_until;

-- How often a name was tried in vain, whether there is such an operator or not; `name` is 24 bits of its hash, as
-- people type passwords into the wrong field.
CREATE TABLE guesses (
    name         INTEGER PRIMARY KEY,
    failures     INTEGER NOT NULL CHECK (failures > 0),
    locked_until TEXT,
    counted      INTEGER NOT NULL UNIQUE  -- grows with each guess: the oldest make room
) STRICT;

-- Failed logins, for operators to see: by day (UTC) and operator; '' stands for all names that are nobody's.
CREATE TABLE failed_logins (
    day          TEXT NOT NULL,
    name         TEXT NOT NULL,
    failures     INTEGER NOT NULL CHECK (failures >= 0),
    PRIMARY KEY (day, name)
) STRICT, WITHOUT ROWID;

-- What operators did: who, when, which kind of act, and to what.
CREATE TABLE audit (
    act          INTEGER PRIMARY KEY,
    at           TEXT NOT NULL,
    who          TEXT NOT NULL,
    kind         TEXT NOT NULL,
    detail       TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_who ON audit (who, act DESC);
