"""`kiosk setup` makes an operator once, with a card that can be read; `kiosk health` asks the sites."""

from __future__ import annotations

import io
import re
import stat
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from pypdf import PdfReader

from kiosk.clock import system_clock
from kiosk.host import certificate
from kiosk.host.wifi import Network, described, rewritten
from kiosk.store import db, operators
from kiosk.web import setup_card
from kiosk.web.setup_card import Face
from tests.cli.commands import configure, run

ROOT = Path(__file__).parents[2]
FACE = Face(
    kiosk="Kijiji",
    wifi='So;ko "1"',
    wifi_password="maize and beans",
    portal="http://kiosk.lan",
    console="https://console.kiosk.lan",
    fingerprint=":".join(["AB"] * 32),
    operator="operator",
    password="abcdefghjkmn",
)


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-batch",
         "-subj", "/CN=console.kiosk.lan", "-keyout", tmp_path / "key", "-out", tmp_path / "pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    return tmp_path / "pem"


def test_a_fingerprint_is_the_one_that_browsers_show(pem: Path) -> None:
    told = subprocess.run(
        ["openssl", "x509", "-noout", "-fingerprint", "-sha256", "-in", pem], check=True, capture_output=True, text=True
    ).stdout
    assert certificate.fingerprint(pem.read_text()) == told.strip().partition("=")[2]


def test_setup_makes_one_operator_and_a_card_once(tmp_path: Path, pem: Path) -> None:
    config = configure(tmp_path / "kiosk.yaml", tmp_path / "state", tmp_path / "root.json")
    hotspot = tmp_path / "hostapd.conf"
    hotspot.write_text(rewritten("interface=wlan0\n", Network("Kijiji", "maize and beans", 6)))
    words = ("setup", "--config", config, "--hotspot", hotspot, "--certificate", pem, "--card", tmp_path / "card")
    done = run(*words)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "card" / "card.txt").read_text()
    found = re.search(r"First password: ([\w-]+)", text)
    assert found
    assert found[1] not in done.stdout + done.stderr, "the journal is no place for a password"
    assert "Wi-Fi: Kijiji" in text
    for name in ("card.txt", "card.pdf"):
        assert stat.S_IMODE((tmp_path / "card" / name).stat().st_mode) == 0o600
    with closing(db.connect(tmp_path / "state" / "kiosk.sqlite3")) as conn:
        (only,) = operators.all_of(conn)
        assert operators.fits(operators.count_guess(conn, only.name, system_clock()), found[1])
    assert stat.S_IMODE((tmp_path / "state" / "kiosk.sqlite3").stat().st_mode) == 0o660
    assert run(*words).stdout == "there is an operator: nothing to do\n"
    assert (tmp_path / "card" / "card.txt").read_text() == text
    with closing(db.connect(tmp_path / "state" / "kiosk.sqlite3")) as conn, db.transaction(conn):
        operators.choose_password(conn, only.name, "a sentence that is long enough", system_clock())
    assert run(*words).returncode == 0
    assert list((tmp_path / "card").iterdir()) == [], "nobody needs it any more"


def test_no_operator_is_made_whose_password_nobody_has(tmp_path: Path) -> None:
    config = configure(tmp_path / "kiosk.yaml", tmp_path / "state", tmp_path / "root.json")
    (tmp_path / "card").write_text("a file in the place of the folder")
    assert run("setup", "--config", config, "--card", tmp_path / "card" / "in").returncode == 7
    done = run("setup", "--config", config, "--hotspot", tmp_path / "none", "--card", tmp_path / "good")
    assert done.returncode == 7
    with closing(db.connect(tmp_path / "state" / "kiosk.sqlite3")) as conn:
        assert operators.all_of(conn) == []


def test_the_card_says_everything_and_cuts_nothing() -> None:
    read = PdfReader(io.BytesIO(setup_card.pdf(FACE)))
    (page,) = read.pages
    words = page.extract_text()
    for value in (FACE.kiosk, FACE.wifi, FACE.wifi_password, FACE.portal, FACE.console, FACE.operator, FACE.password):
        assert value in words
    assert FACE.fingerprint[:47] in words


def test_the_code_on_the_card_joins_the_wifi() -> None:
    assert FACE.join == 'WIFI:T:WPA;S:So\\;ko \\"1\\";P:maize and beans;;'
    assert Face("K", "Soko", "", "p", "c", "", "o", "w").join == "WIFI:T:nopass;S:Soko;;"
    assert Face("K", "", "", "p", "c", "", "o", "w").join == ""


@pytest.mark.parametrize("text", ["", "ssid2=zz\n", "channel=x\n"])
def test_what_describes_no_network_is_none(text: str) -> None:
    assert described(text).name == ""


def test_health_names_who_does_not_answer(tmp_path: Path) -> None:
    config = configure(tmp_path / "kiosk.yaml", tmp_path / "state", tmp_path / "root.json")
    config.write_text(config.read_text().replace("8080", "1").replace("8081", "1"))
    done = run("health", "--config", config)
    assert done.returncode == 7
    assert "no answer from: portal, library" in done.stderr
