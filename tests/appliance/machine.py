"""A kiosk in an emulated machine (QEMU, without hardware's help): its kernel is real too, as are its radios and power.

Owns: one emulator and its restarts, a disk that is thrown away, and what it prints. It is ten times slower than the
container, or more: use it for what the container can not show. Ways in: `run` by the door (`image.py`), ssh by a port
of loopback.
"""

from __future__ import annotations

import json
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import ClassVar

from tests.appliance import qmp
from tests.appliance.image import PORT
from tests.appliance.playbook import Ssh
from tests.appliance.running import ENVIRONMENT, end, free_port, need, run, until
from tests.appliance.tree import CACHE, Tree

READY_SECONDS = 600
STOP_SECONDS = 120
SETTLED = ("running", "degraded")
MEMORY_MIB = 1024
APPEND = "root=LABEL=system rw console=ttyS0 mitigations=off panic=-1 net.ifnames=0"


class Machine:
    """A kiosk in an emulated machine. `start`, `restart` and `power_off` return the seconds they took."""

    ready_seconds: ClassVar[float] = READY_SECONDS
    """How long it may take."""

    def __init__(self, tree: Tree, disk: Path, folder: Path, others: Sequence[str] = ()) -> None:
        """`disk` is only read; `others` are options of the emulator, as for a second disk."""
        self.folder = folder
        self._tree = tree
        self.initrd = tree.initrd
        """What its kernel starts with; another one counts from the next start."""
        self._others = list(others)
        self._port = free_port()
        self.ssh = Ssh("127.0.0.1", self._port, tree.key)
        self._process: subprocess.Popen[bytes] | None = None
        self._disk = folder / "disk.qcow2"
        run("qemu-img", "create", "-q", "-f", "qcow2", "-b", disk, "-F", "raw", self._disk)

    def start(self, memory_mib: int = MEMORY_MIB) -> float:
        """Switch it on; it is ready when systemd says that all it had to start has started, or failed."""
        begun = time.monotonic()
        self.switch_on(memory_mib)
        self.wait_until_ready()
        return time.monotonic() - begun

    def switch_on(self, memory_mib: int = MEMORY_MIB) -> None:
        """Switch it on, and wait for nothing."""
        with (self.folder / "emulator.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command(memory_mib), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=ENVIRONMENT
            )

    def wait_until_ready(self) -> None:
        """Wait until all that starts has started, or failed."""
        try:
            until(self._is_ready, "a machine that is ready", self.ready_seconds, pause=1)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.console()[-3000:]}\n{self._emulator_said()}") from error

    def run(self, *command: str | Path, check: bool = True, seconds: float = 120, given: str | None = None) -> str:
        """Run a command in it to its end, one at a time, and return what it printed."""
        words = [*map(str, command)]
        asked = {"words": words, "seconds": seconds, "given": given}
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(seconds + 30)
            line.connect(str(self.folder / "door"))
            line.sendall(json.dumps(asked).encode() + b"\n")
            with line.makefile("rb") as file:
                answer = json.loads(file.readline() or b'{"code": 1, "out": "", "err": "the machine has gone"}')
        assert answer["code"] == 0 or not check, f"{' '.join(words)}: {answer}"
        return str(answer["out"])

    def restart(self) -> float:
        """Have it restart by itself, and wait until it is ready again."""
        begun = time.monotonic()
        boot = self._boot()
        with suppress(OSError, AssertionError):
            self.run("systemctl", "reboot", seconds=5)
        until(lambda: self._boot() not in ("", boot), "another start", self.ready_seconds, pause=1)
        self.wait_until_ready()
        return time.monotonic() - begun

    def power_off(self) -> float:
        """Press the button: it stops by itself."""
        assert self._process
        begun = time.monotonic()
        qmp.tell(self.folder / "qmp", "system_powerdown")
        assert self._process.wait(STOP_SECONDS) == 0, self._emulator_said()
        return time.monotonic() - begun

    def cut_power(self) -> None:
        """Take its power away at once; what its disk was not told to keep may be lost."""
        assert self._process
        self._process.kill()
        self._process.wait(STOP_SECONDS)

    def uplink(self, *, up: bool) -> None:
        """Plug in the cable of the uplink, or pull it out."""
        qmp.tell(self.folder / "qmp", "set_link", name="uplink", up=up)

    def console(self) -> str:
        """Return what it has printed since it was first switched on."""
        path = self.folder / "console.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def stop(self) -> None:
        """End whatever runs of it, at once."""
        if self._process:
            end(self._process)

    def _command(self, memory_mib: int) -> list[str]:
        folder = self.folder
        return [
            "qemu-system-x86_64", "-machine", "q35", "-accel", "tcg,thread=multi,tb-size=512", "-cpu", "Nehalem",
            "-smp", "2", "-m", str(memory_mib), "-nodefaults", "-display", "none", "-no-user-config",
            "-device", "virtio-rng-pci",
            "-kernel", str(self._tree.kernel), "-initrd", str(self.initrd), "-append", APPEND,
            "-chardev", f"file,id=console,path={folder}/console.log,append=on", "-serial", "chardev:console",
            "-qmp", f"unix:{folder}/qmp,server=on,wait=off",
            "-chardev", f"socket,id=door,path={folder}/door,server=on,wait=off", "-device", "virtio-serial-pci",
            "-device", f"virtserialport,chardev=door,name={PORT}",
            "-drive", f"file={self._disk},if=virtio,format=qcow2,cache=writeback,discard=unmap",
            "-netdev", f"user,id=net,hostfwd=tcp:127.0.0.1:{self._port}-:22",
            "-device", "virtio-net-pci,netdev=net,id=uplink", *self._others,
        ]  # fmt: skip

    def _is_ready(self) -> bool:
        assert self._process
        assert self._process.poll() is None, "the emulator has ended"
        try:
            said = self.run("systemctl", "is-system-running", "--wait", check=False, seconds=READY_SECONDS)
        except OSError:
            return False
        return said.strip() in SETTLED

    def _boot(self) -> str:
        try:
            return self.run("cat", "/proc/sys/kernel/random/boot_id", seconds=5)
        except (OSError, AssertionError):
            return ""

    def _emulator_said(self) -> str:
        return (self.folder / "emulator.log").read_text(errors="replace")[-2000:]


@contextmanager
def machine(tree: Tree, disk: Path, others: Sequence[str] = ()) -> Iterator[Machine]:
    """Lend a machine that starts from a disk, not switched on yet."""
    need("qemu-system-x86_64", "qemu-img", "ssh")
    with ExitStack() as stack:
        # Sockets have short paths; the disk grows, so that it is not put in memory.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rig-", dir=_short(CACHE))))
        found = Machine(tree, disk, folder, others)
        stack.callback(found.stop)
        yield found


def _short(folder: Path) -> str:
    return str(folder) if len(str(folder)) < 80 else tempfile.gettempdir()
