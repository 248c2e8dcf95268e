"""Sticks for the emulated machine: made on this one, filled, put in and pulled out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.appliance import image, qmp
from tests.appliance.machine import Machine
from tests.appliance.running import need, run

OPTIONS = ("-device", "qemu-xhci,id=usb")
"""What a machine needs for them."""
SIZE_BYTES = 64 << 20


@dataclass(frozen=True)
class Stick:
    """A stick without partitions, the file `path`; its `name` is the emulator's."""

    path: Path
    name: str

    def put_in(self, machine: Machine, bytes_a_second: int = 0) -> None:
        """Put it in; 0: as fast as it goes."""
        line = machine.folder / "qmp"
        limits = {"bps-total": bytes_a_second}
        qmp.tell(line, "object-add", **{"qom-type": "throttle-group", "id": f"{self.name}-speed", "limits": limits})
        raw = {"driver": "raw", "file": {"driver": "file", "filename": str(self.path)}}
        node = {"driver": "throttle", "node-name": self.name, "throttle-group": f"{self.name}-speed", "file": raw}
        qmp.tell(line, "blockdev-add", **node)
        device = {"driver": "usb-storage", "bus": "usb.0", "drive": self.name, "id": f"{self.name}-usb"}
        qmp.tell(line, "device_add", **device)

    def pull_out(self, machine: Machine) -> None:
        """Pull it out, whatever goes on."""
        qmp.tell(machine.folder / "qmp", "device_del", id=f"{self.name}-usb")


def fat(path: Path, name: str, repository: Path | None = None, *, fill: bool = False) -> Stick:
    """Make a FAT stick with a repository on it, or with the word that it is to be filled."""
    _format(path)
    run("mmd", "-i", path, "::kiosk-repository")
    if repository:
        run("mcopy", "-s", "-i", path, *sorted(repository.iterdir()), "::kiosk-repository/")
    if fill:
        run("mcopy", "-i", path, "/dev/null", "::kiosk-repository/please-fill")
    return Stick(path, name)


def with_book(path: Path, name: str, zim: Path) -> Stick:
    """Make a FAT stick with nothing but a ZIM file on it."""
    _format(path)
    run("mcopy", "-i", path, zim, "::manual.zim")
    return Stick(path, name)


def _format(path: Path) -> None:
    need("mkfs.vfat", "mmd", "mcopy")
    image.empty(path, SIZE_BYTES)
    run("mkfs.vfat", "-n", "STICK", path)


def exfat(path: Path, name: str) -> Stick:
    """Make an empty exFAT stick; only a kernel that knows exFAT can put something on it."""
    need("mkfs.exfat")
    image.empty(path, SIZE_BYTES)
    run("mkfs.exfat", path)
    return Stick(path, name)


def holds(stick: Stick, name: str) -> bool:
    """Tell whether a FAT stick has a file, by its path on it."""
    return bool(run("mdir", "-b", "-i", stick.path, f"::{name}", check=False))
