"""The start page tells which books the search leaves out, why, and what helps."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from kiosk.host import bounded
from kiosk.sync import book_indexes
from tests.console.entering import HOST
from tests.making import Village
from tests.sync.test_book_indexes import edition, release
from tests.zims import with_checksum


def light(inside: FlaskClient) -> str:
    """Return what the start page says of the content, without its tags."""
    text = re.sub(r"<[^>]*>", " ", inside.get("/", **HOST).text)
    found = re.search(r"Generation 1 is served\.[^.]*\.?[^.]*[.?]", " ".join(text.split()))
    assert found
    return found[0]


def test_a_book_that_is_searched_is_no_word(village: Village, inside: FlaskClient) -> None:
    release(village, 1, edition("goats"))
    village.agent().run()
    assert "searched" not in light(inside)


def test_a_broken_book_is_told(village: Village, inside: FlaskClient) -> None:
    whole = bytearray(edition("goats"))
    whole[80:-16] = (b"MZ" * len(whole))[: len(whole) - 96]
    release(village, 1, with_checksum(bytes(whole)))
    village.agent().run()
    assert "Broken, and not searched: " in light(inside)
    assert "Ask its publisher for a new edition." in inside.get("/", **HOST).text


def test_a_book_without_room_for_its_index_is_told(
    village: Village, inside: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    release(village, 1, edition("goats"))
    with monkeypatch.context() as full:
        full.setattr(book_indexes, "LIMITS", bounded.Limits(60, 60, 500_000_000, 20_000))
        village.agent().run()
    assert "Not searched yet: " in light(inside)
    assert "The next sync goes on with it." in inside.get("/", **HOST).text
    village.agent().run()
    assert "searched" not in light(inside)
