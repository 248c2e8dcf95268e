-- What was read in the bytes of papers, whichever document or version has them. A paper nobody can read has a row too.
CREATE TABLE paper_facts (
    sha256       BLOB PRIMARY KEY CHECK (length(sha256) = 32),
    pages        INTEGER CHECK (pages > 0),  -- null: not known, or it has none
    picture      TEXT NOT NULL,              -- the name of a file in pictures/, "" for none
    seen_at      TEXT NOT NULL,              -- when these bytes came to this kiosk
    letters      INTEGER NOT NULL CHECK (letters >= 0),
    text         TEXT NOT NULL               -- of so many letters; last, since it is long and seldom asked for
) STRICT;

-- Papers that were added here. A paper is its versions; the newest is what it is called by.
CREATE TABLE papers (
    paper        INTEGER PRIMARY KEY,
    category     TEXT NOT NULL,
    language     TEXT NOT NULL,
    members_only INTEGER NOT NULL CHECK (members_only IN (0, 1)),
    withdrawn_at TEXT
) STRICT;

CREATE TABLE paper_versions (
    paper        INTEGER NOT NULL REFERENCES papers,
    version      INTEGER NOT NULL CHECK (version > 0),
    title        TEXT NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
    added_at     TEXT NOT NULL,
    sha256       BLOB NOT NULL CHECK (length(sha256) = 32),
    type         TEXT NOT NULL,
    size_bytes   INTEGER NOT NULL CHECK (size_bytes >= 0),
    PRIMARY KEY (paper, version)
) STRICT;
CREATE INDEX paper_versions_by_sha256 ON paper_versions (sha256);

-- Minutes and accounts: what was put before members stays as it was.
CREATE TRIGGER paper_versions_stay BEFORE UPDATE ON paper_versions BEGIN SELECT raise(ABORT, 'versions of papers stay'); END;
CREATE TRIGGER paper_versions_remain BEFORE DELETE ON paper_versions BEGIN SELECT raise(ABORT, 'versions of papers stay'); END;
