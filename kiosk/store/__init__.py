"""Everything the kiosk remembers, in one folder. The only SQL is here."""
