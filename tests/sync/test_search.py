"""What a sync brings is found from the moment it is served, and what it takes away no more."""

from __future__ import annotations

from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from kiosk.errors import MirrorError
from kiosk.store import db, generations, search, search_index
from kiosk.store.search import Asked
from kiosk.store.search_words import words
from kiosk.sync import rollback
from tests.making import Village


@pytest.fixture
def village(tmp_path: Path) -> Village:
    return Village(tmp_path)


def found(village: Village, question: str) -> list[tuple[str, str]]:
    """Return section and part of what the generation that is served has on a question."""
    with closing(db.connect(village.state.database)) as conn:
        asked = Asked(words(question), village.state.current_number(), date(2026, 11, 24), ("en",), False)
        return [(text.section, text.part) for text in search.in_packs(conn, asked, 9)]


def test_what_was_synced_is_found(village: Village) -> None:
    village.release(1, "Goats are owned together.")
    village.agent().run()
    assert found(village, "goats") == [("courses", "members")]
    assert found(village, "vote") == [("documents", "")]
    assert found(village, "friday") == [("notices", "")]


def test_an_update_changes_what_is_found_and_going_back_changes_it_back(village: Village) -> None:
    village.release(1, "Goats are owned together.")
    village.agent().run()
    village.release(2, "Sheep are owned together.")
    village.agent().run()
    assert (found(village, "goats"), found(village, "sheep")) == ([], [("courses", "members")])
    with closing(db.connect(village.state.database)) as conn:
        rollback.roll_back(conn, village.state, rollback.target(conn, village.state), village.clock)
    assert (found(village, "goats"), found(village, "sheep")) == ([("courses", "members")], [])


def test_generations_from_before_the_search_are_indexed_without_a_link(village: Village) -> None:
    village.release(1, "Goats are owned together.")
    village.agent().run()
    with closing(db.connect(village.state.database)) as conn:
        conn.execute("DELETE FROM search_places")
        conn.execute("DELETE FROM search_built")
        search_index.forget_unused(conn)
    assert found(village, "goats") == []
    village.mirror.folder = village.folder / "nowhere"
    with pytest.raises(MirrorError):
        village.agent().run()
    assert found(village, "goats") == [("courses", "members")]


def test_the_index_forgets_with_the_generations(village: Village) -> None:
    for version in range(1, 5):
        village.release(version, f"Number{version} is owned together.")
        village.agent().run()
    with closing(db.connect(village.state.database)) as conn:
        assert not search_index.has_unused(conn)
        assert len(generations.numbers(conn)) == 2
        asked = Asked(words("number1"), village.state.current_number(), date(2026, 11, 24), ("en",), False)
        assert not search.in_packs(conn, asked, 9)
        # Course, notice and document of both are the same texts; each has a lesson of its own.
        assert conn.execute("SELECT count(*) FROM search_texts").fetchone()[0] == 5
