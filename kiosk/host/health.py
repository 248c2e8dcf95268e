"""How the machine is: read from the kernel, each value None where it can not be known.

True always: needs no root, changes nothing, and a machine that lacks something (a sensor, a radio, a program) makes a
value None and no error. `root` is where the kernel's files lie, so that tests can lay out another machine's.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path("/")
UNDER_VOLTAGE_NOW, UNDER_VOLTAGE_BEFORE = 1 << 0, 1 << 16
"""Bits of the firmware's answer to get_throttled."""
SEATS = {True: 19, False: 8}
"""Phones that the Pi's radio serves at once, with the `minimal` firmware and with the one that is usual."""
ON_BOARD = {"smsc95xx", "lan78xx", "bcmgenet", "macb"}
"""Drivers of a Pi's own cable socket, which on some is joined by USB."""
STICKS = "/run/kiosk-usb/"
LONGEST_SECONDS = 5


@dataclass(frozen=True)
class Power:
    """Whether the voltage is too low now, and whether it was since the start."""

    weak: bool
    was_weak: bool


@dataclass(frozen=True)
class Uplink:
    """The way to the internet: the interface, and its kind: "cable", "wifi" or "usb"; both "" when there is none."""

    interface: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Card:
    """The file system that state lies on: whether it can only be read, and how many errors the kernel met in it (None
    where that is not told).
    """

    read_only: bool
    errors: int | None = None


@dataclass(frozen=True)
class Health:
    """How the machine is.

    Args:
        free_memory_bytes, memory_bytes: what programs may still take, and what there is.
        celsius: of the processor.
        power: the voltage.
        uplink: the way to the internet.
        radio: whether there is a radio for the hotspot.
        small_firmware: whether the radio has the firmware that serves many phones.
        phones, seats: phones on the Wi-Fi now, and how many it can serve.
        sticks: the partitions of sticks that are mounted, such as "sdb1".
    """

    free_memory_bytes: int | None = None
    memory_bytes: int | None = None
    celsius: float | None = None
    power: Power | None = None
    uplink: Uplink | None = None
    radio: bool | None = None
    small_firmware: bool | None = None
    phones: int | None = None
    seats: int | None = None
    sticks: tuple[str, ...] = ()


def read(root: Path = ROOT) -> Health:
    """Return how the machine is now."""
    free, total = _memory()
    way = uplink(root)
    radio = _radio(root, way.interface if way else "")
    small = _small_firmware(root, radio)
    return Health(
        free_memory_bytes=free,
        memory_bytes=total,
        celsius=_celsius(root),
        power=_power(root),
        uplink=way,
        radio=None if way is None else radio is not None,
        small_firmware=small,
        phones=_phones(radio),
        seats=None if small is None else SEATS[small],
        sticks=_sticks(root),
    )


def card(folder: Path, root: Path = ROOT) -> Card | None:
    """Return how the file system of a folder is; None where nothing of it can be read."""
    try:
        device = folder.stat().st_dev
        read_only = bool(os.statvfs(folder).f_flag & os.ST_RDONLY) or _shut(root, device)
    except OSError:
        return None
    place = root / "sys/dev/block" / f"{os.major(device)}:{os.minor(device)}"
    return Card(read_only, _number(root / "sys/fs/ext4" / Path(os.path.realpath(place)).name / "errors_count"))


def _shut(root: Path, device: int) -> bool:
    # After an error the kernel takes no more writes; newer ones say so by a word of their own.
    number = f"{os.major(device)}:{os.minor(device)}"
    lines = [line.split() for line in (_text(root / "proc/self/mountinfo") or "").splitlines()]
    options = {word for words in lines if words[2:3] == [number] for word in words[-1].split(",")}
    return bool(options & {"ro", "emergency_ro"})


def is_locked(path: Path) -> bool:
    """Tell whether somebody holds the lock of a file, such as that of syncs."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # let go of at once
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def uplink(root: Path = ROOT) -> Uplink | None:
    """Return the way that most packets to the internet take."""
    text = _text(root / "proc/self/net/route")
    if text is None:
        return None
    routes = [line.split() for line in text.splitlines()[1:]]
    ways = sorted((int(route[6]), route[0]) for route in routes if len(route) > 6 and route[1] == "00000000")
    if not ways:
        return Uplink()
    interface = ways[0][1]
    return Uplink(interface, _kind(root, interface))


def is_on_hotspot(address: str, root: Path = ROOT) -> bool | None:
    """Tell whether a neighbour on the network is joined by radio; None for an address the kernel does not know."""
    for line in (_text(root / "proc/self/net/arp") or "").splitlines()[1:]:
        words = line.split()
        if len(words) > 5 and words[0] == address:
            return (root / "sys/class/net" / words[5] / "phy80211").exists()
    return None


def _kind(root: Path, interface: str) -> str:
    place = root / "sys/class/net" / interface
    if (place / "wireless").exists() or (place / "phy80211").exists():
        return "wifi"
    if interface.startswith(("ppp", "wwan")):
        return "usb"
    return "usb" if "/usb" in os.path.realpath(place / "device") and _driver(place) not in ON_BOARD else "cable"


def _driver(place: Path) -> str:
    return Path(os.path.realpath(place / "device/driver")).name


def _memory() -> tuple[int | None, int | None]:
    try:
        found = psutil.virtual_memory()
    except (OSError, psutil.Error):
        return None, None
    return found.available, found.total


def _celsius(root: Path) -> float | None:
    found = [_number(path) for path in sorted(root.glob("sys/class/thermal/thermal_zone*/temp"))]
    known = [value / 1000 for value in found if value is not None]
    return max(known) if known else None


def _power(root: Path) -> Power | None:
    for path in root.glob("sys/devices/platform/soc/soc:firmware/get_throttled"):
        return _throttled(_text(path) or "")
    for name in root.glob("sys/class/hwmon/hwmon*/name"):
        if _text(name) == "rpi_volt":
            alarm = _number(name.with_name("in0_lcrit_alarm"))
            return None if alarm is None else Power(bool(alarm), bool(alarm))
    return _throttled(_said("vcgencmd", "get_throttled").removeprefix("throttled=0x"))


def _throttled(digits: str) -> Power | None:
    try:
        bits = int(digits, 16)
    except ValueError:
        return None
    return Power(bool(bits & UNDER_VOLTAGE_NOW), bool(bits & (UNDER_VOLTAGE_NOW | UNDER_VOLTAGE_BEFORE)))


def _radio(root: Path, taken: str) -> Path | None:
    # The hotspot's radio: one that does not lead to the internet.
    found = [path.parent for path in sorted(root.glob("sys/class/net/*/phy80211")) if path.parent.name != taken]
    return found[0] if found else None


def _small_firmware(root: Path, radio: Path | None) -> bool | None:
    if radio is None or _driver(radio) != "brcmfmac":
        return None
    files = [
        *root.glob("lib/firmware/cypress/cyfmac43*-sdio.bin"),
        *root.glob("lib/firmware/brcm/brcmfmac43*-sdio.bin"),
    ]
    if not files:
        return None
    return any("minimal" in Path(os.path.realpath(file)).name for file in files)


def _phones(radio: Path | None) -> int | None:
    if radio is None or shutil.which("iw") is None:
        return None
    return len(re.findall(r"^Station ", _said("iw", "dev", radio.name, "station", "dump"), re.MULTILINE))


def _sticks(root: Path) -> tuple[str, ...]:
    mounted = [line.split()[1] for line in (_text(root / "proc/self/mounts") or "").splitlines() if " " in line]
    return tuple(sorted(place.removeprefix(STICKS) for place in mounted if place.startswith(STICKS)))


def plugged(root: Path = ROOT) -> tuple[str, ...]:
    """Return the partitions of the sticks that are put in, mounted or not, such as "sdb1"; a stick without partitions
    is named as a whole. A disk that the system itself lives on is none.
    """
    disks = [path for path in sorted(root.glob("sys/class/block/sd*")) if "/usb" in os.path.realpath(path)]
    names = {path.name for path in disks}
    whole = {name for name in names if any(other != name and other.startswith(name) for other in names)}
    lines = [line.split() for line in (_text(root / "proc/self/mounts") or "").splitlines()]
    system = {Path(words[0]).name[:3] for words in lines if len(words) > 1 and not words[1].startswith(STICKS)}
    return tuple(name for name in sorted(names - whole) if name[:3] not in system)


def _said(*command: str) -> str:
    """Return what a program says, "" when it is not there or fails."""
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command, and an interface's name from the kernel
            command, capture_output=True, text=True, timeout=LONGEST_SECONDS, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None


def _number(path: Path) -> int | None:
    try:
        return int(_text(path) or "")
    except ValueError:
        return None
