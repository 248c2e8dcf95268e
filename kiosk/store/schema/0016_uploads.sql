-- Files on their way to this kiosk, piece by piece; the bytes that came lie in uploads/, each file named by its number.
CREATE TABLE uploads (
    upload       INTEGER PRIMARY KEY AUTOINCREMENT,  -- a number stands for the same file for ever
    who          TEXT NOT NULL,
    name         TEXT NOT NULL,                      -- of the file, where it comes from
    digest       BLOB NOT NULL CHECK (length(digest) = 32),  -- of the whole; see store/uploads.py
    size_bytes   INTEGER NOT NULL CHECK (size_bytes > 0),
    here_bytes   INTEGER NOT NULL DEFAULT 0 CHECK (here_bytes BETWEEN 0 AND size_bytes),  -- that are on the card
    title        TEXT NOT NULL,
    category     TEXT NOT NULL,
    language     TEXT NOT NULL,
    members_only INTEGER NOT NULL CHECK (members_only IN (0, 1)),
    of_paper     INTEGER REFERENCES papers,          -- becomes a version of it; null: a paper of its own
    touched_at   TEXT NOT NULL,                      -- when the last piece came
    became       INTEGER REFERENCES papers           -- null until it is whole
) STRICT;
CREATE UNIQUE INDEX uploads_once ON uploads (digest, coalesce(of_paper, 0)) WHERE became IS NULL;

-- Notices that operators write. The recordings of their texts lie in notices/.
CREATE TABLE own_notices (
    notice       INTEGER PRIMARY KEY AUTOINCREMENT,  -- a kept address never shows another notice
    starts       TEXT NOT NULL,
    ends         TEXT NOT NULL CHECK (ends >= starts),
    pinned       INTEGER NOT NULL CHECK (pinned IN (0, 1)),
    ended_at     TEXT  -- when an operator took it down before its last day
) STRICT;
CREATE TABLE own_notice_texts (
    notice       INTEGER NOT NULL REFERENCES own_notices,
    language     TEXT NOT NULL,
    title        TEXT NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
    text         TEXT NOT NULL CHECK (length(text) BETWEEN 1 AND 10000),
    sound        TEXT NOT NULL,     -- the name of a file, "" for none
    sound_bytes  INTEGER NOT NULL CHECK (sound_bytes >= 0),
    PRIMARY KEY (notice, language)
) STRICT, WITHOUT ROWID;
