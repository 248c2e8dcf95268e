"""What can be listened to: lessons and notices read aloud, tiles that say what they are; and to whom it comes first."""

from __future__ import annotations

from contextlib import closing

import pytest
from flask.testing import FlaskClient

from kiosk.config import Config
from kiosk.portal import create_portal
from kiosk.portal.site import SECTIONS
from kiosk.store import db, recordings
from kiosk.store.state import State
from tests.portal.conftest import NOW, Packer
from tests.sounds import M4A, silence

LESSON = "/courses/village/spoken/en/first"
NOTICE = "/notices/village/news/en"
SHOWN = {"starts": "2026-11-01", "ends": "2026-12-31", "pinned": False}


def spoken(packer: Packer, sound: str = "sounds/1.mp3", **files: bytes) -> None:
    """Add a course whose first lesson is read aloud and whose second is not, and a notice that is."""
    lessons = [
        {"id": "first", "title": "First", "summary": "One.", "minutes": 5, "page": "1.html", "sound": sound},
        {"id": "second", "title": "Second", "summary": "Two.", "minutes": 5, "page": "2.html"},
    ]
    packer.add(
        "course", "spoken", "en", "Spoken", {"subject": "money", "level": "beginner", "lessons": lessons},
        **{"1_dot_html": b"<p>The text.</p>", "2_dot_html": b"<p>More.</p>", "sounds__1_dot_mp3": silence(60), **files},
    )  # fmt: skip
    packer.add(
        "notice", "news", "en", "News", {**SHOWN, "sound": "notice.m4a"},
        notice_dot_html=b"<p>The news.</p>", notice_dot_m4a=M4A,
    )  # fmt: skip


@pytest.fixture
def state(config: Config) -> State:
    return State(config.state)


@pytest.fixture
def listener(config: Config, packer: Packer) -> FlaskClient:
    spoken(packer)
    packer.install()
    return create_portal(config, lambda: NOW).test_client()


@pytest.mark.parametrize(("address", "text"), [(LESSON, "The text."), (NOTICE, "The news.")])
def test_a_recording_stands_after_the_text_unless_one_would_rather_listen(
    listener: FlaskClient, address: str, text: str
) -> None:
    page = listener.get(address).text
    assert page.count("<audio controls") == 1
    assert page.index(text) < page.index("<audio controls")
    listener.get("/?listen=yes")
    page = listener.get(address).text
    assert page.count("<audio controls") == 1
    assert page.index("<audio controls") < page.index(text)
    listener.get("/?listen=no")
    page = listener.get(address).text
    assert page.index(text) < page.index("<audio controls")


def test_it_is_played_in_pieces_and_can_be_saved(listener: FlaskClient) -> None:
    page = listener.get(LESSON).text
    address = "/files/village/spoken/en/sounds/1.mp3"
    assert f'src="{address}"' in page
    assert 'preload="none"' in page, "nobody's radio is used for what they do not play"
    assert f"Save to the phone: {round(len(silence(60)) / 1000)} KB" in page
    assert f'href="{address}?save=yes" type="audio/mpeg" download>' in page
    with listener.get(address, headers={"Range": "bytes=10-19"}) as piece:
        assert piece.status_code == 206
        assert piece.content_type == "audio/mpeg"
        assert piece.data == silence(60)[10:20]
        assert "Content-Disposition" not in piece.headers or "attachment" not in piece.headers["Content-Disposition"]


def test_a_lesson_without_a_recording_offers_none(listener: FlaskClient) -> None:
    assert "<audio" not in listener.get("/courses/village/spoken/en/second").text
    outline = listener.get("/courses/village/spoken/en").text
    assert outline.count("to listen to") == 1


@pytest.mark.parametrize("path", ["1.html", "nothing.mp3", "../../x.mp3"])
def test_what_is_no_sound_is_not_offered(config: Config, packer: Packer, path: str) -> None:
    spoken(packer, path)
    packer.install()
    visitor = create_portal(config, lambda: NOW).test_client()
    answer = visitor.get(LESSON)
    assert answer.status_code == 200
    assert "<audio" not in answer.text


def test_the_choice_is_made_on_the_first_page_and_kept(listener: FlaskClient) -> None:
    page = listener.get("/").text
    assert "I would rather listen" in page
    assert 'href="?listen=yes"' in page
    answer = listener.get("/?listen=yes")
    assert (answer.status_code, answer.location) == (302, "/")
    assert "Max-Age=31536000" in answer.headers["Set-Cookie"]
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert "Text first again" in listener.get("/").text


@pytest.mark.parametrize("query", ["listen=maybe", "listen=", "listen=yes%00"])
def test_another_choice_is_none(listener: FlaskClient, query: str) -> None:
    answer = listener.get(f"/?{query}")
    assert answer.status_code == 200
    assert not any(each.startswith("listen=") for each in answer.headers.getlist("Set-Cookie"))


@pytest.mark.parametrize("path", ["//evil.example", "/\\evil.example", "/%5Cevil.example"])
def test_the_choice_leads_to_no_other_site(listener: FlaskClient, path: str) -> None:
    answer = listener.get(f"{path}?listen=yes&page=2")
    if answer.status_code == 302:
        inside = answer.location.removeprefix("http://kiosk.test")  # whoever names another host is led here
        assert inside.startswith("/")
        assert not inside.startswith(("//", "/\\"))


def say(state: State, tile: str, language: str, name: str, data: bytes) -> None:
    with closing(db.connect(state.database)) as conn, db.transaction(conn):
        recordings.add(conn, state, tile, language, name, data, NOW)
        recordings.prune(conn, state)


def test_a_tile_says_what_it_is(listener: FlaskClient, state: State) -> None:
    assert "/recordings/" not in listener.get("/").text
    say(state, "courses", "nyn", "Runyankore", silence())
    say(state, "courses", "lgg", "Lugbara <b>", silence(2))
    page = listener.get("/").text
    assert 'href="/recordings/courses/nyn"' in page
    assert "Lugbara &lt;b&gt;" in page
    with listener.get("/recordings/courses/nyn", headers={"Range": "bytes=0-3"}) as answer:
        assert answer.status_code == 206
        assert answer.content_type == "audio/mpeg"
    assert listener.get("/recordings/courses/fr").status_code == 404
    assert listener.get("/recordings/nothing/nyn").status_code == 404


def test_a_newer_recording_takes_the_place_of_the_older(listener: FlaskClient, state: State) -> None:
    say(state, "board", "nyn", "Runyankore", silence())
    say(state, "board", "nyn", "Runyankore", silence(3))
    with listener.get("/recordings/board/nyn") as answer:
        assert answer.data == silence(3)
    assert len(list((state.folder / "recordings").iterdir())) == 1


def test_a_recording_that_was_lost_breaks_no_page(listener: FlaskClient, state: State) -> None:
    say(state, "board", "nyn", "Runyankore", silence())
    for file in (state.folder / "recordings").iterdir():
        file.unlink()
    assert listener.get("/").status_code == 200
    assert listener.get("/recordings/board/nyn").status_code == 404


def test_every_tile_can_speak() -> None:
    assert tuple(name for name, _word in SECTIONS) == recordings.TILES
