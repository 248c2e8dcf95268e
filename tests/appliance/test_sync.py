"""New content comes by itself: when the uplink appears, and on a stick where there is none."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.appliance import federation as federations
from tests.appliance import image, kiosks, looking, network, sticks
from tests.appliance import machine as machines
from tests.appliance import tree as trees
from tests.appliance.conftest import report
from tests.appliance.container import Container
from tests.appliance.federation import Federation
from tests.appliance.kiosks import Provisioned
from tests.appliance.machine import Machine
from tests.appliance.running import Place, free_port, until
from tests.sync import book_editions

PAGE = ("curl", "-s", "--max-time", "20", "--noproxy", "*", "-H", "Host: kiosk.lan", "http://127.0.0.1/")
KIOSK = "/usr/local/bin/kiosk"
SYNC = "kiosk-sync.service"
BOOK_PAGES = 600
"""Of a small book a kiosk does not ask what it is before it fetches it."""
SLOW = 20_000
"""A stick's bytes a second, so that there is time to pull it out."""


@dataclass(frozen=True)
class Village:
    """A kiosk in a container, and a copy of its federation that releases new things."""

    kiosk: Container
    federation: Federation


@pytest.fixture(scope="module")
def village(provisioned: Provisioned, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Village]:
    with kiosks.container(provisioned) as kiosk:
        kiosk.start()
        until(lambda: "10.0.2.15" in kiosk.run("ip", "-br", "address", "show", "eth0"), "an uplink")
        yield Village(kiosk, _own(provisioned, tmp_path_factory))


def _own(provisioned: Provisioned, folders: pytest.TempPathFactory) -> Federation:
    folder = folders.mktemp("federation") / "own"
    shutil.copytree(provisioned.federation.folder, folder)
    return Federation(folder)


def _shows(place: Place, title: str) -> bool:
    return title in place.run(*PAGE, check=False)


def _is_well(place: Place) -> None:
    assert looking.failed_units(place) == []
    assert "<html" in place.run(*PAGE)


def _sync_once(place: Place) -> None:
    """Have a sync fail that an operator asked for, so that the next would wait."""
    place.run("systemctl", "start", "kiosk-sync-now.service", check=False, seconds=180)
    place.run("systemctl", "reset-failed")
    assert re.search("not now: the last sync failed", place.run(KIOSK, "sync", "run", "--due"))


def test_networkmanager_alone_has_the_uplink_and_says_whether_it_is_metered(village: Village) -> None:
    kiosk = village.kiosk
    asked = ("systemctl", "is-active", "NetworkManager.service", "systemd-networkd.service")
    assert kiosk.run(*asked, check=False).split() == ["active", "inactive"]
    devices = dict(
        line.split(":")[:2] for line in kiosk.run("nmcli", "-t", "-f", "DEVICE,STATE", "device").split("\n")[:-1]
    )
    assert (devices["eth0"], devices["wlan0"]) == ("connected", "unmanaged")
    assert trees.NAMESERVER in kiosk.run("cat", "/etc/resolv.conf")
    connection = kiosk.run("nmcli", "-t", "-g", "GENERAL.CONNECTION", "device", "show", "eth0").strip()
    told = (
        "systemd-run", "--quiet", "--wait", "--pipe", "-p", "User=kiosk", *_walls(kiosk),
        "/opt/kiosk/current/bin/python", "-c", "from kiosk.host import link; print(link.is_metered())",
    )  # fmt: skip
    for said, metered in (("yes", "True"), ("no", "False")):
        kiosk.run("nmcli", "connection", "modify", connection, "connection.metered", said)
        kiosk.run("nmcli", "device", "reapply", "eth0")
        until(partial(_says, kiosk, told, metered), f"the word that it is metered: {said}", 20)


def _says(kiosk: Container, words: tuple[str, ...], answer: str) -> bool:
    return kiosk.run(*words).strip() == answer


def _walls(kiosk: Container) -> list[str]:
    """Return the walls of the unit that syncs, as words for a command."""
    lines = kiosk.run("cat", f"/etc/systemd/system/{SYNC}").splitlines()
    kinds = ("Protect", "Private", "Restrict", "SystemCall", "Capability", "NoNew", "Memory", "Lock")
    return [word for line in lines if line.startswith(kinds) for word in ("-p", line)]


def test_a_release_comes_by_itself_when_the_uplink_appears(village: Village) -> None:
    kiosk, laptop = village.kiosk, village.kiosk.network
    laptop.uplink(up=False)
    _sync_once(kiosk)
    _is_well(kiosk)
    village.federation.new_notice("Rain on Friday", 2)
    place = network.inside(laptop.laptop)
    with federations.served(village.federation, network.LAPTOP, federations.PORT, place):
        assert not _shows(kiosk, "Rain on Friday")
        laptop.uplink(up=True)
        seconds = until(lambda: _shows(kiosk, "Rain on Friday"), f"it; {looking.why(kiosk, SYNC)}", 90)
    report(f"container: a new release is on the portal {seconds:.0f} s after the uplink appeared")
    _is_well(kiosk)


def test_the_hotspots_own_cable_begins_nothing(village: Village) -> None:
    kiosk = village.kiosk
    script = "/etc/NetworkManager/dispatcher.d/50-kiosk-sync"
    for words in (("wlan0", "up"), ("lo", "up"), ("eth0", "down"), ("eth0", "dhcp4-change")):
        kiosk.run(script, *words)
        assert "came" not in kiosk.run("ls", "/run/kiosk-link", check=False)
    kiosk.run(script, "usb0", "up")
    until(lambda: "came" not in kiosk.run("ls", "/run/kiosk-link", check=False), "a sync that has seen it")


def test_an_uplink_that_vanishes_meanwhile_leaves_all_in_order(village: Village) -> None:
    kiosk, laptop = village.kiosk, village.kiosk.network
    village.federation.new_notice("Rain on Saturday", 3)
    place = network.inside(laptop.laptop)
    with federations.served(village.federation, network.LAPTOP, federations.PORT, place):
        kiosk.run(KIOSK, "sync", "budget", "--rate", "1")
        log = village.federation.folder / "http.log"
        before = log.read_text().count("GET")
        kiosk.run("systemctl", "start", "--no-block", "kiosk-sync-now.service")
        until(lambda: log.read_text().count("GET") > before, "a sync that fetches")
        laptop.uplink(up=False)
        _is_well(kiosk)
        kiosk.run("systemctl", "stop", "kiosk-sync-now.service")
        _is_well(kiosk)
        assert not _shows(kiosk, "Rain on Saturday")
        kiosk.run(KIOSK, "sync", "budget", "--rate", "0")
        _sync_once(kiosk)
        laptop.uplink(up=True)
        until(lambda: _shows(kiosk, "Rain on Saturday"), f"it; {looking.why(kiosk, SYNC)}", 90)
    _is_well(kiosk)


@dataclass(frozen=True)
class Farm:
    """A kiosk in a machine, its federation, and the port of loopback where it asks for releases."""

    kiosk: Machine
    federation: Federation
    port: int


@pytest.fixture(scope="module")
def farm(provisioned: Provisioned, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    """A machine with the kiosk."""
    port, disk = free_port(), tmp_path_factory.mktemp("disk") / "disk"
    with trees.copied(provisioned.tree.root, provisioned.changes) as copy:
        path = copy.root / "etc/kiosk/kiosk.yaml"
        path.write_text(path.read_text().replace(kiosks.MIRROR, f"http://{network.LAPTOP}:{port}"))
        image.write(copy.root, disk)
    with machines.machine(provisioned.tree, disk, sticks.OPTIONS) as found:
        found.start()
        yield Farm(found, _own(provisioned, tmp_path_factory), port)


@pytest.mark.long
def test_on_a_real_kernel_a_release_comes_with_the_cable(farm: Farm) -> None:
    kiosk, own = farm.kiosk, farm.federation
    kiosk.uplink(up=False)
    _sync_once(kiosk)
    own.new_notice("Rain on Friday", 2)
    with federations.served(own, "127.0.0.1", farm.port):
        kiosk.uplink(up=True)
        seconds = until(lambda: _shows(kiosk, "Rain on Friday"), "it", 180, pause=1)
    report(f"machine: a new release is on the portal {seconds:.0f} s after the cable was plugged in")
    _is_well(kiosk)


@pytest.mark.long
def test_a_stick_brings_a_release_where_there_is_no_uplink_and_may_be_pulled_out(farm: Farm, tmp_path: Path) -> None:
    kiosk, own = farm.kiosk, farm.federation
    kiosk.uplink(up=False)
    own.new_notice("Rain on Sunday", 4)
    stick = sticks.fat(tmp_path / "a", "a", own.repository)
    stick.put_in(kiosk)
    seconds = until(lambda: _shows(kiosk, "Rain on Sunday"), "it", 180, pause=1)
    report(f"machine: a new release is on the portal {seconds:.0f} s after the stick was put in")
    _rests(kiosk)
    stick.pull_out(kiosk)
    own.new_notice("Rain on Monday", 5)
    stick = sticks.fat(tmp_path / "b", "b", own.repository)
    stick.put_in(kiosk, SLOW)
    until(lambda: "/run/kiosk-usb/" in kiosk.run("cat", "/proc/mounts"), "a stick that is read", pause=0.5)
    stick.pull_out(kiosk)
    _rests(kiosk)
    until(lambda: "/run/kiosk-usb/" not in kiosk.run("cat", "/proc/mounts"), "nothing of the stick", pause=1)
    _is_well(kiosk)
    assert not _shows(kiosk, "Rain on Monday")


@pytest.mark.long
def test_a_book_is_taken_from_a_stick_without_an_uplink_once_it_is_known_to_be_on_offer(
    farm: Farm, tmp_path: Path
) -> None:
    kiosk, own = farm.kiosk, farm.federation
    zim = book_editions.write_zim(tmp_path / "pages", tmp_path / "manual.zim", book_editions.pages(BOOK_PAGES))
    own.new_book(zim, "A field manual", 2)
    kiosk.run("systemctl", "mask", "--runtime", SYNC)
    with federations.served(own, "127.0.0.1", farm.port):
        kiosk.uplink(up=True)
        until(lambda: "farming-handbook" in kiosk.run(KIOSK, "sync", "plan", check=False), "it on offer", 120, pause=1)
    kiosk.uplink(up=False)
    kiosk.run("systemctl", "unmask", "--runtime", SYNC)
    stick = sticks.with_book(tmp_path / "e", "e", zim)
    stick.put_in(kiosk)
    shelf = (*PAGE[:-1], f"{PAGE[-1]}library")
    seconds = until(lambda: "A field manual" in kiosk.run(*shelf, check=False), "it on the shelf", 240, pause=1)
    report(
        f"machine: a book of {zim.stat().st_size:,} bytes is on the shelf {seconds:.0f} s after the stick was put in"
    )
    _rests(kiosk)
    stick.pull_out(kiosk)
    assert "farming-handbook 2 " in kiosk.run(KIOSK, "sync", "status")
    found = kiosk.run(*PAGE[:-1], f"{PAGE[-1]}search?q=maize")
    assert re.search(r"/page-\d{4}\.html", found), found
    _is_well(kiosk)


@pytest.mark.long
def test_sticks_are_filled_for_the_next_kiosk(farm: Farm, tmp_path: Path) -> None:
    kiosk = farm.kiosk
    stick = sticks.fat(tmp_path / "c", "c", fill=True)
    stick.put_in(kiosk)
    until(lambda: sticks.holds(stick, "kiosk-repository/metadata/timestamp.json"), "a stick that is filled", 120, 1)
    _rests(kiosk)
    stick.pull_out(kiosk)
    until(lambda: "sda" not in kiosk.run("ls", "/dev"), "a stick that is out")
    stick = sticks.exfat(tmp_path / "d", "d")
    stick.put_in(kiosk)
    until(lambda: "/run/kiosk-usb/" in kiosk.run("cat", "/proc/mounts"), "a stick that is read", pause=0.5)
    _rests(kiosk)
    kiosk.run(KIOSK, "backup", "key")
    kiosk.run("systemctl", "start", "kiosk-backup-now.service")
    kiosk.run("systemctl", "start", "kiosk-backup-stick@sda.service")
    kiosk.run("systemctl", "start", "kiosk-export@sda.service")
    kiosk.run("mount", "/dev/sda", "/mnt")
    assert "timestamp.json" in kiosk.run("ls", "/mnt/kiosk-repository/metadata", check=False), kiosk.run("ls", "/mnt")
    assert "kiosk-backup" in kiosk.run("find", "/mnt"), kiosk.run("find", "/mnt")
    kiosk.run("umount", "/mnt")
    _is_well(kiosk)


def _rests(kiosk: Machine) -> None:
    """Wait until nothing is done with a stick."""
    asked = ("systemctl", "list-units", "--plain", "--no-legend", "--state=activating,deactivating", "kiosk-usb@*")
    until(lambda: not kiosk.run(*asked), "a stick that rests", 120, pause=1)
