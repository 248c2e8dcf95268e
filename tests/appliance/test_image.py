"""The card's image: nothing of it is one kiosk's own, and an emulated arm64 starts from it to a portal that answers."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.appliance import card, looking
from tests.appliance.card import BOOT, DATA, SYSTEM, Card, Image
from tests.appliance.conftest import report
from tests.appliance.running import run, until
from tests.appliance.tree import Tree

pytestmark = pytest.mark.long
WISHES = "name: Umoja: ñ\r\nwifi name: Soko\r\nwifi password: open\r\n"
FIRST_START_SECONDS = 1800
CHOOSE = """
import contextlib
from pathlib import Path
from kiosk.clock import system_clock
from kiosk.store import db, operators
with contextlib.closing(db.connect(Path("/var/lib/kiosk/kiosk.sqlite3"))) as conn, db.transaction(conn):
    operators.choose_password(conn, "operator", "a sentence that is long enough", system_clock())
"""


@pytest.fixture(scope="module")
def image(tree: Tree) -> Image:
    return card.made(tree)


@contextmanager
def opened(image: Image, partition: int, at: Path) -> Iterator[Path]:
    at.mkdir()
    run("mount", "-o", f"ro,loop,noload,offset={image.start_bytes(partition)}", image.path, at)
    try:
        yield at
    finally:
        run("umount", at)


def test_nothing_of_it_is_one_kiosks_own(image: Image, tmp_path: Path) -> None:
    report(f"image: {image.path.stat().st_size >> 20} MiB, of which {image.path.stat().st_blocks >> 11} are written")
    with opened(image, SYSTEM, tmp_path / "system") as at:
        assert (at / "etc/machine-id").read_text() == ""
        assert list((at / "etc/ssh").glob("ssh_host_*")) == []
        assert list((at / "srv/kiosk").iterdir()) == []
        assert not (at / "var/lib/systemd/random-seed").exists()
        assert [path for path in (at / "opt/kiosk", at / "var/lib/kiosk") if list(path.iterdir())] == []
        assert (at / "etc/hostname").read_text() == "kiosk\n"
        assert 'overlayroot="tmpfs' in (at / "etc/overlayroot.conf").read_text()
    with opened(image, DATA, tmp_path / "data") as at:
        made = {path.name for folder in at.glob("var.lib.*") for path in folder.iterdir()}
        assert made == {"hostapd.conf"}, "no key, no database, no card"
        assert (at / "opt.kiosk/current/bin/kiosk").exists()
    boot = ("-i", f"{image.path}@@{image.start_bytes(BOOT)}")
    words = run("mtype", *boot, "::cmdline.txt")
    assert "root=LABEL=RASPIROOT" in words
    assert "cma=" not in words
    for name in ("start.elf", "start4.elf", "config.txt", "kiosk.txt", "bcm2711-rpi-4-b.dtb"):
        run("mdir", "-b", *boot, f"::{name}")


@pytest.fixture(scope="module")
def kiosk(image: Image, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Card]:
    """A card on which somebody wrote wishes; its power goes in the middle of the first start."""
    copy = tmp_path_factory.mktemp("card") / "image"
    run("cp", "--sparse=always", image.path, copy, seconds=600)
    run("mcopy", "-o", "-i", f"{copy}@@{image.start_bytes(BOOT)}", "-", "::kiosk.txt", given=WISHES)
    with card.machine(Image(copy, image.key)) as found:
        found.switch_on()
        until(lambda: "Use the whole card" in found.console(), "the card being grown", FIRST_START_SECONDS, pause=0.2)
        found.cut_power()
        report(f"image: first start, after one that was cut: ready in {found.start():.0f} s (emulated)")
        yield found
    shutil.rmtree(copy.parent)


def test_it_starts_to_a_portal_that_answers(kiosk: Card) -> None:
    assert looking.failed_units(kiosk) == []
    assert "portal and library answer" in kiosk.run("/opt/kiosk/bin/kiosk", "health")
    page = kiosk.run("curl", "-s", "-L", "--resolve", "kiosk.lan:80:127.0.0.1", "http://kiosk.lan/")
    assert "Umoja: ñ" in page
    assert kiosk.run("findmnt", "-n", "-o", "SOURCE", "/") == "overlayroot\n"
    assert "ro," in kiosk.run("findmnt", "-n", "-o", "OPTIONS", "/boot/firmware")


def test_it_took_the_whole_card(kiosk: Card) -> None:
    size = int(kiosk.run("df", "--output=size", "-B1", "/srv/kiosk").split()[-1])
    report(f"image: {size >> 20} MiB for what is kept, of a card of {card.CARD_BYTES >> 20} MiB")
    assert size > card.CARD_BYTES * 5 // 10
    assert kiosk.run("systemctl", "is-active", "kiosk-grow.service") == "active\n"


def test_the_card_is_handed_over_and_taken_back(kiosk: Card) -> None:
    text = kiosk.run("cat", "/boot/firmware/card.txt")
    assert "Wi-Fi: Soko\nWi-Fi password: none: open to all\n" in text
    assert "First password: " in text
    assert kiosk.run("head", "-c5", "/boot/firmware/card.pdf") == "%PDF-"
    secrets = kiosk.run("sha256sum", "/var/lib/kiosk-tls/console.key", "/srv/kiosk/ssh/ssh_host_ed25519_key")
    kiosk.run("runuser", "-u", "kiosk", "--", "/opt/kiosk/current/bin/python", "-c", CHOOSE)
    kiosk.restart()
    assert kiosk.run("sh", "-c", "ls /boot/firmware/card.*", check=False) == ""
    assert secrets == kiosk.run("sha256sum", "/var/lib/kiosk-tls/console.key", "/srv/kiosk/ssh/ssh_host_ed25519_key")
    assert looking.failed_units(kiosk) == []
