-- How much of what a pack takes on the card is media: they are moved to their place once they came.
ALTER TABLE offers ADD COLUMN media_bytes INTEGER NOT NULL DEFAULT 0 CHECK (media_bytes >= 0);
