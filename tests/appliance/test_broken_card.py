"""A card that does not give back what it was given, in a machine with a wrong clock and no radio: what can be served is
served, and the console says what is wrong.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.appliance import image, kiosks, looking, operator
from tests.appliance import machine as machines
from tests.appliance.conftest import report
from tests.appliance.kiosks import Provisioned
from tests.appliance.machine import Machine
from tests.appliance.running import run
from tests.appliance.tree import Tree

STATE = "var/lib/kiosk"
DISK_BYTES = 1 << 29
BLOCK_BYTES = 4096
DISK = "LABEL=KIOSKDATA /var/lib/kiosk ext4 noatime,nofail,errors=remount-ro 0 2\n"
LONG_AGO = "2011-03-04T05:06:07"
RULE = """
[inject-error]
event = "read_aio"
iotype = "read"
errno = "5"
sector = "{sector}"
"""


@pytest.mark.long
def test_a_broken_card_a_wrong_clock_and_no_radio_are_told_and_the_rest_is_served(
    tree: Tree, provisioned: Provisioned, tmp_path: Path
) -> None:
    lost = prepared(provisioned, tmp_path)
    with machines.machine(tree, tmp_path / "system", options(tmp_path)) as machine:
        report(f"broken card: machine ready in {machine.start():.0f} s")
        phone = operator.inside(machine)
        phone.reads_on()
        assert looking.failed_units(machine) == []
        phone.sign_in()
        read_all(machine)
        lights = phone.lights()
        assert "took its place" in lights["database"], lights
        assert "1 file can not be read any more." in lights["card"], lights
        assert lost in machine.run("cat", "/var/lib/kiosk/unreadable.json")
        assert "There is no radio" in lights["wifi"], lights
        assert "nobody vouches for this clock" in lights["clock"], lights
        phone.reads_on()


def prepared(provisioned: Provisioned, folder: Path) -> str:
    """Make the disks, and the list of what can not be read: a part of the database, and a file of the content."""
    with kiosks.container(provisioned) as kiosk:
        kiosk.start()
        kiosk.run("systemctl", "start", "kiosk-backup.service")
        kiosk.power_off()
        state = kiosk.root / STATE
        objects = sorted((path.stat().st_size, path) for path in (state / "objects").glob("*/*"))
        lost = str(objects[len(objects) // 2][1].relative_to(state))
        image.of_folder(state, folder / "card", "KIOSKDATA", DISK_BYTES)
        for path in state.iterdir():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        with (kiosk.root / "etc/fstab").open("a") as file:
            file.write(DISK)
        image.write(kiosk.root, folder / "system")
    database = blocks(folder / "card", "kiosk.sqlite3")
    bad = [*database[len(database) // 3 : len(database) // 2], *blocks(folder / "card", lost)[:1]]
    rules = "".join(RULE.format(sector=block * (BLOCK_BYTES // 512)) for block in bad)
    (folder / "rules").write_text(rules)
    return lost


def blocks(disk: Path, path: str) -> list[int]:
    """Return where a file lies on a disk."""
    return [int(word) for word in run("debugfs", "-R", f"blocks /{path}", disk).split()]


def options(folder: Path) -> list[str]:
    """Return the emulator's options for the broken card, and for a clock that was never set."""
    bad = {
        "driver": "raw", "node-name": "card",
        "file": {
            "driver": "blkdebug", "config": f"{folder}/rules",
            "image": {"driver": "file", "filename": f"{folder}/card"},
        },
    }  # fmt: skip
    device = "virtio-blk-pci,drive=card,rerror=report,werror=report"
    return ["-blockdev", json.dumps(bad), "-device", device, "-rtc", f"base={LONG_AGO}"]


def read_all(machine: Machine) -> None:
    """Have the kiosk look at its health until it has read all that it keeps."""
    for _ in range(30):
        machine.run("systemctl", "start", "kiosk-health.service", seconds=300)
        said = machine.run("cat", "/var/lib/kiosk/unreadable.json", check=False)
        if re.search(r'"ended": "\d', said):
            return
    raise AssertionError(said)
