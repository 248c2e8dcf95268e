"""The log of a disk is read as it was written, and disks are rebuilt by the rule, by hand and under a real machine."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from tests.appliance import cuts, image
from tests.appliance import machine as machines
from tests.appliance.conftest import report
from tests.appliance.cuts import LOSSES, Recording
from tests.appliance.machine import Machine
from tests.appliance.running import ENVIRONMENT, need, run
from tests.appliance.tree import Tree

DISK_BYTES = 128 << 20
LINES = 300
CUTS = 40
WRITER = """\
import os, sys
with open('/mnt/lines', 'ab', buffering=0) as file:
    for number in range(int(sys.argv[1])):
        file.write(b'line %d\\n' % number)
        os.fsync(file.fileno())
        print(number, flush=True)
        with open('/mnt/noise', 'wb') as noise:  # what nobody asked to keep
            noise.write(os.urandom(20000))
"""


@dataclass(frozen=True)
class Acknowledged:
    """A line that the writer has said is kept, and how many entries the log had then."""

    number: int
    position: int


def test_a_disk_is_rebuilt_by_the_rule(tmp_path: Path) -> None:
    found = recorded(tmp_path, ["write -P 1 0 1024", "flush", "write -P 2 0 1024", "write -P 3 2048 1024", "flush"])
    rebuilding = cuts.Rebuilding(found, tmp_path)
    assert rebuilding.cuts == len(found.writes()) >= 5
    seen: dict[int, set[bytes]] = {}
    for cut in range(rebuilding.cuts + 1):
        for loss in LOSSES:
            for seed in range(8):
                disk = rebuilding.after(cut, loss, Random(seed)).read_bytes()
                seen.setdefault(cut, set()).add(bytes(disk[offset] for offset in (0, 512, 2048, 2560)))
    ends = [seen[cut] for cut in sorted(seen)]
    assert {b"\0\0\0\0", b"\1\0\0\0", b"\1\1\0\0"} <= ends[1] | ends[0]
    assert {b"\1\1\0\0", b"\2\2\0\0", b"\1\1\3\3", b"\2\1\0\0"} <= set().union(*ends)
    assert ends[-1] == {b"\2\2\3\3"}, "what was flushed is there, whatever is lost"
    assert b"\0\0\3\3" not in set().union(*ends), "nothing is lost that was flushed before"


def test_entries_behind_one_that_never_came_are_not_misread(tmp_path: Path) -> None:
    found = recorded(tmp_path, ["write -P 1 0 1024", "flush", "write -P 2 0 1024", "write -P 3 2048 1024", "flush"])
    whole = found.writes()
    torn = next(number for number, each in enumerate(whole) if number and each.size)
    with found.log.open("r+b") as file:
        file.seek(whole[torn].place - cuts.SECTOR)
        file.write(bytes(cuts.SECTOR + whole[torn].size))
    assert found.position() == len(whole)
    assert found.writes() == whole[:torn]


def recorded(folder: Path, commands: Sequence[str]) -> Recording:
    """Have the emulator's own tool write to a recorded disk."""
    need("qemu-io")
    empty = folder / "empty.disk"
    image.empty(empty, 4096)
    found, disk = cuts.recording(folder, empty)
    assert found.position() == 0
    words = [word for command in commands for word in ("-c", command)]
    run("qemu-io", "--image-opts", found.drive(disk).replace("node-name=recorded,", ""), *words)
    return found


@pytest.mark.long
def test_what_a_machine_acknowledged_is_there_after_every_cut(tree: Tree, tmp_path: Path) -> None:
    empty = tmp_path / "empty.disk"
    image.empty(empty, DISK_BYTES)
    run("mkfs.ext4", "-q", "-F", "-L", "data", empty)
    found, disk = cuts.recording(tmp_path, empty)
    with machines.machine(tree, image.of_plain(tree), cuts.options(found, disk)) as machine:
        machine.start()
        machine.run("mount", "-o", "noatime", "/dev/disk/by-id/virtio-recorded", "/mnt")
        acknowledged = written(machine, found)
        machine.cut_power()
    assert acknowledged, "nothing was written"
    lost = [wrong for wrong in after_cuts(found, acknowledged, tmp_path) if wrong]
    assert lost == []


def written(machine: Machine, found: Recording) -> list[Acknowledged]:
    """Have a writer inside write lines; return when what was acknowledged."""
    machine.run("tee", "/root/writer", given=WRITER)
    writer = subprocess.Popen(
        machine.ssh.command("timeout", "120", "python3", "/root/writer", str(LINES)), stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL, env=ENVIRONMENT,
    )  # fmt: skip
    assert writer.stdout
    with writer.stdout as lines:
        acknowledged = [Acknowledged(int(line), found.position()) for line in lines]
    writer.wait(30)
    return acknowledged


def after_cuts(found: Recording, acknowledged: list[Acknowledged], folder: Path) -> list[str]:
    """Cut the power at random points; return what was wrong after which."""
    random = Random(6)
    rebuilding = cuts.Rebuilding(found, folder)
    first = acknowledged[0].position
    wrong = []
    for cut in sorted(random.choices(range(first, rebuilding.cuts + 1), k=CUTS)):
        for loss in LOSSES:
            disk = rebuilding.after(cut, loss, random)
            cuts.repaired(disk)
            with cuts.mounted(disk, folder / "mounted") as at:
                lines = (at / "lines").read_text(errors="replace").splitlines(keepends=True)
            promised = sum(each.position <= cut for each in acknowledged)
            if lines[:promised] != [f"line {number}\n" for number in range(promised)]:
                wrong.append(f"after {cut} entries, lost {loss}: {promised} promised, {len(lines)} there")
    report(f"power cuts: {CUTS * len(LOSSES)} disks from {rebuilding.cuts} entries, {len(acknowledged)} lines promised")
    return wrong
