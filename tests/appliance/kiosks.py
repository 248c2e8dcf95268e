"""A kiosk as the playbook leaves it: a fresh Debian 13, provisioned once, kept, and lent as copies.

Owns: `build/appliance/kiosk-<key>/`, where the key is a hash of the product, the tree and what is asked of both, so
that a change of the product is provisioned anew. In it: the `changes` to the tree, the `federation` that the kiosk
trusts, and `facts.json`, what was seen while it was made.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.appliance import container as containers
from tests.appliance import federation as federations
from tests.appliance import looking, network, playbook
from tests.appliance.container import Container
from tests.appliance.federation import Federation
from tests.appliance.running import run
from tests.appliance.tree import CACHE, Tree

ROOT = Path(__file__).parents[2]
SITE = ROOT / "provisioning" / "site.yml"
ARCH, PYTHON = "x86_64", "3.13"
WIFI, PASSWORD = "Kijiji", "maize and beans"
UPLINK, UPLINK_PASSWORD = "Büro; 2", "back\\slash and space"
OWN, PUBLIC = "10.77.0.1", "203.0.113.1"
"""The hotspot's address of the kiosk, and the one that villagers' names lead to."""
PORTAL, LIBRARY, CONSOLE = "http://kiosk.lan", "http://books.lan", "https://console.kiosk.lan"
MIRROR = f"http://{network.LAPTOP}:{federations.PORT}"
OLD_SECONDS = 12 * 3600
"""After this the federation has to sign anew what says how new it is, and all is made anew."""
TIMERS = ("kiosk-sync.timer", "kiosk-backup.timer", "kiosk-health.timer")
PARTS = ("kiosk", "provisioning", "systemd", "content-packs", "pyproject.toml")
LEFT_OUT = {"__pycache__", "cards", "dev.txt", "run.txt", "inventory.yml"}


@dataclass(frozen=True)
class Provisioned:
    """A tree with a kiosk in it, the federation that it follows, and the facts of the run of the playbook."""

    tree: Tree
    changes: Path
    federation: Federation
    facts: dict[str, Any]


def variables(federation: Federation) -> dict[str, object]:
    """Return what the inventory says."""
    return {
        "kiosk_name": "Kijiji cooperative",
        "kiosk_wifi_name": WIFI,
        "kiosk_wifi_password": PASSWORD,
        "kiosk_country": "UG",
        "kiosk_time_zone": "Africa/Kampala",
        "kiosk_mirrors": [MIRROR],
        "kiosk_trusted_root": str(federation.root_of_trust),
        "kiosk_uplink_wifi_name": UPLINK,
        "kiosk_uplink_wifi_password": UPLINK_PASSWORD,
        "kiosk_ssh": True,
        "kiosk_neighbours": False,
        # Neither a container nor the emulated machine has one.
        "kiosk_hardware_watchdog": False,
    }


def provisioned(tree: Tree) -> Provisioned:
    """Return the kiosk; the first time it is made, by the playbook alone, which takes minutes."""
    folder = CACHE / f"kiosk-{key(tree)}"
    with (CACHE / "kiosk.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two workers of the tests may want it
        if not folder.is_dir() or time.time() - folder.stat().st_mtime > OLD_SECONDS:
            for old in CACHE.glob("kiosk-*"):
                shutil.rmtree(old)
            _make(tree, folder)
    facts = json.loads((folder / "facts.json").read_text())
    return Provisioned(tree, folder / "changes", Federation(folder / "federation"), facts)


@contextmanager
def container(of: Provisioned) -> Iterator[Container]:
    """Lend the kiosk in a container, not started yet."""
    with containers.container(of.tree, of.changes) as found:
        yield found


def bundle() -> Path:
    """Make the bundle for the machines of the rig, and return it."""
    run("make", "-C", ROOT, "wheels", f"ARCH={ARCH}", f"KIOSK_PYTHON={PYTHON}", seconds=600)
    (found,) = (ROOT / "build" / "bundle").glob(f"kiosk-*-{ARCH}.tar")
    return found


def key(tree: Tree) -> str:
    """Return what changes when the product, the tree or what is asked of both does."""
    told = hashlib.sha256(str(tree.root).encode())
    paths = (path for part in PARTS for path in [ROOT / part, *(ROOT / part).rglob("*")])
    for path in sorted(path for path in paths if path.is_file() and path.suffix not in (".pyc", ".mo")):
        if not LEFT_OUT & set(path.parts):
            told.update(f"{path.relative_to(ROOT)}\0{path.stat().st_mode}\0".encode() + path.read_bytes())
    for name in ("kiosks.py", "federation.py"):
        told.update(Path(__file__).with_name(name).read_bytes())
    return told.hexdigest()[:16]


def _make(tree: Tree, folder: Path) -> None:
    new = folder.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)
    federation = Federation(new / "federation")
    federation.found()
    with containers.container(tree) as kiosk:
        kiosk.start()
        facts = _provision(kiosk, federation)
        kiosk.power_off()
        # Devices and attributes too: by them overlayfs tells what was removed.
        run("cp", "-a", kiosk.changes, new / "changes", seconds=300)
    (new / "facts.json").write_text(json.dumps(facts))
    new.rename(folder)


def _provision(kiosk: Container, federation: Federation) -> dict[str, Any]:
    values = variables(federation) | {"kiosk_bundle": str(bundle())}
    first = playbook.play(kiosk.ssh, SITE, values)
    assert first.well, first.printed[-6000:]
    uplink = kiosk.run(
        "systemctl", "show", "--value", "-p", "LoadState,ActiveState", "systemd-networkd.service"
    ).split()
    idle = [name for name in TIMERS if kiosk.run("systemctl", "is-active", name, check=False).strip() != "active"]
    with federations.served(federation, network.LAPTOP, federations.PORT, network.inside(kiosk.network.laptop)):
        kiosk.run("systemctl", "start", "kiosk-sync-now.service", seconds=300)
    return {"first": asdict(first), "failed": looking.failed_units(kiosk), "uplink": uplink, "idle": idle}
