-- Texts that packs brought, as they are searched: kept once, however many generations have them.
CREATE TABLE search_texts (
    text         INTEGER PRIMARY KEY,
    digest       BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),  -- of title and body
    title        TEXT NOT NULL,
    body         BLOB NOT NULL  -- deflated: shows the words in place, and takes them out of the index again
) STRICT;

-- Where a text stands in a generation. `part` is a lesson's id, "" for the thing itself.
CREATE TABLE search_places (
    generation   INTEGER NOT NULL REFERENCES generations ON DELETE CASCADE,
    section      TEXT NOT NULL CHECK (section IN ('courses', 'library', 'documents', 'notices')),
    pack         TEXT NOT NULL,
    item         TEXT NOT NULL,
    language     TEXT NOT NULL,
    part         TEXT NOT NULL,
    text         INTEGER NOT NULL REFERENCES search_texts,
    PRIMARY KEY (generation, pack, item, language, part)
) STRICT, WITHOUT ROWID;
CREATE INDEX search_places_by_text ON search_places (text, generation);

-- Generations whose index is whole.
CREATE TABLE search_built (
    generation   INTEGER PRIMARY KEY REFERENCES generations ON DELETE CASCADE
) STRICT;

-- The words of search_texts, folded (store/search_words.py). No text is kept here: what is taken out is told again.
CREATE VIRTUAL TABLE search_words USING fts5 (
    title, body, content = '', prefix = '2 3', tokenize = "unicode61 categories 'L* N* Co Mn Mc'"
);

-- The board's words. The row is the post's; the title of a thread stands with the post that opened it.
CREATE VIRTUAL TABLE search_posts USING fts5 (
    title, body, content = '', prefix = '2 3', tokenize = "unicode61 categories 'L* N* Co Mn Mc'"
);
CREATE TABLE search_openings (
    thread       INTEGER PRIMARY KEY,
    post         INTEGER NOT NULL UNIQUE,
    title        TEXT NOT NULL  -- as it is in the index
) STRICT;

INSERT INTO search_openings SELECT thread, min(post), title FROM threads JOIN posts USING (thread) GROUP BY thread;
INSERT INTO search_posts (rowid, title, body)
    SELECT post, search_fold(coalesce(title, '')), search_fold(body) FROM posts LEFT JOIN search_openings USING (post);

CREATE TRIGGER search_post_written AFTER INSERT ON posts BEGIN
    INSERT INTO search_openings SELECT thread, new.post, title FROM threads WHERE thread = new.thread
        AND NOT EXISTS (SELECT 1 FROM search_openings o WHERE o.thread = new.thread); INSERT
        INTO search_posts (rowid, title, body) VALUES (
        new.post, search_fold(coalesce((SELECT title FROM search_openings WHERE post = new.post), '')),
        search_fold(new.body)); END;
CREATE TRIGGER search_post_changed AFTER UPDATE OF body ON posts WHEN old.body IS NOT new.body BEGIN
    INSERT INTO search_posts (search_posts, rowid, title, body) VALUES (
        'delete', old.post, search_fold(coalesce((SELECT title FROM search_openings WHERE post = old.post), '')),
        search_fold(old.body)); INSERT
        INTO search_posts (rowid, title, body) VALUES (
        new.post, search_fold(coalesce((SELECT title FROM search_openings WHERE post = new.post), '')),
        search_fold(new.body)); END;
CREATE TRIGGER search_post_gone AFTER DELETE ON posts BEGIN
    INSERT INTO search_posts (search_posts, rowid, title, body) VALUES (
        'delete', old.post, search_fold(coalesce((SELECT title FROM search_openings WHERE post = old.post), '')),
        search_fold(old.body)); DELETE FROM search_openings WHERE post = old.post; END;
CREATE TRIGGER search_thread_renamed AFTER UPDATE OF title ON threads WHEN old.title IS NOT new.title BEGIN
    INSERT INTO search_posts (search_posts, rowid, title, body)
        SELECT 'delete', post, search_fold(title), search_fold(body) FROM search_openings JOIN posts USING (post)
        WHERE search_openings.thread = old.thread; UPDATE
        search_openings SET title = new.title WHERE thread = old.thread; INSERT
        INTO search_posts (rowid, title, body)
        SELECT post, search_fold(title), search_fold(body) FROM search_openings JOIN posts USING (post)
        WHERE search_openings.thread = new.thread; END;

-- Words of papers that were added here, each version for good: versions stay. The row is the paper's number times a
-- million and the version's; whether it may be found is asked of `papers` when it is.
CREATE VIRTUAL TABLE search_papers USING fts5 (
    title, body, content = '', prefix = '2 3', tokenize = "unicode61 categories 'L* N* Co Mn Mc'"
);
INSERT INTO search_papers (rowid, title, body)
    SELECT paper * 1000000 + version, search_fold(title), search_fold(substr(coalesce(text, ''), 1, 500000))
    FROM paper_versions LEFT JOIN paper_facts USING (sha256);
CREATE TRIGGER search_paper_added AFTER INSERT ON paper_versions BEGIN
    INSERT INTO search_papers (rowid, title, body) VALUES (
        new.paper * 1000000 + new.version, search_fold(new.title),
        search_fold(coalesce((SELECT substr(text, 1, 500000) FROM paper_facts WHERE sha256 = new.sha256), ''))); END;
-- A paper may be read after it came: generations that have it are indexed again, by the next sync.
CREATE TRIGGER search_paper_read AFTER INSERT ON paper_facts WHEN new.text <> '' BEGIN
    INSERT INTO search_papers (search_papers, rowid, title, body)
        SELECT 'delete', paper * 1000000 + version, search_fold(title), '' FROM paper_versions
        WHERE sha256 = new.sha256; INSERT
        INTO search_papers (rowid, title, body)
        SELECT paper * 1000000 + version, search_fold(title), search_fold(substr(new.text, 1, 500000))
        FROM paper_versions WHERE sha256 = new.sha256; DELETE
        FROM search_built WHERE generation IN (SELECT generation FROM items JOIN entries USING (collection)
            WHERE kind = 'document' AND sha256 = new.sha256); END;
