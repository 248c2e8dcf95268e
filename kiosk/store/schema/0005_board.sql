-- The board's sections. Those that come with the kiosk have no title: their words are translated.
CREATE TABLE sections (
    section      TEXT PRIMARY KEY CHECK (length(section) BETWEEN 1 AND 40),
    position     INTEGER NOT NULL,
    title        TEXT CHECK (length(title) BETWEEN 1 AND 40),
    sells        INTEGER NOT NULL DEFAULT 0 CHECK (sells IN (0, 1)),  -- its threads have a price, a place and an end
    members_only INTEGER NOT NULL DEFAULT 0 CHECK (members_only IN (0, 1))
) STRICT, WITHOUT ROWID;
INSERT INTO sections (section, position, sells) VALUES
    ('market', 1, 1), ('questions', 2, 0), ('good-practice', 3, 0), ('talk', 4, 0);

-- Threads: `level` is 2 for pinned ones, 1 for others, 0 for those whose day has passed; `last_post` orders them, since
-- the clock of a kiosk may jump and numbers do not; `posts` counts those that anyone may read.
ALTER TABLE threads ADD COLUMN section TEXT NOT NULL DEFAULT 'talk';
ALTER TABLE threads ADD COLUMN last_post INTEGER NOT NULL DEFAULT 0;
ALTER TABLE threads ADD COLUMN posts INTEGER NOT NULL DEFAULT 0 CHECK (posts >= 0);
ALTER TABLE threads ADD COLUMN level INTEGER NOT NULL DEFAULT 1 CHECK (level BETWEEN 0 AND 2);
ALTER TABLE threads ADD COLUMN closed INTEGER NOT NULL DEFAULT 0 CHECK (closed IN (0, 1));
ALTER TABLE threads ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0 CHECK (hidden IN (0, 1));
ALTER TABLE threads ADD COLUMN price TEXT CHECK (length(price) BETWEEN 1 AND 40);
ALTER TABLE threads ADD COLUMN place TEXT CHECK (length(place) BETWEEN 1 AND 60);
ALTER TABLE threads ADD COLUMN ends TEXT CHECK (ends GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]');
UPDATE threads SET (last_post, posts) =
    (SELECT coalesce(max(post), 0), count(*) FROM posts WHERE posts.thread = threads.thread);
DROP INDEX threads_by_last_post;
CREATE INDEX threads_in_order ON threads (hidden, level, last_post, section);
CREATE INDEX threads_by_section ON threads (hidden, section, level, last_post);
CREATE INDEX threads_to_sink ON threads (ends) WHERE ends IS NOT NULL AND level = 1;

-- Posts: `phone` is a keyed hash, kept as long as that phone may change the post; `send` makes a double tap one post;
-- `judged` when an operator has looked, so that reports hide it no more.
ALTER TABLE posts ADD COLUMN phone TEXT CHECK (length(phone) = 32);
ALTER TABLE posts ADD COLUMN send TEXT CHECK (length(send) BETWEEN 16 AND 64);
ALTER TABLE posts ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0 CHECK (hidden IN (0, 1));
ALTER TABLE posts ADD COLUMN removed INTEGER NOT NULL DEFAULT 0 CHECK (removed IN (0, 1));
ALTER TABLE posts ADD COLUMN judged INTEGER NOT NULL DEFAULT 0 CHECK (judged IN (0, 1));
ALTER TABLE posts ADD COLUMN edited_at TEXT;
CREATE UNIQUE INDEX posts_by_send ON posts (send) WHERE send IS NOT NULL;
CREATE INDEX posts_with_phone ON posts (written_at) WHERE phone IS NOT NULL;

-- What visitors report: one a phone and post. The phone's hash goes when an operator has looked.
CREATE TABLE reports (
    report       INTEGER PRIMARY KEY,
    post         INTEGER NOT NULL REFERENCES posts ON DELETE CASCADE,
    reason       TEXT NOT NULL CHECK (reason IN ('rude', 'fraud', 'private', 'false', 'other')),
    at           TEXT NOT NULL,
    phone        TEXT CHECK (length(phone) = 32),
    settled      INTEGER NOT NULL DEFAULT 0 CHECK (settled IN (0, 1))
) STRICT;
CREATE UNIQUE INDEX reports_by_post ON reports (post, phone);
CREATE INDEX reports_to_see ON reports (post) WHERE settled = 0;

-- What was done to the board, by whom and why. `who` is an operator's name, or 'reports'.
CREATE TABLE acts (
    act          INTEGER PRIMARY KEY,
    at           TEXT NOT NULL,
    who          TEXT NOT NULL,
    kind         TEXT NOT NULL,
    thread       INTEGER NOT NULL REFERENCES threads ON DELETE CASCADE,
    post         INTEGER REFERENCES posts ON DELETE CASCADE,
    why          TEXT NOT NULL
) STRICT;

-- How much a phone or an address has sent of late: the second (Unix time) from which it counts as rested.
CREATE TABLE limits (
    sender       TEXT PRIMARY KEY,
    rested_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX limits_by_rest ON limits (rested_at);

-- Posts that may be read now: by anyone, or by members where `members_only` is 1.
CREATE VIEW open_posts (post, thread, title, body, author, written_at, members_only) AS
    SELECT posts.post, posts.thread, threads.title, posts.body, posts.author, posts.written_at, sections.members_only
    FROM posts JOIN threads USING (thread) JOIN sections USING (section)
    WHERE posts.hidden = 0 AND posts.removed = 0 AND threads.hidden = 0;
