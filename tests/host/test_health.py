"""How machines are: a Pi as its kernel lays it out, one that tells nothing, and this one."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from kiosk.host import health
from kiosk.host.health import Card, Health, Power, Uplink

ROUTES = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"


def put(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text + "\n")


def interface(root: Path, name: str, bus: str, driver: str, *, radio: bool = False) -> None:
    device, place = root / "sys/devices" / bus / name, root / "sys/class/net" / name
    put(root, f"sys/bus/drivers/{driver}/uevent", "")
    device.mkdir(parents=True)
    place.mkdir(parents=True)
    (place / "device").symlink_to(device)
    (device / "driver").symlink_to(root / "sys/bus/drivers" / driver)
    if radio:
        (place / "phy80211").mkdir()


@pytest.fixture
def pi(tmp_path: Path) -> Path:
    """The kernel's files of a Pi 3 with a hotspot, on a cable."""
    put(tmp_path, "sys/class/thermal/thermal_zone0/temp", "61250")
    put(tmp_path, "sys/devices/platform/soc/soc:firmware/get_throttled", "50000")
    put(
        tmp_path,
        "proc/self/net/route",
        ROUTES
        + "wwan0\t00000000\t0\t3\t0\t0\t700\t0\neth0\t00000000\t0\t3\t0\t0\t100\t0\neth0\t0000A8C0\t0\t1\t0\t0\t9\t0",
    )
    put(tmp_path, "proc/self/mounts", "/dev/root / ext4 ro 0 0\n/dev/sdb1 /run/kiosk-usb/sdb1 vfat rw 0 0")
    interface(tmp_path, "eth0", "usb1/1-1", "smsc95xx")
    interface(tmp_path, "wlan0", "mmc1", "brcmfmac", radio=True)
    put(tmp_path, "lib/firmware/cypress/cyfmac43455-sdio-minimal.bin", "")
    (tmp_path / "lib/firmware/cypress/cyfmac43455-sdio.bin").symlink_to("cyfmac43455-sdio-minimal.bin")
    return tmp_path


def test_a_pi_is_read(pi: Path) -> None:
    found = health.read(pi)
    assert found.celsius == 61.25
    assert found.power == Power(weak=False, was_weak=True)
    assert found.uplink == Uplink("eth0", "cable")
    assert (found.small_firmware, found.seats) == (True, 19)
    assert found.sticks == ("sdb1",)


@pytest.mark.parametrize(
    ("told", "power"),
    [
        ("0", Power(False, False)),
        ("50005", Power(True, True)),
        ("1", Power(True, True)),
        ("nonsense", None),
        ("", None),
    ],
)
def test_the_voltage_is_read(pi: Path, told: str, power: Power | None) -> None:
    put(pi, "sys/devices/platform/soc/soc:firmware/get_throttled", told)
    assert health.read(pi).power == power


def test_debians_kernel_tells_the_voltage_elsewhere(tmp_path: Path) -> None:
    put(tmp_path, "sys/class/hwmon/hwmon1/name", "rpi_volt")
    assert health.read(tmp_path).power is None
    put(tmp_path, "sys/class/hwmon/hwmon1/in0_lcrit_alarm", "1")
    assert health.read(tmp_path).power == Power(True, True)


def test_an_update_that_put_the_usual_firmware_back_is_seen(pi: Path) -> None:
    (pi / "lib/firmware/cypress/cyfmac43455-sdio.bin").unlink()
    put(pi, "lib/firmware/cypress/cyfmac43455-sdio.bin", "")
    found = health.read(pi)
    assert (found.small_firmware, found.seats) == (False, 8)


@pytest.mark.parametrize(
    ("name", "bus", "driver", "radio", "kind"),
    [
        ("usb0", "usb1/1-2", "rndis_host", False, "usb"), ("wwan0", "usb1/1-3", "qmi_wwan", False, "usb"),
        ("wlan1", "usb1/1-4", "mt76x0u", True, "wifi"), ("end0", "platform", "bcmgenet", False, "cable"),
    ],
)  # fmt: skip
def test_the_kind_of_link_is_told(
    tmp_path: Path, name: str, bus: str, driver: str, radio: bool, kind: str
) -> None:  # fmt: skip
    interface(tmp_path, name, bus, driver, radio=radio)
    put(tmp_path, "proc/self/net/route", f"{ROUTES}{name}\t00000000\t0\t3\t0\t0\t100\t0")
    assert health.uplink(tmp_path) == Uplink(name, kind)


def test_no_link_is_not_the_same_as_not_known(tmp_path: Path) -> None:
    assert health.uplink(tmp_path) is None
    put(tmp_path, "proc/self/net/route", ROUTES)
    assert health.uplink(tmp_path) == Uplink()


def test_a_machine_that_tells_nothing_is_no_error(tmp_path: Path) -> None:
    found = health.read(tmp_path)
    assert found == Health(found.free_memory_bytes, found.memory_bytes)
    put(tmp_path, "sys/class/thermal/thermal_zone0/temp", "hot")
    put(tmp_path, "proc/self/net/route", "garbage\nmore")
    assert health.read(tmp_path).celsius is None


def test_this_machine_is_read() -> None:
    found = health.read()
    assert found.memory_bytes
    assert 0 < (found.free_memory_bytes or 0) < found.memory_bytes


def test_a_lock_is_seen_and_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "sync.lock"
    assert not health.is_locked(path)
    with path.open("w") as file:
        assert not health.is_locked(path)
        fcntl.flock(file, fcntl.LOCK_EX)
        assert health.is_locked(path)
    assert not health.is_locked(path)


def test_who_is_on_the_hotspot_is_known(pi: Path) -> None:
    rows = ["192.0.2.7 0x1 0x2 aa:bb:cc:dd:ee:ff * wlan0", "10.0.0.9 0x1 0x2 aa:bb:cc:dd:ee:00 * eth0"]
    put(pi, "proc/self/net/arp", "\n".join(["IP address HW type Flags HW address Mask Device", *rows]))
    assert health.is_on_hotspot("192.0.2.7", pi) is True
    assert health.is_on_hotspot("10.0.0.9", pi) is False
    assert health.is_on_hotspot("127.0.0.1", pi) is None


def test_sticks_that_are_put_in_are_found_and_the_systems_own_disk_is_none(tmp_path: Path) -> None:
    assert health.plugged(tmp_path) == ()
    disks = {"sda": "usb2", "sda1": "usb2", "sdb": "usb1", "sdb1": "usb1", "sdc": "usb1", "sdd": "ata"}
    for name, bus in disks.items():
        (tmp_path / "sys/devices" / bus / name).mkdir(parents=True)
        (tmp_path / "sys/class/block").mkdir(parents=True, exist_ok=True)
        (tmp_path / "sys/class/block" / name).symlink_to(tmp_path / "sys/devices" / bus / name)
    put(tmp_path, "proc/self/mounts", "/dev/sda1 /boot/firmware vfat rw 0 0\n/dev/sdb1 /run/kiosk-usb/sdb1 vfat rw 0 0")
    assert health.plugged(tmp_path) == ("sdb1", "sdc")


def test_a_card_after_an_error_takes_no_more_writes(tmp_path: Path) -> None:
    device = tmp_path.stat().st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    (tmp_path / "proc/self").mkdir(parents=True)
    mountinfo = tmp_path / "proc/self/mountinfo"
    mountinfo.write_text(f"1 2 9:9 / / rw - ext4 /dev/x ro\n3 2 {number} / /var rw,noatime - ext4 /dev/y rw\n")
    assert health.card(tmp_path, tmp_path) == Card(read_only=False, errors=None)
    for word in ("ro", "rw,emergency_ro"):
        mountinfo.write_text(f"3 2 {number} / /var rw,noatime - ext4 /dev/y {word}\n")
        assert health.card(tmp_path, tmp_path) == Card(read_only=True, errors=None)
    (tmp_path / f"sys/dev/block/{number}").mkdir(parents=True)
    errors = tmp_path / "sys/fs/ext4" / number / "errors_count"
    errors.parent.mkdir(parents=True)
    errors.write_text("3\n")
    assert health.card(tmp_path, tmp_path) == Card(read_only=True, errors=3)
    assert health.card(tmp_path / "none") is None
