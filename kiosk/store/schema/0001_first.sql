-- What a generation holds. Rows of a generation are written once, before the link `current` names it.
CREATE TABLE generations (
    number       INTEGER PRIMARY KEY CHECK (number > 0),
    made_at      TEXT NOT NULL,
    installed_bytes INTEGER NOT NULL CHECK (installed_bytes >= 0),
    served       INTEGER  -- rises with each time that one is served; null for one that never was
) STRICT;

CREATE TABLE packs (
    generation   INTEGER NOT NULL REFERENCES generations ON DELETE CASCADE,
    pack         TEXT NOT NULL,
    version      INTEGER NOT NULL CHECK (version > 0),
    titles       TEXT NOT NULL CHECK (json_valid(titles)),
    publisher    TEXT NOT NULL,
    licence      TEXT NOT NULL,
    size_bytes   INTEGER NOT NULL CHECK (size_bytes >= 0),
    head_sha256  TEXT NOT NULL,
    manifest_sha256 TEXT NOT NULL,
    PRIMARY KEY (generation, pack)
) STRICT, WITHOUT ROWID;

-- What a content root stands for; kept once, however many generations have it.
CREATE TABLE collections (
    collection   INTEGER PRIMARY KEY,
    content_root TEXT NOT NULL UNIQUE CHECK (length(content_root) = 64)
) STRICT;

CREATE TABLE entries (
    collection   INTEGER NOT NULL REFERENCES collections ON DELETE CASCADE,
    path         TEXT NOT NULL,
    type         TEXT NOT NULL,
    title        TEXT NOT NULL,
    size_bytes   INTEGER NOT NULL CHECK (size_bytes >= 0),
    sha256       BLOB NOT NULL CHECK (length(sha256) = 32),
    PRIMARY KEY (collection, path)
) STRICT, WITHOUT ROWID;

CREATE TABLE items (
    generation   INTEGER NOT NULL,
    pack         TEXT NOT NULL,
    item         TEXT NOT NULL,
    language     TEXT NOT NULL,
    kind         TEXT NOT NULL CHECK (kind IN ('course', 'document', 'notice', 'book')),
    title        TEXT NOT NULL,
    summary      TEXT NOT NULL,
    licence      TEXT NOT NULL,
    size_bytes   INTEGER NOT NULL CHECK (size_bytes >= 0),
    attributes   TEXT NOT NULL CHECK (json_valid(attributes)),
    collection   INTEGER NOT NULL REFERENCES collections,
    PRIMARY KEY (generation, pack, item, language),
    FOREIGN KEY (generation, pack) REFERENCES packs ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX items_by_kind ON items (generation, kind, language);
CREATE INDEX items_by_collection ON items (collection);

-- The board. A thread is a topic; its first post is written with it, in one transaction.
CREATE TABLE threads (
    thread       INTEGER PRIMARY KEY,
    title        TEXT NOT NULL CHECK (length(title) BETWEEN 1 AND 120),
    opened_at    TEXT NOT NULL,
    last_post_at TEXT NOT NULL
) STRICT;
CREATE INDEX threads_by_last_post ON threads (last_post_at DESC, thread DESC);

CREATE TABLE posts (
    post         INTEGER PRIMARY KEY,
    thread       INTEGER NOT NULL REFERENCES threads ON DELETE CASCADE,
    author       TEXT NOT NULL CHECK (length(author) BETWEEN 1 AND 40),
    body         TEXT NOT NULL CHECK (length(body) BETWEEN 1 AND 4000),
    written_at   TEXT NOT NULL
) STRICT;
CREATE INDEX posts_by_thread ON posts (thread, post);

-- Who may enter the console.
CREATE TABLE operators (
    name         TEXT PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 40),
    password_hash TEXT NOT NULL,
    must_change  INTEGER NOT NULL CHECK (must_change IN (0, 1)),
    changed_at   TEXT NOT NULL,
    sign_outs    INTEGER NOT NULL DEFAULT 0,  -- each ends the sessions that there were
    failures     INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
    locked_until TEXT
) STRICT, WITHOUT ROWID;

-- What happened: one row an event, read by the console.
CREATE TABLE events (
    event        INTEGER PRIMARY KEY,
    at           TEXT NOT NULL,
    kind         TEXT NOT NULL,
    detail       TEXT NOT NULL CHECK (json_valid(detail))
) STRICT;
CREATE INDEX events_by_kind ON events (kind, event DESC);
