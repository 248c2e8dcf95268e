"""A kiosk in a container: the real systemd of the tree, started natively; only kernel and radio are not the kiosk's.

Owns: one `systemd-nspawn --boot` and its restarts. After the block nothing of it runs. Ways in: `run` for commands
(not through the kiosk's network), ssh from the laptop for the playbook, the phone's network for visitors.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

from tests.appliance import groups
from tests.appliance import network as networks
from tests.appliance import tree as trees
from tests.appliance.network import Network
from tests.appliance.playbook import Ssh
from tests.appliance.running import ENVIRONMENT, INSIDE, end, need, run, until

REBOOT = 133
"""The exit code by which a system in a container asks to be started again."""
READY_SECONDS = 120
STOP_SECONDS = 60
SETTLED = ("running", "degraded")


class Container:
    """A kiosk in a container. `start`, `restart` and `power_off` return the seconds they took."""

    def __init__(self, copy: trees.Copy, network: Network, ssh_key: Path, folder: Path, join: list[str]) -> None:
        self.root, self.changes = copy.root, copy.changes
        self.network = network
        self.ssh = Ssh(networks.KIOSK, 22, ssh_key, tuple(networks.inside(network.laptop)))
        self._join = join
        self._console = folder / "console.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        """Start it; it is ready when systemd says that all it had to start has started, or failed."""
        begun = time.monotonic()
        with self._console.open("ab") as console:
            self._process = subprocess.Popen(
                [
                    *self._join, "systemd-nspawn", "--boot", "--quiet", f"--directory={self.root}",
                    f"--machine={self.network.kiosk}", "--register=no", "--keep-unit", "--link-journal=no",
                    "--resolv-conf=off", "--timezone=off",
                    f"--network-namespace-path={networks.path(self.network.kiosk)}", "--capability=CAP_NET_ADMIN",
                    "--console=pipe",
                ],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console, env=ENVIRONMENT,
            )  # fmt: skip
        until(self._is_ready, f"a system that is ready; {self.console()[-2000:]}", READY_SECONDS)
        return time.monotonic() - begun

    def run(self, *command: str | Path, check: bool = True, seconds: float = 60, given: str | None = None) -> str:
        """Run a command in it to its end and return what it printed."""
        leader = self.process_id()
        assert leader, f"it does not run; {self.console()[-2000:]}"
        # The clock is this machine's too: nothing in there may set it.
        clock = ["setpriv", "--bounding-set=-sys_time"]
        enter = ["nsenter", "-t", str(leader), "-m", "-u", "-i", "-n", "-p", *clock, *INSIDE]
        return run(*enter, *command, check=check, seconds=seconds, given=given)

    def phone(self, *command: str | Path, check: bool = True, seconds: float = 60) -> str:
        """Run a command of this machine in the phone's network."""
        return run(*networks.inside(self.network.phone), *command, check=check, seconds=seconds)

    def restart(self) -> float:
        """Have it restart by itself, and wait until it is ready again."""
        begun = time.monotonic()
        self.run("systemctl", "reboot")
        assert self._ended() == REBOOT, self.console()[-2000:]
        self.start()
        return time.monotonic() - begun

    def power_off(self) -> float:
        """Have it stop by itself."""
        begun = time.monotonic()
        self.run("systemctl", "poweroff")
        assert self._ended() == 0, self.console()[-2000:]
        return time.monotonic() - begun

    def stop(self) -> None:
        """End whatever runs of it, at once."""
        if self._process and self._process.poll() is None:
            end(self._process, STOP_SECONDS)

    def console(self) -> str:
        """Return what it has printed since its first start."""
        return self._console.read_text(errors="replace") if self._console.exists() else ""

    def _ended(self) -> int:
        assert self._process
        return self._process.wait(STOP_SECONDS)

    def _is_ready(self) -> bool:
        assert self._process
        assert self._process.poll() is None, f"it ended: {self._process.returncode}; {self.console()[-2000:]}"
        if not self.process_id():
            return False
        return (
            self.run("systemctl", "is-system-running", "--wait", check=False, seconds=READY_SECONDS).strip() in SETTLED
        )

    def process_id(self) -> int | None:
        """Return the process that is number 1 in it."""
        if not self._process or self._process.poll() is not None:
            return None
        children = psutil.Process(self._process.pid).children()
        return next((child.pid for child in children if child.name() in ("systemd", "(sd-stubinit)", "init")), None)


@contextmanager
def container(tree: trees.Tree, *changes: Path) -> Iterator[Container]:
    """Lend a kiosk in a container with a fresh copy of a tree, and of `changes` to it, not started yet."""
    need("systemd-nspawn", "nsenter", "ssh")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rig-")))
        copy = stack.enter_context(trees.copied(tree.root, *changes))
        network = stack.enter_context(networks.network())
        stack.callback(_forget, network.kiosk)
        join = stack.enter_context(groups.group(network.kiosk))
        found = Container(copy, network, tree.key, folder, join)
        stack.callback(found.stop)
        yield found


def _forget(name: str) -> None:
    """Remove the folders that the program which starts containers leaves."""
    for path in Path("/run/systemd/nspawn").glob(f"*/{name}"):
        run("umount", path, check=False)
        path.rmdir()
