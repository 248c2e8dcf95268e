"""The search page and the suggestions: what is found where and by whom, and that nothing typed or stored does harm."""

from __future__ import annotations

import gzip
import json
import re
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from kiosk.config import Config
from kiosk.store import db, search_index
from tests.portal.conftest import Packer, village
from tests.portal.searching import found, portal_of, write


@pytest.fixture
def reader(config: Config, packer: Packer) -> FlaskClient:
    """A visitor of a village whose library is down."""
    village(packer)
    return portal_of(config, packer)


def test_every_kind_is_found_and_grouped(config: Config, reader: FlaskClient) -> None:
    write(config, "Members wanted", "Who comes?")
    assert found(reader, "members") == [
        "/courses/village/cooperative/en/what-it-is", "/courses/village/cooperative/fr/what-it-is",
        "/board/1#post-1",
    ]  # fmt: skip
    assert found(reader, "talk turn") == [f"/courses/village/cooperative/{code}/meetings" for code in ("en", "fr")]
    assert found(reader, "maize") == ["/notices/village/prices/en"]
    assert found(reader, "loi") == ["/files/village/loi/fr/loi.pdf"]
    assert found(reader, "handbook") == ["/library#handbook_en"]
    text = reader.get("/search?q=members").text
    assert text.index("Courses</h2>") < text.index("Board</h2>")
    assert "<mark>members</mark> &amp; friends" in text


def test_scripts_in_lessons_are_neither_found_nor_shown(reader: FlaskClient) -> None:
    assert found(reader, "alert") == []
    assert found(reader, "friends")


def test_the_visitors_language_comes_first(reader: FlaskClient) -> None:
    reader.set_cookie("lang", "fr")
    assert found(reader, "members")[0] == "/courses/village/cooperative/fr/what-it-is"
    assert found(reader, "gerer COOPERATIVE")[0] == "/courses/village/cooperative/fr"


def test_notices_are_found_on_their_days(reader: FlaskClient) -> None:
    assert found(reader, "karibu") == ["/notices/village/meeting/sw"]
    assert found(reader, "old news") == []


@pytest.mark.parametrize(
    "question",
    ["", " ", "^", "-x",
     '"', "'", '" OR "', "*", "members*", "NEAR(members, 2)", "title:members", "members NOT friends",
     "(" * 50, "members\0friends", "\ud800", "%", "॰", "a AND", "m" * 10_000, "members " * 2_000, "\u202e", "{title}:",
     "'; DROP TABLE posts; --", "<script>alert(1)</script>", "\ufdfa", "\U0001f33d"],
)  # fmt: skip
def test_whatever_is_typed_is_words(reader: FlaskClient, question: str) -> None:
    typed = quote(question.encode("utf-8", "surrogatepass"))
    for address in (f"/search?q={typed}", f"/search/suggest?q={typed}", f"/search?q={typed}&in=board&from={typed}"):
        answer = reader.get(address)
        assert answer.status_code == 200, address
        assert "<script>" not in answer.text


def test_operators_are_ordinary_words(reader: FlaskClient) -> None:
    assert found(reader, "members OR nothinglikeit") == []
    assert found(reader, '"friends" (members)')


def test_stored_text_is_shown_and_never_run(config: Config, reader: FlaskClient) -> None:
    hostile = '<script>alert("maize")</script><b onclick=x>'
    write(config, hostile, f"{hostile} maize </mark>")
    text = reader.get("/search?q=maize").text
    assert text.count("<script ") == 1
    assert "<script>" not in text
    assert "<b " not in text
    assert "&lt;script&gt;alert(&#34;<mark>maize</mark>&#34;)" in text
    assert "&lt;/mark&gt;" in text
    suggested = reader.get("/search/suggest?q=script")
    assert suggested.content_type == "application/json"
    assert json.loads(suggested.text) == [[hostile, "/board/1#post-1"]]


def test_threads_stand_once_and_the_newest_first(config: Config, reader: FlaskClient) -> None:
    for number in range(25):
        write(config, f"Goat {number}", "A goat", "Still here, the goat")
    first = found(reader, "goat")
    assert first == [f"/board/{thread}#post-{2 * thread}" for thread in (25, 24, 23, 22)]
    text = reader.get("/search?q=goat&in=board").text
    seen = found(reader, "goat", **{"in": "board"})
    while more := re.search(r"from=(\d+)", text):
        write(config, "Goat in between", "goat")
        text = reader.get(f"/search?q=goat&in=board&from={more[1]}").text
        seen += found(reader, "goat", **{"in": "board", "from": more[1]})
    assert len(seen) == len(set(seen)) == 25


def test_a_group_goes_on_where_it_stopped(config: Config, packer: Packer) -> None:
    shown = {"starts": "2026-11-01", "ends": "2026-12-31", "pinned": False}
    for number in range(23):
        packer.add("notice", f"n{number}", "en", f"Water {number}", shown, notice_dot_html=b"<p>Fetch it.</p>")
    reader = portal_of(config, packer)
    assert len(found(reader, "water")) == 4
    pages = [found(reader, "water", **{"in": "notices", "from": str(n)}) for n in (0, 10, 20)]
    assert [len(page) for page in pages] == [10, 10, 3]
    assert len({address for page in pages for address in page}) == 23
    assert found(reader, "water", **{"in": "notices", "from": "99999999999999999"}) == []


def test_nothing_found_is_said_and_shows_a_way_on(config: Config, packer: Packer) -> None:
    packer.add("document", "law", "en", "Law", {"category": "law"}, law_dot_pdf=b"%PDF")
    reader = portal_of(config, packer)
    text = reader.get("/search?q=Vanille <b> Éléphant").text
    assert "Nothing was found for “Vanille &lt;b&gt; Éléphant”." in text
    assert "Try another spelling" in text
    assert 'href="/courses"' in text
    assert "could not be searched" not in text
    assert "Nothing was found" not in reader.get("/search?q=").text
    assert "Nothing was found" not in reader.get("/search?q=law").text


def test_the_box_is_one_tap_away_on_every_page(reader: FlaskClient) -> None:
    for address in ("/courses", "/library", "/documents", "/notices", "/board", "/nothing-here"):
        assert re.search(
            r'<header.*<a [^>]*href="/search"[^>]*><svg.*</svg>.*Search.*</header>', reader.get(address).text, re.DOTALL
        )
    home = reader.get("/").text
    assert '<form class="search" action="/search" role="search">' in home
    assert "<script" not in home


def test_suggestions_are_titles_that_begin_so(config: Config, reader: FlaskClient) -> None:
    write(config, "Gérer l'eau", "Members only talk here")
    answer = reader.get("/search/suggest?q=ger")
    assert answer.json == [
        ["Gérer une coopérative", "/courses/village/cooperative/fr"],
        ["Gérer l'eau", "/board/1#post-1"],
    ]
    assert answer.headers["Cache-Control"] == "private, max-age=60"
    assert reader.get("/search/suggest?q=talk").json == []
    assert reader.get("/search/suggest?q=").json == []


def test_a_new_generation_is_searched_once_it_is_served(config: Config, packer: Packer, reader: FlaskClient) -> None:
    packer.items.clear()
    packer.add("document", "new", "en", "A newcomer", {"category": "law"}, new_dot_pdf=b"%PDF")
    packer.install(2)
    packer.state.current.unlink()
    packer.state.current.symlink_to(Path("generations/1"))
    with closing(db.connect(packer.state.database)) as conn:
        search_index.build(conn, packer.state, 2)
    assert found(reader, "newcomer") == []
    assert found(reader, "friends")
    packer.state.current.unlink()
    packer.state.current.symlink_to(Path("generations/2"))
    assert found(reader, "newcomer")
    assert found(reader, "friends") == []


def test_the_script_is_small_and_old_enough() -> None:
    script = (Path(__file__).parents[2] / "kiosk/portal/static/search.js").read_text()
    assert len(gzip.compress(script.encode())) <= 1024
    assert not re.search(r"=>|\b(let|const|class|async)\b(?!\")|`", script)
