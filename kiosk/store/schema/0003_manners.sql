-- What an operator may change. Only what differs from the default has a row; names, rules and defaults: store/settings.py.
CREATE TABLE settings (
    key          TEXT PRIMARY KEY,
    value        TEXT NOT NULL CHECK (json_valid(value))
) STRICT, WITHOUT ROWID;

-- Bytes that arrived, by the day and hour of the kiosk's own time zone, and how long they took.
CREATE TABLE usage (
    day          TEXT NOT NULL CHECK (day GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
    hour         INTEGER NOT NULL CHECK (hour BETWEEN 0 AND 23),
    link         TEXT NOT NULL CHECK (link IN ('free', 'internet', 'metered')),
    bytes        INTEGER NOT NULL CHECK (bytes >= 0),
    milliseconds INTEGER NOT NULL CHECK (milliseconds >= 0),
    PRIMARY KEY (day, hour, link)
) STRICT, WITHOUT ROWID;

-- What an operator went back from: no sync may bring it again by itself. Version 0 stands for "not there".
CREATE TABLE holds (
    pack         TEXT PRIMARY KEY,
    refused      INTEGER NOT NULL CHECK (refused >= 0),
    kept         INTEGER NOT NULL CHECK (kept >= 0 AND kept <> refused),
    since        TEXT NOT NULL
) STRICT, WITHOUT ROWID;
