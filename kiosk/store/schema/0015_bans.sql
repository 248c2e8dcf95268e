-- Phones that may not write to the board: a keyed hash as in `posts`, and the last day on which it holds; nothing else.
CREATE TABLE bans (
    ban          INTEGER PRIMARY KEY,
    phone        TEXT NOT NULL UNIQUE CHECK (length(phone) = 32),
    ends         TEXT NOT NULL CHECK (ends GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]')
) STRICT;

-- Posts whose phone may be forgotten: it stays known until an operator has looked at what waits or was reported, so
-- that it can be banned.
CREATE VIEW forgettable (post, written_at) AS SELECT post, written_at FROM posts
    WHERE phone IS NOT NULL AND waiting = 0
    AND NOT EXISTS (SELECT 1 FROM reports WHERE reports.post = posts.post AND settled = 0);
