"""What is wrong with a kiosk or with what it is told: it stops before it changes anything, or serves what it can and
says on the console what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.appliance import image, kiosks, looking, operator, playbook
from tests.appliance.container import Container
from tests.appliance.kiosks import ROOT, SITE, Provisioned
from tests.appliance.operator import KIOSK, Phone
from tests.appliance.running import run

WRONG = {
    "kiosk_name": "",
    "kiosk_hostname": "my kiosk",
    "kiosk_cooperative": 7,
    "kiosk_contact": "Amina",
    "kiosk_time_zone": "../../etc/passwd",
    "kiosk_portal_host": "kiosk",
    "kiosk_library_host": "books",
    "kiosk_console_host": "kiosk",
    "kiosk_mirrors": "https://federation.example",
    "kiosk_channels": [],
    "kiosk_trusted_root": "/nowhere/1.root.json",
    "kiosk_most_mb": "lots",
    "kiosk_spare_mb": 1,
    "kiosk_neighbours": "perhaps",
    "kiosk_offers_packs": 2,
    "kiosk_again_hours": 0,
    "kiosk_country": "Uganda",
    "kiosk_wifi_interface": "wlan0; reboot",
    "kiosk_wifi_name": "x" * 33,
    "kiosk_wifi_password": "short",
    "kiosk_wifi_channel": 14,
    "kiosk_wifi_most_phones": -1,
    "kiosk_hotspot_address": "10.77.0.300",
    "kiosk_hotspot_public_address": "8.8.8.8",
    "kiosk_lease_minutes": 1,
    "kiosk_hotspot_internet": "",
    "kiosk_uplink_wifi_name": "Büro " * 7,
    "kiosk_uplink_wifi_password": "short",
    "kiosk_uplink_apn": "an access point",
    "kiosk_ssh": "by key",
    "kiosk_bundle": "/nowhere/kiosk.tar",
    "kiosk_fetches_packages": "no thanks",
    "kiosk_data_partition": "the second",
    "kiosk_read_only_system": "yes please",
    "kiosk_hardware_watchdog": "dog",
    "kiosk_journal_mb": 1,
    "kiosk_zram_percent": 300,
    "kiosk_cache_mb": 2,
}
UNKNOWN = "kiosk_wifi_passwort"
MARK = "find / -xdev -newer /root/mark -not -path '/proc/*' -not -path '/root*' -not -path '/tmp*' -type f"
CARD_BYTES = 400 << 20


@contextmanager
def started(provisioned: Provisioned, folder: Path) -> Iterator[tuple[Container, Phone]]:
    with kiosks.container(provisioned) as kiosk:
        kiosk.start()
        phone = operator.on_the_hotspot(kiosk, folder)
        yield kiosk, phone


@pytest.fixture(scope="module")
def kiosk(provisioned: Provisioned, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Container, Phone]]:
    with started(provisioned, tmp_path_factory.mktemp("phone")) as found:
        found[1].sign_in()
        yield found


def test_every_wrong_variable_is_named_with_an_example_and_nothing_is_changed(
    provisioned: Provisioned, kiosk: tuple[Container, Phone]
) -> None:
    known = yaml.safe_load((ROOT / "provisioning/group_vars/all.yml").read_text())
    assert sorted(WRONG) == sorted(known), "a wrong value for each variable there is"
    values = kiosks.variables(provisioned.federation) | WRONG | {UNKNOWN: "maize and beans"}
    kiosk[0].run("touch", "/root/mark")
    done = playbook.play(kiosk[0].ssh, SITE, values)
    assert (done.well, done.changed, done.failed) == (False, 0, 1), done.printed
    assert "Nothing was changed. Please set, in the inventory:" in done.printed
    printed = " ".join(done.printed.split())  # its lines are wrapped
    for name in WRONG:
        said = re.findall(rf" - ['\"]*{name}: (.*?)(?= - |$)", printed)
        assert len(said) == 1, (name, done.printed)
        assert re.search("such as|true or false", said[0]), said
    assert f"{UNKNOWN}: there is no such variable" in done.printed
    changed = kiosk[0].run("sh", "-c", MARK).split()
    assert [path for path in changed if path.startswith(("/etc", "/opt", "/usr", "/boot"))] == []


def test_one_wrong_variable_is_enough(provisioned: Provisioned, kiosk: tuple[Container, Phone]) -> None:
    values = kiosks.variables(provisioned.federation) | {"kiosk_country": "ug"}
    done = playbook.play(kiosk[0].ssh, SITE, values)
    assert (done.well, done.changed) == (False, 0), done.printed
    assert re.findall(r" - ['\"]*(kiosk_\w+):", done.printed) == ["kiosk_country"]


def test_a_machine_that_is_reached_by_the_hotspots_radio_is_not_cut_off(
    provisioned: Provisioned, kiosk: tuple[Container, Phone]
) -> None:
    kept = kiosk[0].run("ip", "route", "show", "default").split()
    kiosk[0].run("ip", "route", "delete", "default")
    kiosk[0].run("ip", "route", "add", "default", "dev", "wlan0")
    done = playbook.play(kiosk[0].ssh, SITE, kiosks.variables(provisioned.federation))
    assert (done.well, done.changed) == (False, 0), done.printed
    assert "by wlan0, which becomes the hotspot" in " ".join(done.printed.split())
    kiosk[0].run("ip", "route", "delete", "default", "dev", "wlan0")
    kiosk[0].run("ip", "route", "add", *kept)


def test_without_a_radio_it_serves_by_cable_and_says_so(kiosk: tuple[Container, Phone]) -> None:
    # The container has none: its hotspot is a cable.
    kiosk[1].reads_on()
    assert looking.failed_units(kiosk[0]) == []
    assert "There is no radio for the Wi-Fi" in kiosk[1].lights()["wifi"]


def test_a_dead_uplink_stops_nobody_and_is_told(kiosk: tuple[Container, Phone]) -> None:
    # The cable is in, and what it leads to answers nothing.
    kiosk[0].run("sh", "-c", "systemctl start kiosk-sync-now.service || true", seconds=300)
    kiosk[1].reads_on()
    assert "Failed" in kiosk[1].lights()["sync"]
    kiosk[0].network.uplink(up=False)
    kiosk[0].run("sh", "-c", "for i in $(seq 100); do ip route | grep -q ^default || exit 0; sleep 0.2; done; exit 1")
    kiosk[1].reads_on()
    assert "There is no link" in kiosk[1].lights()["link"]
    kiosk[0].network.uplink(up=True)


def break_the_database(kiosk: Container) -> None:
    kiosk.run("python3", "-c", (
        "import os; p='/var/lib/kiosk/kiosk.sqlite3'; n=os.stat(p).st_size;"
        "f=open(p,'r+b'); f.seek(n//4//4096*4096); f.write(os.urandom(n//2)); f.flush(); os.fsync(f.fileno())"
    ))  # fmt: skip


def test_a_broken_database_gives_place_to_its_last_good_copy(provisioned: Provisioned, tmp_path: Path) -> None:
    with started(provisioned, tmp_path) as (kiosk, phone):
        phone.sign_in()
        assert "There is no copy of it yet." in phone.lights()["database"]
        kiosk.run("systemctl", "start", "kiosk-backup.service")
        assert "The last good copy is of" in phone.lights()["database"]
        kiosk.run(KIOSK, "operator", "add", "okello")
        kiosk.run("systemctl", "stop", "kiosk.target", "kiosk-portal.service", "kiosk-library.service")
        kiosk.run("systemctl", "stop", "kiosk-console.service", "kiosk-console.socket", "kiosk-portal.socket")
        break_the_database(kiosk)
        kiosk.restart()
        operator.on_the_hotspot(kiosk, tmp_path)
        phone.reads_on()
        assert "okello" not in kiosk.run(KIOSK, "operator", "list")
        phone.sign_in()
        told = phone.lights()["database"]
        assert "Not in order" in told
        assert "took its place" in told
        assert "kiosk.sqlite3" in kiosk.run("sh", "-c", "ls /var/lib/kiosk/broken/*")
        kiosk.run("systemctl", "start", "kiosk-backup.service")
        assert "took its place" in phone.lights()["database"]
        phone.send("/database/read", "/database")
        assert "In order" in phone.lights()["database"]
        assert looking.failed_units(kiosk) == []


@contextmanager
def on_a_card(provisioned: Provisioned, folder: Path) -> Iterator[tuple[Container, Phone]]:
    """A kiosk whose state lies on a small file system of its own."""
    with kiosks.container(provisioned) as kiosk:
        state = kiosk.root / "var/lib/kiosk"
        image.of_folder(state, folder / "card", "KIOSKDATA", CARD_BYTES)
        run("mount", "-o", "loop,noatime,errors=remount-ro", folder / "card", state)
        try:
            kiosk.start()
            phone = operator.on_the_hotspot(kiosk, folder)
            phone.sign_in()
            yield kiosk, phone
        finally:
            kiosk.stop()
            run("umount", state)


def test_a_full_card_is_told_and_what_is_there_is_served(provisioned: Provisioned, tmp_path: Path) -> None:
    with on_a_card(provisioned, tmp_path) as (kiosk, phone):
        kiosk.run("sh", "-c", "cat /dev/zero > /var/lib/kiosk/full 2>/dev/null; sync; true", seconds=120)
        phone.reads_on()
        assert "Nearly full" in phone.lights()["disk"]
        kiosk.restart()
        operator.on_the_hotspot(kiosk, tmp_path)
        phone.reads_on()
        assert "Nearly full" in phone.lights()["disk"]
        assert looking.failed_units(kiosk) == []


def test_a_card_in_which_the_kernel_meets_an_error_can_only_be_read_and_that_is_told(
    provisioned: Provisioned, tmp_path: Path
) -> None:
    with on_a_card(provisioned, tmp_path) as (kiosk, phone):
        device = run("findmnt", "--noheadings", "--output", "SOURCE", kiosk.root / "var/lib/kiosk").strip()
        Path(f"/sys/fs/ext4/{Path(device).name}/trigger_fs_error").write_text("by a test")
        phone.reads_on()
        assert "The card can only be read" in phone.lights()["card"]
        phone.reads_on()


def test_a_card_that_has_locked_itself_is_served_from_and_told(provisioned: Provisioned, tmp_path: Path) -> None:
    # Worn cards do: from then on every start finds them so.
    with on_a_card(provisioned, tmp_path) as (kiosk, phone):
        kiosk.power_off()
        run("mount", "-o", "remount,ro", kiosk.root / "var/lib/kiosk")
        kiosk.start()
        operator.on_the_hotspot(kiosk, tmp_path)
        phone.reads_on()
        assert "The card can only be read" in phone.lights()["card"]
        assert looking.failed_units(kiosk) == []
