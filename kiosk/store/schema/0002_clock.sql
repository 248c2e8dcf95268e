-- What was last accepted of each role of the repository, since files of a client may be torn by a power cut: its
-- version is a floor while the keys that signed it still count.
CREATE TABLE trust_accepted (
    role         TEXT PRIMARY KEY,
    version      INTEGER NOT NULL CHECK (version > 0),
    sha256       TEXT NOT NULL CHECK (length(sha256) = 64),
    signers      TEXT NOT NULL CHECK (json_valid(signers))
) STRICT, WITHOUT ROWID;

-- Every root that was accepted, from the one put in by hand.
CREATE TABLE trust_roots (
    version      INTEGER PRIMARY KEY CHECK (version > 0),
    sha256       TEXT NOT NULL CHECK (length(sha256) = 64)
) STRICT;

-- The heads that the last refresh gave out: what a pack stays at while its channel can not be had.
CREATE TABLE trust_heads (
    pack         TEXT PRIMARY KEY,
    channel      TEXT NOT NULL,
    sha256       TEXT NOT NULL CHECK (length(sha256) = 64),
    size_bytes   INTEGER NOT NULL CHECK (size_bytes > 0)
) STRICT, WITHOUT ROWID;

-- What is known of the time (kiosk/clock.py, Memory), and until when the accepted metadata is good. One row.
CREATE TABLE clock (
    one          INTEGER PRIMARY KEY CHECK (one = 1),
    agreed       TEXT NOT NULL,
    signed       TEXT NOT NULL,
    saved        TEXT NOT NULL,
    guess        TEXT NOT NULL,
    fresh_until  TEXT
) STRICT;
