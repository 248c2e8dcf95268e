-- What posts carry besides words. The bytes lie in attachments/, by `name`, which nobody guesses and which stands for
-- the same bytes for ever; `size_bytes` counts all files of a row. Their order is that in which they were sent.
CREATE TABLE attachments (
    attachment   INTEGER PRIMARY KEY,
    name         TEXT NOT NULL UNIQUE CHECK (length(name) = 16),
    post         INTEGER NOT NULL REFERENCES posts ON DELETE CASCADE,
    kind         TEXT NOT NULL CHECK (kind IN ('photo', 'voice')),
    size_bytes   INTEGER NOT NULL CHECK (size_bytes > 0),
    width        INTEGER NOT NULL DEFAULT 0 CHECK (width >= 0),    -- of a photo's small picture, in pixels
    height       INTEGER NOT NULL DEFAULT 0 CHECK (height >= 0),
    seconds      INTEGER NOT NULL DEFAULT 0 CHECK (seconds >= 0)   -- of a voice note
) STRICT;
CREATE INDEX attachments_by_post ON attachments (post);

-- Posts that wait for an operator's look before anyone else may read them; they are hidden as well.
ALTER TABLE posts ADD COLUMN waiting INTEGER NOT NULL DEFAULT 0 CHECK (waiting IN (0, 1));
CREATE INDEX posts_waiting ON posts (post) WHERE waiting = 1;
