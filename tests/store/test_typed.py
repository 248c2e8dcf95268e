"""What people type: no sign of it deceives a reader, wherever it is kept."""

from __future__ import annotations

from contextlib import closing
from datetime import date

import pytest

from kiosk.errors import InvalidInput
from kiosk.store import db, members, own_notices, papers, prices
from kiosk.store.own_notices import Days, Text
from tests.making import START, Village

TYPED, KEPT = " \u202egpj.\x07Ama\0n\ni \u2067क्\u200dष ", "gpj.Aman i क्\u200dष"
UNSEEN = "\u200d\u202e\0 \u200c"


def test_it_is_kept_without_signs_that_deceive(village: Village) -> None:
    village.state.prepare()
    days = Days(date(2026, 11, 24), date(2026, 11, 25), pinned=False)
    with closing(db.connect(village.state.database)) as conn:
        assert members.get(conn, members.add(conn, TYPED, START)).name == KEPT
        assert prices.save(conn, "1", "\u202eKsh\0").currency == "Ksh"
        assert papers.title_of(TYPED) == KEPT
        notice = own_notices.add(conn, village.state, days, Text("hi", TYPED, f"{TYPED}\r\n{TYPED}"))
        (text,) = own_notices.get(conn, notice).texts
        lines = KEPT.replace("n i", "n\ni")
        assert (text.title, text.text) == (KEPT, f"{lines} \n {lines}")
        for keep in (
            lambda: members.add(conn, UNSEEN, START),
            lambda: prices.save(conn, "1", UNSEEN),
            lambda: papers.title_of(UNSEEN),
            lambda: own_notices.write(conn, village.state, notice, Text("hi", "x", UNSEEN)),
        ):
            with pytest.raises(InvalidInput, match="Please fill in"):
                keep()
