-- How much was used, and nothing of who did: numbers by the village's hour ('2026-11-24 14'), by day ('2026-11-24': what
-- was read or sought), by month ('2026-11': what is older than two years), or by a month at a time that nobody vouches
-- for ('2026-11?'). `minutes` tells how long in an hour the kiosk was on; an hour without a row is a gap.
CREATE TABLE counts (
    span         TEXT NOT NULL CHECK (span GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]*' AND length(span) IN (7, 8, 10, 13)),
    kind         TEXT NOT NULL,
    what         TEXT NOT NULL,
    number       INTEGER NOT NULL CHECK (number > 0),
    PRIMARY KEY (span, kind, what)
) STRICT, WITHOUT ROWID;

-- Searches that found nothing: a keyed hash of the words, on how many days they were typed, and the last such day. The
-- words themselves stand in `counts` once they were typed on enough days.
CREATE TABLE sought (
    hash         TEXT PRIMARY KEY CHECK (length(hash) = 32),
    days         INTEGER NOT NULL CHECK (days > 0),
    last         TEXT NOT NULL CHECK (last GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]')
) STRICT, WITHOUT ROWID;
