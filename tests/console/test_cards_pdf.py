"""Members' cards as a PDF, drawn and looked at as a printer's reader would."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from PIL import Image
from pypdf import PdfReader

from kiosk.console import members as pages
from kiosk.host import rsvg
from kiosk.store import cards, db, members
from kiosk.store.cards import Press
from kiosk.web import card
from tests.console import test_board
from tests.console.entering import HOST
from tests.making import Village

conn = test_board.conn
console = test_board.console

PATIENCE_SECONDS = 60
A4 = (595, 842)
"""In points."""
NAMES = (
    "Amina Okello", "محمد بن عبد الله", "श्रीमती कृष्णा त्रिपाठी", "José Ñandú Gonçalves", "Ŋakarimojoŋ Lokwang",
    "Zoë Œuvré", "Wanjirũ wa Mũgĩthi-Nyambura Kimathi Thuku", "<b>Juma</b> & Co", "मीना", "مريم", "Li",
)  # fmt: skip


@pytest.fixture
def press(village: Village, conn: db.Connection) -> Press:
    """The press of a kiosk whose eleven members have cards."""
    press = Press(village.state.secret("cards"))
    for number, name in enumerate(NAMES, 1):
        members.add(conn, name, village.clock(), number)
        cards.issue(conn, press, number, "4963", village.clock())
    return press


def drawn(pdf: bytes, folder: Path) -> list[Path]:
    """Return a picture of each page."""
    (folder / "cards.pdf").write_bytes(pdf)
    command = ["pdftoppm", "-r", "150", "-png", str(folder / "cards.pdf"), str(folder / "page")]
    subprocess.run(command, check=True, timeout=PATIENCE_SECONDS)
    return sorted(folder.glob("page-*.png"))


def scanned(picture: Path) -> list[str]:
    """Return what a reader of QR codes finds in a picture."""
    command = ["zbarimg", "--quiet", "--raw", "--nodbus", str(picture)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE_SECONDS)
    return done.stdout.split()


def test_ten_cards_stand_on_a_page_of_a4_and_their_codes_are_read(
    console: FlaskClient, conn: db.Connection, village: Village, press: Press, tmp_path: Path
) -> None:
    assert "/members/cards.pdf" in console.get("/members", **HOST).text
    answer = console.get("/members/cards.pdf", **HOST)
    assert answer.content_type == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="cards-2026-11-24')
    assert answer.headers["Cache-Control"] == "no-store"
    read = PdfReader(io.BytesIO(answer.data))
    assert [(round(page.mediabox.width), round(page.mediabox.height)) for page in read.pages] == [A4, A4]
    portal = village.config.portal.url
    codes = {f"{portal}/c/{cards.printed(conn, press, number).token}" for number in range(1, 12)}
    first, second = drawn(answer.data, tmp_path)
    assert (len(scanned(first)), len(scanned(second))) == (10, 1)
    assert {*scanned(first), *scanned(second)} == codes
    words = "".join(page.extract_text() for page in read.pages)
    assert "Amina Okello" in words
    assert card.grouped(cards.printed(conn, press, 1).code) in words


def test_ticked_members_alone_are_on_it_and_no_revoked_card(
    console: FlaskClient, conn: db.Connection, village: Village, press: Press, tmp_path: Path
) -> None:
    cards.revoke(conn, 3, village.clock())
    (page,) = drawn(console.get("/members/cards.pdf?m=2&m=3&m=x", **HOST).data, tmp_path)
    assert len(scanned(page)) == 1
    assert console.get("/members/cards.pdf?m=3", **HOST).location == "/members/cards"


def test_too_many_cards_and_a_machine_that_can_not_are_told(
    console: FlaskClient, press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(pages, "MOST_SHEETS", 1)
        page = console.get("/members/cards.pdf", **HOST, follow_redirects=True).text
        assert "Please tick at most 10 members." in page
    monkeypatch.setenv("PATH", "")
    assert "The machine did not do it" in console.get("/members/cards.pdf", **HOST, follow_redirects=True).text
    assert "cards.pdf" not in console.get("/members", **HOST).text


@pytest.mark.parametrize(("word", "apart"), [("محمد", "م ح م د"), ("क्षत्रिय", "क्\u200cषत्\u200cरिय")])
def test_letters_are_joined_as_they_are_written(tmp_path: Path, word: str, apart: str) -> None:
    def ink(name: str) -> int:
        face = card.Face("", "", name, 1, "x", "")
        (page,) = drawn(rsvg.pdf([card.svg(face)]), tmp_path)
        left = Image.open(page).convert("L").crop((20, 80, 240, 145))
        found = left.point(lambda light: 255 * (light < 128)).getbbox()
        assert found
        return found[2] - found[0]

    assert ink(word) < 0.9 * ink(apart)


def test_a_long_name_is_written_on_two_lines_and_none_is_cut() -> None:
    face = card.Face("Umoja", "http://kiosk.lan", "", 1, "x", "1" * 12)
    for name in (*NAMES, "W" * 60, "a " * 30):
        drawn = card.svg(card.Face(**{**face.__dict__, "name": name.strip()}))
        assert drawn.count("<text") == (6 if len(name.strip()) > card.ON_A_LINE and " " in name.strip() else 5), name
