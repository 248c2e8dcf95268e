-- Phones whose visitor has pressed OK on the welcome page. `phone` is a keyed hash of the address on the hotspot; the row
-- goes when the phone leaves, joins again, or has not been asked for too long (store/welcomed.py).
CREATE TABLE welcomed (
    phone        BLOB PRIMARY KEY CHECK (length(phone) = 16),
    since        TEXT NOT NULL
) STRICT, WITHOUT ROWID;
