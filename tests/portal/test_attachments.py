"""Photos and voice notes on the board: made small and harmless, kept and gone with their post, refused in words."""

from __future__ import annotations

import io
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from kiosk.packs.attachments import MOST_PHOTO_BYTES, MOST_SMALL_BYTES
from kiosk.portal import create_portal
from kiosk.portal.attachments import MOST_BYTES
from kiosk.store import attachments, board_settings, db, moderation
from kiosk.store.board_settings import BoardSettings
from kiosk.store.state import State
from tests.portal.conftest import NOW
from tests.portal.test_board import GOOD, token
from tests.portal.test_board_rules import OPERATOR

PLACE = "1 deg S 36 deg E"
RIGHT_SIDE_UP, GPS = 0x0112, 0x8825
LINK = re.compile(r'(?:href|src)="(/board/(?:photo|voice)/[^"]+)"')
Sent = tuple[int, str, str]


@pytest.fixture
def state(portal: Flask) -> State:
    found: State = portal.extensions["kiosk-site"].state
    return found


@pytest.fixture
def conn(state: State) -> Iterator[db.Connection]:
    with closing(db.connect(state.database)) as conn:
        yield conn


def picture(width: int = 1200, height: int = 900, kind: str = "JPEG", **options: Any) -> bytes:
    """A picture whose left half is red."""
    image = Image.new("RGB", (width, height), "blue")
    image.paste("red", (0, 0, width // 2, height))
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def turned() -> bytes:
    """A photo taken with the phone on its side, which tells where."""
    exif = Image.Exif()
    exif[RIGHT_SIDE_UP] = 6  # its first row is the right side
    exif[GPS] = {1: "S", 2: (1.0, 17.0, 0.0), 29: PLACE}
    return picture(exif=exif)


def sound(folder: Path, ending: str = "m4a", seconds: float = 4, *more: str) -> bytes:
    """A sound as phones record it, with the place in its tags."""
    path = folder / f"made.{ending}"
    source = ("-f", "lavfi", "-i", f"sine=440:duration={seconds}")
    command = ["ffmpeg", "-v", "error", "-y", *source, "-metadata", f"location={PLACE}", *more, str(path)]
    subprocess.run(command, check=True)
    return path.read_bytes()


def post(visitor: FlaskClient, path: str, *files: tuple[str, bytes], **words: str) -> Sent:
    carried: dict[str, list[FileStorage]] = {}
    for field, data in files:
        carried.setdefault(field, []).append(FileStorage(io.BytesIO(data), "from-a-phone"))
    boundary, body = encode_multipart({**words, "csrf_token": token(visitor), **carried})
    answer = visitor.post(path, data=body, content_type=f"multipart/form-data; boundary={boundary}")
    return answer.status_code, answer.headers.get("Location", ""), answer.text


def links(visitor: FlaskClient, path: str = "/board/1") -> list[str]:
    return list(dict.fromkeys(LINK.findall(visitor.get(path).text)))


def names(state: State) -> list[str]:
    return sorted(path.name for path in state.attachments.iterdir())


def keep(conn: db.Connection, **wanted: Any) -> None:
    with db.transaction(conn):
        board_settings.save(conn, replace(BoardSettings(), **wanted))


def test_a_photo_is_upright_small_and_tells_no_place(visitor: FlaskClient, state: State) -> None:
    sent = turned()
    assert PLACE.encode() in sent
    assert post(visitor, "/board/new", ("photo", sent), **GOOD)[:2] == (303, "/board/1")
    large, small = links(visitor)
    assert f'src="{small}" width="90" height="120"' in visitor.get("/board/1").text
    for address, size, most in ((large, (720, 960), MOST_PHOTO_BYTES), (small, (180, 240), MOST_SMALL_BYTES)):
        with visitor.get(address) as answer:
            assert answer.mimetype == "image/jpeg"
            assert "sandbox" in answer.headers["Content-Security-Policy"]
            assert len(answer.data) <= most
            image = Image.open(io.BytesIO(answer.data))
        assert image.size == size
        assert not image.getexif()
        top, bottom = (image.getpixel((image.width // 2, y)) for y in (5, image.height - 5))
        assert isinstance(top, tuple)
        assert isinstance(bottom, tuple)
        assert (top[0] > 200, bottom[2] > 200) == (True, True), "the red half is above"
    assert all(PLACE.encode() not in path.read_bytes() for path in state.attachments.iterdir())


@pytest.mark.parametrize(
    "sent",
    [
        picture(kind="PNG"),
        picture(kind="WEBP"),
        picture(kind="GIF"),
        picture(4000, 3000, progressive=True),
        picture(3, 2),
        picture(9000, 20),
    ],
    ids=["png", "webp", "gif", "progressive", "tiny", "long"],
)
def test_all_that_phones_take_for_pictures(visitor: FlaskClient, sent: bytes) -> None:
    assert post(visitor, "/board/new", ("photo", sent), **GOOD)[0] == 303
    assert len(links(visitor)) == 2


def test_even_nothing_but_detail_becomes_small(visitor: FlaskClient, state: State) -> None:
    noise = io.BytesIO()
    Image.effect_noise((1600, 1600), 255).convert("RGB").save(noise, "PNG")
    assert post(visitor, "/board/new", ("photo", noise.getvalue()), **GOOD)[0] == 303
    sizes = sorted(path.stat().st_size for path in state.attachments.iterdir())
    assert sizes[0] <= MOST_SMALL_BYTES
    assert sizes[1] <= MOST_PHOTO_BYTES


@pytest.mark.parametrize("where", ["/board/new", "/board/1"])
def test_what_is_no_picture_is_told_and_the_words_stay(visitor: FlaskClient, state: State, where: str) -> None:
    post(visitor, "/board/new", **GOOD)
    bomb = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(bomb, "PNG")
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    for sent, words in (
        (svg, "not a picture"),
        (b"", "not a picture"),
        (b"\xff\xd8\xff\xe0 and then nothing", "not a picture"),
        (turned()[:600], "not a picture"),
        (b"%PDF-1.4 a paper", "not a picture"),
        (bomb.getvalue(), "too large"),
    ):
        page = post(visitor, where, ("photo", sent), author="Asha", title="Seed", body="Twenty bags")
        assert page[0] in (422, 429)
        if page[0] == 422:
            assert re.search(f'id="p-photo" role="alert">This is {words}', page[2])
        assert "Twenty bags" in page[2]
        assert 'value="Asha"' in page[2]
    assert names(state) == []
    assert "1 message<" in visitor.get("/board").text


def test_what_hides_behind_a_picture_is_gone(visitor: FlaskClient, state: State) -> None:
    script = b"<html><script>alert(1)</script>"
    sent = picture(comment=script) + script + b"PK\x03\x04"
    post(visitor, "/board/new", ("photo", sent), **GOOD)
    assert len(names(state)) == 2
    assert all(b"script" not in path.read_bytes() for path in state.attachments.iterdir())


def test_three_photos_and_no_more(visitor: FlaskClient) -> None:
    page = post(visitor, "/board/new", *[("photo", picture())] * 4, **GOOD)
    assert page[0] == 422
    assert "at most 3 photos" in page[2]
    assert post(visitor, "/board/new", *[("photo", picture())] * 3, **GOOD)[0] == 303
    assert len(links(visitor)) == 6


def test_a_form_that_is_too_large_comes_back_with_its_words(visitor: FlaskClient, state: State) -> None:
    for path in ("/board/new?in=market", "/board/new"):
        page = post(visitor, path, ("photo", bytes(MOST_BYTES + 1)), **GOOD, price="500 a bag")
        assert page[0] == 413
        assert "This is too large." in page[2]
        assert "Come and see." in page[2]
        assert 'value="Maize seed"' in page[2]
    post(visitor, "/board/new", **GOOD)
    page = post(visitor, "/board/1", ("photo", bytes(MOST_BYTES + 1)), author="Juma", body="How much?")
    assert (page[0], "How much?" in page[2], "Twenty bags." in page[2]) == (413, True, True)
    assert post(visitor, "/board/post/1/report", ("photo", bytes(1_100_000)))[0] == 413


def test_who_must_choose_again_is_told(visitor: FlaskClient) -> None:
    page = post(visitor, "/board/new", ("photo", picture()), **{**GOOD, "title": ""})
    assert (page[0], "choose the photos and the sound again" in page[2]) == (422, True)
    assert "choose the photos" not in post(visitor, "/board/new", **{**GOOD, "title": ""})[2]


def test_a_double_tap_keeps_its_photos_once(visitor: FlaskClient, state: State) -> None:
    for _ in range(2):
        assert post(visitor, "/board/new", ("photo", picture()), **GOOD, send="s" * 22)[:2] == (303, "/board/1")
    assert len(names(state)) == 2


def test_a_photo_needs_no_words_but_nothing_does(visitor: FlaskClient) -> None:
    assert post(visitor, "/board/new", **{**GOOD, "body": " "})[0] == 422
    assert post(visitor, "/board/new", ("photo", picture()), **{**GOOD, "body": " "})[0] == 303
    assert "–" not in re.sub(r"(?s)<head>.*</head>", "", visitor.get("/board/1").text)
    assert post(visitor, "/board/post/1/change", author="Asha", body="")[0] == 303


@pytest.mark.parametrize("act", [moderation.hide, None], ids=["hidden", "removed"])
def test_photos_go_with_their_post(
    visitor: FlaskClient, state: State, conn: db.Connection, act: Callable[..., None] | None
) -> None:
    post(visitor, "/board/new", ("photo", picture()), **GOOD)
    post(visitor, "/board/1", author="Asha", body="Come by")
    found = links(visitor)
    if act:
        with db.transaction(conn):
            act(conn, 1, OPERATOR)
        assert len(names(state)) == 2, "what is hidden can be shown again"
    else:
        visitor.post("/board/post/1/remove", data={"csrf_token": token(visitor), "remove": "post"})
        assert names(state) == []
    assert [visitor.get(address).status_code for address in found] == [404, 404]


def test_photos_of_members_are_for_members(visitor: FlaskClient, conn: db.Connection) -> None:
    post(visitor, "/board/new?in=market", ("photo", picture()), **GOOD)
    found = links(visitor)
    with visitor.get(found[0]) as answer:
        assert answer.status_code == 200
    conn.execute("UPDATE sections SET members_only = 1 WHERE section = 'market'")
    for address in found:
        answer = visitor.get(address)
        assert answer.status_code == 303
        assert answer.headers["Cache-Control"] == "no-store"


def test_the_oldest_make_room_for_the_newest(visitor: FlaskClient, conn: db.Connection, state: State) -> None:
    post(visitor, "/board/new", ("photo", picture()), **GOOD)
    conn.execute("UPDATE attachments SET size_bytes = 999999")
    keep(conn, attachments_mb=1)
    post(visitor, "/board/new", ("photo", picture()), **GOOD)
    assert links(visitor, "/board/1") == []
    assert len(links(visitor, "/board/2")) == len(names(state)) == 2


def test_a_full_card_keeps_the_words(visitor: FlaskClient, monkeypatch: pytest.MonkeyPatch, state: State) -> None:
    config = replace(visitor.application.extensions["kiosk-site"].config.sync, spare_bytes=10**18)
    monkeypatch.setattr("kiosk.portal.sending._spare_bytes", lambda: config.spare_bytes)
    page = post(visitor, "/board/new", ("photo", picture()), **GOOD)
    assert (page[0], "no room" in page[2], "Come and see." in page[2]) == (422, True, True)
    assert names(state) == []
    assert post(visitor, "/board/new", **GOOD)[0] == 303


def test_an_operator_may_want_none(visitor: FlaskClient, conn: db.Connection, state: State) -> None:
    assert 'type="file"' in visitor.get("/board/new").text
    keep(conn, attachments_mb=0)
    assert 'type="file"' not in visitor.get("/board/new").text
    assert post(visitor, "/board/new", ("photo", picture()), **GOOD)[0] == 303
    assert names(state) == []


def test_a_portal_without_a_converter_takes_words(portal: Flask) -> None:
    site = portal.extensions["kiosk-site"]
    visitor = create_portal(site.config, lambda: NOW).test_client()
    assert 'type="file"' not in visitor.get("/board/new").text
    assert post(visitor, "/board/new", ("photo", picture()), **GOOD)[0] == 303
    assert names(site.state) == []


def test_what_a_cut_left_is_swept_and_nothing_else(visitor: FlaskClient, conn: db.Connection, state: State) -> None:
    post(visitor, "/board/new", ("photo", picture()), **GOOD)
    kept = names(state)
    (state.attachments / "0123456789abcdef.jpg").write_bytes(b"torn")
    attachments.prune(conn, state)
    assert names(state) == kept
