"""The port to the machine: what the console may ask for, through the root helper or, in development, without it.

True always: whoever holds a `Machine` has no rights by it; a "no" is a HostError with a sentence.
"""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from kiosk.errors import HostError
from kiosk.host import orders
from kiosk.host.helper import LONGEST_SECONDS, SOCKET
from kiosk.host.wifi import Announced, Network

NO_ROOT = "this needs a kiosk that was set up as one"


class Machine(Protocol):
    """The machine the kiosk runs on. Every method raises HostError when it is not done."""

    def start(self, what: str) -> None:
        """Begin something that goes on by itself: "sync", "look" for what the channels offer, "backup" or "restore"."""

    def stop(self, what: str) -> None:
        """End it."""

    def roll_back(self, generation: int) -> None:
        """Begin to go back to a generation that was served before."""

    def import_stick(self, folder: Path) -> None:
        """Begin to take over packs from the stick at `folder`."""

    def export_stick(self, folder: Path) -> None:
        """Begin to fill the stick at `folder`."""

    def backup_stick(self, folder: Path) -> None:
        """Begin to copy the newest backup to the stick at `folder`."""

    def fetch_backup_stick(self, folder: Path) -> None:
        """Begin to copy the backups of the stick at `folder` to the card."""

    def restart(self) -> None:
        """Start the machine anew."""

    def shut_down(self) -> None:
        """End the machine, so that it can be unplugged."""

    def set_time(self, moment: datetime) -> None:
        """Set the clock; from then on the operator vouches for it."""

    def set_wifi(self, network: Network) -> None:
        """Change the hotspot, for two minutes unless `confirm_wifi` follows."""

    def confirm_wifi(self) -> None:
        """Keep the change of the hotspot."""

    def wifi(self) -> Announced:
        """Return what the hotspot is at present."""


class Helped:
    """The machine by its root helper, which listens on a unix socket."""

    def __init__(self, path: Path = SOCKET) -> None:
        self._path = path

    def start(self, what: str) -> None:
        """Begin it."""
        self._order(f"start-{what}")

    def stop(self, what: str) -> None:
        """End "sync"."""
        self._order(f"stop-{what}")

    def roll_back(self, generation: int) -> None:
        """Begin to go back."""
        self._order("roll-back", generation)

    def import_stick(self, folder: Path) -> None:
        """Begin to take over packs."""
        self._order("import-stick", str(folder))

    def export_stick(self, folder: Path) -> None:
        """Begin to fill a stick."""
        self._order("export-stick", str(folder))

    def backup_stick(self, folder: Path) -> None:
        """Begin to copy the newest backup."""
        self._order("backup-stick", str(folder))

    def fetch_backup_stick(self, folder: Path) -> None:
        """Begin to copy backups from a stick."""
        self._order("fetch-backup-stick", str(folder))

    def restart(self) -> None:
        """Start the machine anew."""
        self._order("restart")

    def shut_down(self) -> None:
        """End the machine."""
        self._order("shut-down")

    def set_time(self, moment: datetime) -> None:
        """Set the clock."""
        self._order("set-time", moment.isoformat())

    def set_wifi(self, network: Network) -> None:
        """Change the hotspot on trial."""
        self._order("set-wifi", network.name, network.password, network.channel)

    def confirm_wifi(self) -> None:
        """Keep the change."""
        self._order("confirm-wifi")

    def wifi(self) -> Announced:
        """Return what the hotspot is."""
        told = self._order("tell-wifi")
        return Announced(told["name"], told["channel"], told["is_open"])

    def _order(self, verb: str, *arguments: str | int) -> dict[str, Any]:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as helper:
                helper.settimeout(LONGEST_SECONDS + 5)
                helper.connect(str(self._path))
                with contextlib.suppress(BrokenPipeError):  # it has answered already: it listens to others only
                    helper.sendall(orders.write(verb, *arguments))
                answer: dict[str, Any] = json.loads(helper.makefile("rb").readline(orders.MOST_BYTES))
        except (OSError, ValueError) as error:
            raise HostError(f"the helper does not answer ({error})", "systemctl status kiosk-helper") from error
        if answer.get("done") != verb:
            raise HostError(str(answer.get("refused") or answer.get("failed") or "the helper answered something else"))
        return answer


class Unhelped:
    """A machine of somebody who develops: what needs no root is done by children of this process, the rest refused."""

    def __init__(self, config: Path) -> None:
        self._command = [sys.executable, "-m", "kiosk"]
        self._config = config
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, what: str) -> None:
        """Begin it."""
        known = {
            "sync": ["sync", "run"],
            "look": ["sync", "plan"],
            "backup": ["backup", "make"],
            "restore": ["restore", "--asked"],
        }
        self._begin(known, what)

    def stop(self, what: str) -> None:
        """End "sync", as Ctrl-C does."""
        child = self._children.get(what)
        if child and child.poll() is None:
            child.send_signal(signal.SIGINT)

    def roll_back(self, generation: int) -> None:
        """Begin to go back."""
        self._begin({"rollback": ["sync", "rollback", str(generation), "--yes"]}, "rollback")

    def import_stick(self, folder: Path) -> None:
        """Begin to take over packs."""
        self._begin({"import": ["sync", "import", str(folder.absolute())]}, "import")

    def export_stick(self, folder: Path) -> None:
        """Begin to fill a stick."""
        self._begin({"export": ["sync", "export", str(folder.absolute())]}, "export")

    def backup_stick(self, folder: Path) -> None:
        """Begin to copy the newest backup."""
        self._begin({"copy": ["backup", "copy", str(folder.absolute())]}, "copy")

    def fetch_backup_stick(self, folder: Path) -> None:
        """Begin to copy backups from a folder."""
        self._begin({"fetch": ["backup", "fetch", str(folder.absolute())]}, "fetch")

    def restart(self) -> None:
        """Refuse."""
        raise HostError(NO_ROOT)

    def shut_down(self) -> None:
        """Refuse."""
        raise HostError(NO_ROOT)

    def set_time(self, moment: datetime) -> None:
        """Refuse."""
        raise HostError(NO_ROOT)

    def set_wifi(self, network: Network) -> None:
        """Refuse."""
        raise HostError(NO_ROOT)

    def confirm_wifi(self) -> None:
        """Refuse."""
        raise HostError(NO_ROOT)

    def wifi(self) -> Announced:
        """Refuse."""
        raise HostError(NO_ROOT)

    def end(self) -> None:
        """End what was begun and still goes on, and wait for that."""
        for what, child in self._children.items():
            self.stop(what)
            child.wait()

    def _begin(self, known: Mapping[str, list[str]], what: str) -> None:
        if what not in known:
            raise HostError("there is no such thing to start")
        running = self._children.get(what)
        if running and running.poll() is None:
            raise HostError("it is running already")
        command = [*self._command, *known[what], "--config", str(self._config)]
        self._children[what] = subprocess.Popen(  # noqa: S603 - fixed words, and a folder
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
