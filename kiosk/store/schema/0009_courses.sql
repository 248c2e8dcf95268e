-- Which lessons members have done, and their best answers; of a lesson without questions both numbers are 0. Not when: that
-- is nobody's business.
CREATE TABLE progress (
    member       INTEGER NOT NULL REFERENCES members ON DELETE CASCADE,
    pack         TEXT NOT NULL,
    item         TEXT NOT NULL,
    lesson       TEXT NOT NULL,
    correct      INTEGER NOT NULL CHECK (correct BETWEEN 0 AND asked),
    asked        INTEGER NOT NULL,
    PRIMARY KEY (member, pack, item, lesson)
) STRICT, WITHOUT ROWID;
