"""Films and sounds inside lessons and notices: plain players, every size to play in pieces or to save."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from kiosk.config import Config
from kiosk.portal import create_portal
from tests.films import MP4, VTT
from tests.portal.conftest import NOW, SVG, Packer
from tests.sounds import silence

LESSON = "/courses/village/filmed/en/first"
FILES = "/files/village/filmed/en/media"
LARGE = MP4 + (4_200_000 - len(MP4)).to_bytes(4, "big") + b"free" + bytes(4_200_000 - len(MP4) - 8)
"""The same film with room behind it: 4.2 MB."""
TEXT = (
    '<p>Look:</p><p><img src="media/sacks.mp4" alt="Sacks &amp; &quot;poles&quot;"></p><p>Hear:</p>'
    '<p><img src="media/song.mp3" alt="A song"></p>'
)


def filmed(packer: Packer, text: str = TEXT) -> None:
    """Add a course whose lesson shows a film of two sizes and a song, and a notice with the song."""
    lesson = {"id": "first", "title": "First", "summary": "One.", "minutes": 5, "page": "1.html"}
    packer.add(
        "course", "filmed", "en", "Filmed", {"subject": "farming", "level": "beginner", "lessons": [lesson]},
        **{"1_dot_html": text.encode()}, media__sacks_dot_240p_dot_mp4=MP4, media__sacks_dot_720p_dot_mp4=LARGE,
        media__sacks_dot_vtt=VTT, media__sacks_dot_svg=SVG, media__song_dot_mp3=silence(2),
    )  # fmt: skip
    packer.add(
        "notice", "fair", "en", "The fair", {"starts": "2026-11-01", "ends": "2026-12-31", "pinned": False},
        notice_dot_html=b'<p><img src="fair.mp3" alt="A song"></p>', fair_dot_mp3=silence(2),
    )  # fmt: skip


@pytest.fixture
def viewer(config: Config, packer: Packer) -> FlaskClient:
    filmed(packer)
    packer.install()
    return create_portal(config, lambda: NOW).test_client()


def test_a_film_plays_its_smallest_size_in_place(viewer: FlaskClient) -> None:
    page = viewer.get(LESSON).text
    assert re.search(r'<video controls preload="none" playsinline poster="[^"]*sacks.svg"', page), "fetched when played"
    assert f'<source src="{FILES}/sacks.240p.mp4" type="video/mp4">' in page
    assert f'<track kind="captions" src="{FILES}/sacks.vtt" srclang="en" label="English" default>' in page
    assert 'aria-label="Sacks &amp; &#34;poles&#34;"' in page
    assert "autoplay" not in page


def test_every_size_is_to_play_or_to_save_with_its_megabytes(viewer: FlaskClient) -> None:
    page = viewer.get(LESSON).text
    for name, size in (("sacks.240p.mp4", "2 KB"), ("sacks.720p.mp4", "4.2 MB")):
        assert f'<a class="button quiet" href="{FILES}/{name}" type="video/mp4">' in page
        saved = page[page.index(f'href="{FILES}/{name}?save=yes" type="video/mp4" download>') :]
        assert f"Save to the phone: {size}" in saved[:600]
    assert re.findall(r"<bdi>(\d+p)</bdi>", page) == ["240p", "720p"]


def test_a_sound_has_its_player_too(viewer: FlaskClient) -> None:
    for page in (viewer.get(LESSON).text, viewer.get("/notices/village/fair/en").text):
        assert re.search(
            r'<audio controls preload="none" aria-label="A song"><source src="[^"]*.mp3" type="audio/mpeg">', page
        )
        assert "Save to the phone" in page


def test_saving_works_in_browsers_that_know_no_download_link(viewer: FlaskClient) -> None:
    with viewer.get(f"{FILES}/sacks.240p.mp4?save=yes") as answer:
        assert answer.headers["Content-Disposition"] == "attachment; filename=sacks.240p.mp4"
        assert answer.data == MP4
    for query in ("", "?save=", "?save=%00"):
        with viewer.get(f"{FILES}/sacks.240p.mp4{query}") as answer:
            assert answer.headers["Content-Disposition"].startswith("inline")


@pytest.mark.parametrize(
    ("wanted", "status", "start", "end"),
    [
        ("bytes=0-", 206, 0, 4_200_000), ("bytes=0-1", 206, 0, 2), ("bytes=1000000-1999999", 206, 1_000_000, 2_000_000),
        ("bytes=4199999-", 206, 4_199_999, 4_200_000), ("bytes=-500", 206, 4_199_500, 4_200_000),
        ("bytes=4199990-9999999", 206, 4_199_990, 4_200_000), ("bytes=4200000-", 416, 0, 0), ("bytes=x-y", 416, 0, 0),
        ("bytes=5-2", 416, 0, 0),
    ],
)  # fmt: skip
@pytest.mark.parametrize("query", ["", "?save=yes"])
def test_a_film_comes_in_the_pieces_a_player_asks_for(
    viewer: FlaskClient, query: str, wanted: str, status: int, start: int, end: int
) -> None:
    with viewer.get(f"{FILES}/sacks.720p.mp4{query}", headers={"Range": wanted}) as answer:
        assert answer.status_code == status
        if status == 206:
            assert answer.data == LARGE[start:end]
            assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/4200000"
            assert answer.headers["Content-Length"] == str(end - start)
            assert answer.content_type == "video/mp4"


def test_going_on_with_a_file_that_changed_begins_anew(viewer: FlaskClient) -> None:
    address = f"{FILES}/sacks.720p.mp4"
    with viewer.head(address) as answer:
        assert answer.headers["Accept-Ranges"] == "bytes"
        assert answer.headers["Content-Length"] == "4200000"
        etag = answer.headers["ETag"]
    for tag, status in ((etag, 206), ('"other"', 200)):
        with viewer.get(address, headers={"Range": "bytes=100-", "If-Range": tag}) as answer:
            assert answer.status_code == status


def test_captions_come_as_captions(viewer: FlaskClient) -> None:
    with viewer.get(f"{FILES}/sacks.vtt") as answer:
        assert answer.mimetype == "text/vtt"
        assert answer.data == VTT


@pytest.mark.parametrize(
    "text",
    [
        '<p><img src="media/none.mp4" alt="x"></p>', '<p><img src="../../x.mp4" alt="x"></p>',
        '<p><img src="http://evil.example/a.mp4" alt="x"></p>', '<p><img src="//evil.example/a.mp4"></p>',
        '<p>in line <img src="media/sacks.mp4" alt="x"></p>', '<video src="media/sacks.240p.mp4" autoplay></video>',
        '<audio src="media/song.mp3" autoplay></audio>', '<p><img src="~0" alt="x"></p>', '<source src="/x.mp4">',
        '<p><img alt="x&quot; src=&quot;~0"></p>', f'<p><img src="{"a." * 5000}mp4" alt="x"></p>',
    ],
)  # fmt: skip
def test_what_is_no_film_of_the_item_is_left_out(config: Config, packer: Packer, text: str) -> None:
    filmed(packer, text + "<p>After.</p>")
    packer.install()
    answer = create_portal(config, lambda: NOW).test_client().get(LESSON)
    assert answer.status_code == 200
    assert "<p>After.</p>" in answer.text
    for part in ("<video", "<audio", "<source", "evil.example", "autoplay", "~0"):
        assert part not in answer.text


def test_what_a_film_is_called_is_only_text(config: Config, packer: Packer) -> None:
    evil = "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt; &lt;img src=x onerror=x&gt; ~0"
    text = f'<p><img src="media/sacks.mp4" alt="{evil}"></p>'
    filmed(packer, text)
    packer.install()
    page = create_portal(config, lambda: NOW).test_client().get(LESSON).text
    assert page.count("<video") == 1
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)" in page
