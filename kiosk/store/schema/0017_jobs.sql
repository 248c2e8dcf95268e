-- What the channels offered at the last look, so that the console can tell what it costs before anything is fetched.
CREATE TABLE offers (
    pack         TEXT PRIMARY KEY,
    version      INTEGER NOT NULL CHECK (version > 0),
    channel      TEXT NOT NULL,
    kinds        TEXT NOT NULL CHECK (json_valid(kinds)),
    installed_bytes INTEGER NOT NULL CHECK (installed_bytes >= 0),
    full_bytes   INTEGER NOT NULL CHECK (full_bytes >= 0),
    start        INTEGER NOT NULL CHECK (start >= 0),  -- the version that was installed then; 0: none
    start_bytes  INTEGER NOT NULL CHECK (start_bytes >= 0)  -- what it takes to come from there
) STRICT, WITHOUT ROWID;

-- How far the sync is that runs now: one row, which says nothing when nobody holds the lock of syncs.
CREATE TABLE transfer (
    one          INTEGER PRIMARY KEY CHECK (one = 1),
    began        TEXT NOT NULL,
    at           TEXT NOT NULL,
    step         TEXT NOT NULL CHECK (step IN ('look', 'fetch', 'install')),
    pack         TEXT NOT NULL,
    done_bytes   INTEGER NOT NULL CHECK (done_bytes >= 0),
    total_bytes  INTEGER NOT NULL CHECK (total_bytes >= done_bytes)
) STRICT;
