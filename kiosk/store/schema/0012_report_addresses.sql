-- A report also has a keyed hash of the address it came from: a phone that drops its cookies is one phone still. It goes
-- with the phone's hash, when an operator has looked.
ALTER TABLE reports ADD COLUMN address TEXT CHECK (length(address) = 32);
