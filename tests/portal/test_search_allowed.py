"""Nobody finds what they may not open: hidden and removed posts, a closed board, papers and sections for members."""

from __future__ import annotations

import dataclasses
import hashlib
from contextlib import closing

import pytest
from flask.testing import FlaskClient

from kiosk.config import Config
from kiosk.packs.papers import Reading
from kiosk.portal.papers import PAGE_LETTERS
from kiosk.store import board_settings, db, facts, moderation, own_posts, papers
from kiosk.store.board_settings import BoardIs
from kiosk.store.moderation import Act
from kiosk.store.state import State
from tests.portal.conftest import NOW, Packer, village
from tests.portal.membership import join, sign_in
from tests.portal.searching import PHONE, add_paper, found, portal_of, write


@pytest.fixture
def reader(config: Config, packer: Packer) -> FlaskClient:
    """A visitor of a village whose library is down."""
    village(packer)
    return portal_of(config, packer)


def test_what_is_hidden_removed_or_changed_is_not_found(config: Config, reader: FlaskClient) -> None:
    write(config, "Tools", "A hoe", "A plough", "A spade", "A rake")
    assert found(reader, "plough") == ["/board/1#post-2"]
    with closing(db.connect(State(config.state).database)) as conn, db.transaction(conn):
        own_posts.change(conn, 2, PHONE, "Amina", "A cart", NOW)
        own_posts.remove(conn, 3, PHONE, NOW)
        moderation.hide(conn, 4, Act("op", NOW))
    assert found(reader, "plough") == found(reader, "spade") == found(reader, "rake") == []
    assert found(reader, "cart") == ["/board/1#post-2"]
    with closing(db.connect(State(config.state).database)) as conn, db.transaction(conn):
        moderation.restore(conn, 4, Act("op", NOW))
        moderation.hide(conn, 1, Act("op", NOW))
    for question in ("tools", "hoe", "cart", "rake"):
        assert found(reader, question) == []
        assert reader.get(f"/search/suggest?q={question}").json == []
    with closing(db.connect(State(config.state).database)) as conn, db.transaction(conn):
        moderation.restore(conn, 1, Act("op", NOW))
    assert found(reader, "rake") == ["/board/1#post-4"]


def test_a_board_that_is_switched_off_is_not_searched(config: Config, reader: FlaskClient) -> None:
    write(config, "Tools", "A hoe")
    for state, expected in ((BoardIs.READ_ONLY, ["/board/1#post-1"]), (BoardIs.OFF, [])):
        with closing(db.connect(State(config.state).database)) as conn, db.transaction(conn):
            board_settings.save(conn, dataclasses.replace(board_settings.read(conn), state=state))
        assert found(reader, "hoe") == expected
        assert len(reader.get("/search/suggest?q=tools").json or ()) == len(expected)


def test_members_find_what_is_theirs_and_nobody_else(config: Config, reader: FlaskClient) -> None:
    with closing(db.connect(State(config.state).database)) as conn, db.transaction(conn):
        conn.execute("UPDATE sections SET members_only = 1 WHERE section = 'talk'")
    write(config, "Board of the cooperative", "Our dividend is late")
    paper = add_paper(config, "Dividend minutes", "Each gets seven baskets", members_only=True)
    for question in ("dividend", "baskets", "minutes"):
        answer = reader.get(f"/search?q={question}")
        assert found(reader, question) == []
        assert "seven" not in answer.text
        assert answer.headers["Cache-Control"] == "no-cache"
    sign_in(reader, join(State(config.state)))
    assert found(reader, "dividend") == [f"/documents/{paper}/1/words", "/board/1#post-1"]
    answer = reader.get("/search?q=baskets")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "For members only" in answer.text
    assert "seven <mark>baskets</mark>" in answer.text
    assert reader.get("/search/suggest?q=divid").json == []
    assert reader.get("/search/suggest?q=board").json == []


def test_the_words_of_papers_are_found_on_their_page(config: Config, packer: Packer) -> None:
    village(packer)
    data = b"%PDF-1.4 loi"
    with closing(db.connect(packer.state.database)) as conn, db.transaction(conn):
        words = "la terre " * (PAGE_LETTERS // 9 + 20) + "appartient à l’assemblée générale"
        facts.record(conn, packer.state, hashlib.sha256(data).hexdigest(), Reading(9, words), NOW)
    reader = portal_of(config, packer)
    assert found(reader, "assemblee GENERALE") == ["/documents/words/village/loi/fr/loi.pdf?page=2"]
    assert found(reader, "loi") == ["/documents/words/village/loi/fr/loi.pdf"]
    assert "<mark>assemblée</mark> <mark>générale</mark>" in reader.get("/search?q=assemblée+générale").text
    page = reader.get("/documents/words/village/loi/fr/loi.pdf?page=2")
    assert "assemblée" in page.text


def test_papers_of_this_kiosk_are_found_by_their_newest_version(config: Config, reader: FlaskClient) -> None:
    paper = add_paper(config, "Water rules", "A jerrycan costs fifty")
    assert found(reader, "jerrycan") == [f"/documents/{paper}/1/words"]
    add_paper(config, "Water rules", "A bucket costs sixty", paper=paper)
    assert found(reader, "jerrycan") == []
    assert found(reader, "bucket") == [f"/documents/{paper}/2/words"]
    assert reader.get("/search/suggest?q=wat").json == [["Water rules", f"/documents/{paper}/2/words"]]
    with closing(db.connect(State(config.state).database)) as conn, db.transaction(conn):
        papers.withdraw(conn, paper, NOW)
    assert found(reader, "bucket") == []
