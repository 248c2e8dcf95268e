-- Members of the cooperative, by the number that it gave them.
CREATE TABLE members (
    member       INTEGER PRIMARY KEY CHECK (member > 0),
    name         TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
    added_at     TEXT NOT NULL
) STRICT;

-- Printed cards. What is printed on one is made from its salt and a secret that is not in this database (store/cards.py).
CREATE TABLE cards (
    card         INTEGER PRIMARY KEY,
    member       INTEGER NOT NULL REFERENCES members ON DELETE CASCADE,
    salt         BLOB NOT NULL CHECK (length(salt) = 16),
    token_mark   BLOB NOT NULL UNIQUE CHECK (length(token_mark) = 32),
    code_mark    BLOB NOT NULL UNIQUE CHECK (length(code_mark) = 32),
    pin_hash     TEXT NOT NULL,
    issued_at    TEXT NOT NULL,
    revoked_at   TEXT,
    failures     INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),  -- wrong PINs on phones that the card does not know
    wait_until   TEXT
) STRICT;
CREATE INDEX cards_by_member ON cards (member);
CREATE UNIQUE INDEX cards_one_valid ON cards (member) WHERE revoked_at IS NULL;

-- The phones on which a card signed someone in. Each has its own count of wrong PINs.
CREATE TABLE card_phones (
    phone        INTEGER PRIMARY KEY,
    card         INTEGER NOT NULL REFERENCES cards ON DELETE CASCADE,
    phone_mark   BLOB NOT NULL CHECK (length(phone_mark) = 32),
    first_at     TEXT NOT NULL,
    last_at      TEXT NOT NULL,
    failures     INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
    wait_until   TEXT,
    UNIQUE (card, phone_mark)
) STRICT;
CREATE INDEX card_phones_by_mark ON card_phones (phone_mark);

-- Who is signed in. A phone that is forgotten takes its session with it.
CREATE TABLE sessions (
    session_mark BLOB PRIMARY KEY CHECK (length(session_mark) = 32),
    phone        INTEGER NOT NULL UNIQUE REFERENCES card_phones ON DELETE CASCADE,
    began_at     TEXT NOT NULL,
    seen_at      TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Which version of a members-only paper was read by whom, and when. Numbers of papers and versions are those of 0007.
CREATE TABLE readings (
    reading      INTEGER PRIMARY KEY,
    member       INTEGER NOT NULL REFERENCES members ON DELETE CASCADE,
    paper        INTEGER NOT NULL,
    version      INTEGER NOT NULL,
    read_at      TEXT NOT NULL
) STRICT;
CREATE INDEX readings_by_member ON readings (member, paper, version, read_at);
