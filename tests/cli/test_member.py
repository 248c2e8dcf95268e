"""`kiosk member`: adding, importing, printing, revoking."""

from __future__ import annotations

import csv
import json
import re
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree

import pytest

from kiosk.clock import system_clock
from kiosk.store import cards, db, sessions
from kiosk.store.cards import Press
from kiosk.store.state import State
from tests.cli.commands import configure, run


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return configure(tmp_path / "kiosk.yaml", tmp_path / "state", tmp_path / "root.json")


def opens(config: Path, shown: str, pin: str) -> bool:
    """Tell whether what is shown of a card and a PIN fit, as the portal asks."""
    state = State(config.parent / "state")
    press = Press(state.secret("cards"))
    with closing(db.connect(state.database)) as conn, db.transaction(conn):
        guess = sessions.count_guess(conn, press, shown, "a phone", system_clock())
        return guess is not None and sessions.fits(press, guess, pin)


def printed(out: str) -> tuple[str, str]:
    """Return code and PIN from what a command printed."""
    code, pin = re.search(r"code: +([\d ]{14}),", out), re.search(r"PIN: +(\d{4})\n", out)
    assert code
    assert pin
    return code[1], pin[1]


def test_add_print_revoke_and_reissue(config: Path, tmp_path: Path) -> None:
    done = run("member", "add", "Amina Okello", "--out", tmp_path / "card.svg", "--config", config)
    assert done.returncode == 0, done.stderr
    code, pin = printed(done.stdout)
    assert opens(config, code, pin)
    card = (tmp_path / "card.svg").read_text()
    assert pin not in card.replace(code, "")
    again = run("member", "card", "1", "--config", config)
    assert code in again.stdout
    assert "PIN" not in again.stdout
    assert "▀" in again.stdout
    assert "card valid, phones 0" in run("member", "list", "--config", config).stdout
    assert "is revoked" in run("member", "revoke", "1", "--config", config).stdout
    assert "no valid card" in run("member", "revoke", "1", "--config", config).stdout
    assert not opens(config, code, pin)
    fresh_code, fresh_pin = printed(run("member", "reissue", "1", "--config", config).stdout)
    assert fresh_code != code
    assert opens(config, fresh_code, fresh_pin)


def test_a_card_is_a_picture_of_a_cards_size(config: Path, tmp_path: Path) -> None:
    name = "Namuddu <b>Florence</b> & " + "a" * 50
    run("member", "add", name, "--number", "812", "--pin", "407118", "--out", tmp_path / "card.svg", "--config", config)
    root = ElementTree.parse(tmp_path / "card.svg").getroot()
    assert root.get("width") == "85.6mm"
    texts = [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert name in " ".join(each or "" for each in texts)
    assert "№ 812" in texts
    assert "kiosk.test/members" in texts


def test_a_locked_card_is_seen_and_unlocked(config: Path) -> None:
    code, pin = printed(run("member", "add", "Juma", "--config", config).stdout)
    state = State(config.parent / "state")
    with closing(db.connect(state.database)) as conn, db.transaction(conn):
        conn.execute("UPDATE cards SET failures = ?", (cards.MOST_FAILURES,))
    (told,) = json.loads(run("member", "list", "--json", "--config", config).stdout)
    assert (told["card"], told["wrong_pins"]) == ("locked", 10)
    assert "is open to its PIN again" in run("member", "unlock", "1", "--config", config).stdout
    assert opens(config, code, pin)


def test_import(config: Path, tmp_path: Path) -> None:
    run("member", "add", "Old Name", "--number", "7", "--config", config)
    file = tmp_path / "members.csv"
    file.write_bytes('\ufeffnumber,name,village\r\n7,New Name,x\r\n12,فاطمة,y\r\n9,"Okello, Amina",z\r\n'.encode())
    done = run("member", "import", file, "--config", config)
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(done.stdout.splitlines()))
    assert [(row["number"], row["name"]) for row in rows] == [("12", "فاطمة"), ("9", "Okello, Amina")]
    assert all(opens(config, row["code"], row["pin"]) for row in rows)
    assert "7  New Name" in run("member", "list", "--config", config).stdout


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"name\nx\n", ":1: there are no columns number and name"),
        (b"number,name\n1,Amina\n2,\n", ":3: name: Please fill in this field."),
        (b"number,name\n1,Amina\nx,Juma\n", ":3: 'x' is not a member's number"),
        (b"number,name\n0,Amina\n", ":2: number: This number is too small or too large."),
        (b"number,name\n1,Amina\n1,Juma\n", ":3: the number 1 stands on two lines"),
        (b"number,name\n1\n", ":2: name: Please fill in this field."),
        (b"number,name\n1,\xff\n", "this is not CSV in UTF-8"),
    ],
)
def test_a_file_with_a_mistake_is_taken_not_at_all(config: Path, tmp_path: Path, text: bytes, problem: str) -> None:
    (tmp_path / "members.csv").write_bytes(text)
    done = run("member", "import", tmp_path / "members.csv", "--config", config)
    assert done.returncode == 3
    assert problem in done.stderr
    assert json.loads(run("member", "list", "--json", "--config", config).stdout) == []


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("add", " "), 8),
        (("add", "Juma", "--pin", "12"), 8),
        (("add", "Juma", "--number", "1"), 6),
        (("card", "99"), 6),
        (("revoke", "99"), 6),
        (("reissue", "99"), 6),
        (("unlock", "99"), 6),
    ],
)
def test_what_can_not_be_done_is_told(config: Path, words: tuple[str, ...], code: int) -> None:
    run("member", "add", "Amina", "--config", config)
    done = run("member", *words, "--config", config)
    assert done.returncode == code
    assert "error: " in done.stderr
    assert len(json.loads(run("member", "list", "--json", "--config", config).stdout)) == 1
