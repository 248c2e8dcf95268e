"""The card's image, and a machine that starts from it: an emulated arm64, with its kernel and first disk.

Owns: `build/image/`, made anew when the product changed. The emulator has neither the Raspberry Pi's firmware nor its
card reader, so it is given what those would load; all else is the image's own, bit by bit. The way in is the ssh that
the image was made with.
"""

from __future__ import annotations

import fcntl
import json
import shlex
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.appliance import kiosks
from tests.appliance.federation import Federation
from tests.appliance.machine import Machine
from tests.appliance.running import ENVIRONMENT, need, run
from tests.appliance.tree import CACHE, Tree

FOLDER = kiosks.ROOT / "build" / "image"
HOUR = 3600
CARD_BYTES = 8 << 30
GREETING_SECONDS = 60
"""An emulated machine that starts takes its time over ssh's keys."""
BOOT, SYSTEM, DATA = 1, 2, 3
"""The partitions."""


@dataclass(frozen=True)
class Image:
    """An image, and the private key that opens the ssh of its kiosks."""

    path: Path
    key: Path

    def start_bytes(self, partition: int) -> int:
        """Return where a partition begins."""
        table = json.loads(run("sfdisk", "--json", self.path))["partitiontable"]["partitions"]
        return int(table[partition - 1]["start"]) * 512


def made(tree: Tree) -> Image:
    """Return the image; the first time it is made, which takes most of an hour."""
    need("mmdebstrap", "systemd-nspawn", "mkfs.vfat", "mcopy", "sfdisk")
    FOLDER.mkdir(parents=True, exist_ok=True)
    stamp, key = FOLDER / "stamp", CACHE / "image-key"
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        now = kiosks.key(tree)
        if not stamp.exists() or stamp.read_text() != now or not list(FOLDER.glob("*.img")):
            key.unlink(missing_ok=True)
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
            _make(key.with_suffix(".pub"))
            stamp.write_text(now)
    (path,) = FOLDER.glob("*.img")
    return Image(path, key)


def _make(public: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="rig-", dir=CACHE) as name:
        federation = Federation(Path(name) / "federation")
        federation.found()
        values = kiosks.variables(federation)
        inventory = Path(name) / "inventory.json"
        inventory.write_text(json.dumps({"kiosks": {"hosts": {"card": values}}}))
        run("make", "-C", kiosks.ROOT, "image", f"INVENTORY={inventory}", f"SSH_KEY={public}", seconds=2 * HOUR)


class Card(Machine):
    """A machine with a card in it; `run` goes by ssh."""

    ready_seconds = 1500
    """Its first start makes keys, on a processor that is made up; where systemd fails over that, it starts again."""

    def __init__(self, image: Image, folder: Path) -> None:
        boot = folder / "boot"
        boot.mkdir()
        run(
            "mcopy",
            "-i",
            f"{image.path}@@{image.start_bytes(BOOT)}",
            "::vmlinuz-*",
            "::initrd.img-*",
            "::cmdline.txt",
            boot,
        )
        for name in ("vmlinuz", "initrd.img"):
            (boot / name).symlink_to(next(boot.glob(f"{name}-*")))
        super().__init__(Tree(boot, image.key), image.path, folder)
        run("qemu-img", "resize", "-q", folder / "disk.qcow2", str(CARD_BYTES))
        self._words = (boot / "cmdline.txt").read_text().strip()

    def run(self, *command: str | Path, check: bool = True, seconds: float = 120, given: str | None = None) -> str:
        """Run a command in it to its end and return what it printed.

        Raises:
            OSError: there is no ssh, or no answer by it.
        """
        words = self.ssh.command(shlex.join(map(str, command)))
        try:
            done = subprocess.run(
                words, input=given or "", capture_output=True, text=True, errors="replace", check=False,
                timeout=max(seconds, GREETING_SECONDS), env=ENVIRONMENT,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise OSError(f"no answer by ssh: {error}") from error
        if done.returncode == 255:
            raise OSError(done.stderr)
        assert done.returncode == 0 or not check, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def _command(self, memory_mib: int) -> list[str]:
        folder = self.folder
        return [
            "qemu-system-aarch64", "-machine", "virt", "-accel", "tcg,thread=multi,tb-size=512", "-cpu", "cortex-a72",
            "-smp", "2", "-m", str(memory_mib), "-nodefaults", "-display", "none", "-no-user-config",
            "-device", "virtio-rng-pci", "-kernel", str(self._tree.kernel), "-initrd", str(self.initrd),
            "-append", f"{self._words} console=ttyAMA0 panic=-1",
            "-chardev", f"file,id=console,path={folder}/console.log,append=on", "-serial", "chardev:console",
            "-qmp", f"unix:{folder}/qmp,server=on,wait=off",
            "-drive", f"file={folder}/disk.qcow2,if=virtio,format=qcow2,cache=writeback,discard=unmap",
            "-netdev", f"user,id=net,hostfwd=tcp:127.0.0.1:{self._port}-:22",
            "-device", "virtio-net-pci,netdev=net,id=uplink",
        ]  # fmt: skip


@contextmanager
def machine(image: Image) -> Iterator[Card]:
    """Lend a machine with a fresh card of the image, not switched on yet."""
    need("qemu-system-aarch64", "qemu-img", "ssh")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rig-", dir=CACHE)))
        found = Card(image, folder)
        stack.callback(found.stop)
        yield found
