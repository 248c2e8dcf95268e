"""A kiosk with its data on a partition of its own, as the role `storage` makes it.

The lines of /etc/fstab are those that the role writes, taken from the role itself: the playbook can not mount a disk in
a container, and what was already made is moved onto the disk here.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import jinja2
import yaml

from tests.appliance import image
from tests.appliance.running import need, run

ROLE = Path(__file__).parents[2] / "provisioning" / "roles" / "storage"
LABEL = "KIOSKDATA"
PLACE = "srv/kiosk"
DISK_BYTES = 1 << 30


def lines() -> list[str]:
    """Return what the role writes into /etc/fstab."""
    folders = kept_folders()
    engine = jinja2.Environment(autoescape=False)  # it is no page
    found = []
    for task in yaml.safe_load((ROLE / "tasks" / "data.yml").read_text()):
        if asked := task.get("ansible.builtin.lineinfile"):
            line = engine.from_string(asked["line"])
            each = folders if "loop" in task else [""]
            found += [line.render(item=item, kiosk_data_partition=f"LABEL={LABEL}") for item in each]
    assert len(found) == len(folders) + 1, found
    return found


def kept_folders() -> list[str]:
    """Return the folders that the role keeps on the partition."""
    return list(yaml.safe_load((ROLE / "vars" / "main.yml").read_text())["kept_folders"])


def move(root: Path, disk: Path) -> None:
    """Move what a kiosk keeps from its tree onto a new disk, which the tree mounts from then on."""
    need("mkfs.ext4")
    with tempfile.TemporaryDirectory(prefix="rig-", dir=disk.parent) as name:
        for folder in kept_folders():
            place, kept = root / folder[1:], Path(name) / folder[1:].replace("/", ".")
            if place.exists():
                run("cp", "-a", place, kept, seconds=300)
                for each in place.iterdir():
                    shutil.rmtree(each) if each.is_dir() and not each.is_symlink() else each.unlink()
            else:  # the role makes both
                kept.mkdir()
                place.mkdir(parents=True)
        image.empty(disk, DISK_BYTES)
        run("mkfs.ext4", "-q", "-F", "-L", LABEL, "-d", name, disk, seconds=300)
    (root / PLACE).mkdir(parents=True)
    with (root / "etc" / "fstab").open("a") as file:
        file.writelines(f"{line}\n" for line in lines())
