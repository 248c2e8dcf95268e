-- Spoken names of the tiles on the first page, for languages that are not written. The bytes lie in recordings/, by hash.
CREATE TABLE recordings (
    tile         TEXT NOT NULL,
    language     TEXT NOT NULL,
    name         TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 40),  -- of the language, as its speakers call it
    sha256       BLOB NOT NULL CHECK (length(sha256) = 32),
    type         TEXT NOT NULL,
    size_bytes   INTEGER NOT NULL CHECK (size_bytes > 0),
    added_at     TEXT NOT NULL,
    PRIMARY KEY (tile, language)
) STRICT, WITHOUT ROWID;
