"""The root helper: the one process with rights, which does what `orders.VERBS` names when the console asks for it.

True always: nobody but the accounts that are allowed is listened to, whatever the rights of the socket's file; an order
is checked whole before anything is done; no argument ever becomes a word of a shell, an option or a path; a caller who
says nothing, or too much, is left after some seconds.
"""

from __future__ import annotations

import json
import os
import pwd
import select
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from kiosk.clock import Clock, system_clock
from kiosk.errors import HostError
from kiosk.host import orders
from kiosk.host.orders import Order, Refused
from kiosk.host.timekeeping import SET_BY_OPERATOR
from kiosk.host.wifi import Network, Wifi

Answer = Mapping[str, str | int]
SOCKET = Path("/run/kiosk/helper.sock")
HOSTAPD = Path("/var/lib/kiosk-helper/hostapd.conf")
PATIENCE_SECONDS = 3.0
"""How long a caller may take for its order."""
LONGEST_SECONDS = 60
TICK_SECONDS = 0.5
UNITS = {
    "start-sync": ("start", "--no-block", "kiosk-sync-now.service"),
    "stop-sync": ("stop", "kiosk-sync-now.service", "kiosk-sync.service"),
    "start-look": ("start", "--no-block", "kiosk-look.service"),
    "start-backup": ("start", "--no-block", "kiosk-backup-now.service"),
    "start-restore": ("start", "--no-block", "kiosk-restore.service"),
    "restart": ("reboot", "--no-block"),
    "shut-down": ("poweroff", "--no-block"),
}
NAMED_UNITS = {
    "import-stick": "kiosk-usb@{}.service",
    "export-stick": "kiosk-export@{}.service",
    "backup-stick": "kiosk-backup-stick@{}.service",
    "fetch-backup-stick": "kiosk-backup-fetch@{}.service",
    "roll-back": "kiosk-rollback@{}.service",
}


class Acts:
    """Does what was ordered.

    Args:
        systemctl: the program that talks to systemd.
        hostapd: the hotspot's configuration.
        clock, set_clock: the machine's clock, and what sets it (seconds since 1970).
        mark: the file that says that the operator vouches for the clock.
    """

    def __init__(
        self,
        systemctl: str = "systemctl",
        hostapd: Path = HOSTAPD,
        clock: Clock = system_clock,
        set_clock: Callable[[float], None] = lambda seconds: time.clock_settime(time.CLOCK_REALTIME, seconds),
        mark: Path = SET_BY_OPERATOR,
    ) -> None:
        self._systemctl = systemctl
        self._set_clock = set_clock
        self._mark = mark
        self.wifi = Wifi(hostapd, lambda: self._run("restart", "hostapd.service"), clock)

    def do(self, order: Order) -> Answer:
        """Do it, or begin it: a sync, a stick and the end of the machine go on by themselves.

        Returns:
            What is told besides that it was done.

        Raises:
            Refused: not now.
            HostError: the machine does not do it.
        """
        if order.verb in UNITS:
            self._run(*UNITS[order.verb])
        elif order.verb in NAMED_UNITS:
            self._run("start", "--no-block", NAMED_UNITS[order.verb].format(*order.arguments))
        elif order.verb == "set-time":
            self._set_time(*order.arguments)
        elif order.verb == "set-wifi":
            self.wifi.change(Network(*order.arguments))
        elif order.verb == "tell-wifi":
            return asdict(self.wifi.announced())
        else:
            self.wifi.confirm()
        return {}

    def _set_time(self, moment: datetime) -> None:
        try:
            self._set_clock(moment.timestamp())
            self._mark.touch(mode=0o644)
        except OSError as error:
            raise HostError(f"the clock can not be set: {error.strerror}") from error

    def _run(self, *words: str) -> None:
        command = [self._systemctl, *words]
        try:
            done = subprocess.run(  # noqa: S603 - fixed words, and a name that was checked
                command, capture_output=True, text=True, timeout=LONGEST_SECONDS, check=False, stdin=subprocess.DEVNULL
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise HostError(f"{' '.join(words)}: {error}") from error
        if done.returncode:
            raise HostError(f"{' '.join(words)}: {done.stderr.strip()[:300] or f'exit code {done.returncode}'}")


class Helper:
    """Answers on a listening unix socket, one caller at a time.

    Args:
        listener: the socket.
        allowed: the numbers of the accounts that may give orders.
        acts: what does them.
    """

    def __init__(self, listener: socket.socket, allowed: Collection[int], acts: Acts) -> None:
        self._listener = listener
        self._allowed = frozenset(allowed)
        self._acts = acts

    def serve(self, goes_on: Callable[[], bool] = lambda: True) -> None:
        """Answer until `goes_on` says no; a change of the Wi-Fi that nobody confirms is undone in between."""
        while goes_on():
            try:
                self._acts.wifi.tick()
                ready, _, _ = select.select([self._listener], [], [], TICK_SECONDS)
                if ready:
                    self._answer()
            except (OSError, HostError) as error:
                # A caller that went away, or hostapd that will not start: neither may end the helper.
                print(error, file=sys.stderr, flush=True)
                time.sleep(TICK_SECONDS)

    def _answer(self) -> None:
        caller, _ = self._listener.accept()
        with caller:
            asks = _account(caller)
            if asks not in self._allowed:
                print(f"account {asks} is not allowed", file=sys.stderr, flush=True)
                caller.sendall(_line(refused="this account may not give orders"))
                return
            caller.sendall(self._result(caller, asks))

    def _result(self, caller: socket.socket, asks: int) -> bytes:
        try:
            order = orders.read(_order(caller))
            print(f"account {asks}: {order.verb}", file=sys.stderr, flush=True)  # never its arguments: a password
            told = self._acts.do(order)
        except Refused as error:
            return _line(refused=str(error))
        except HostError as error:
            return _line(failed=error.message)
        return _line(done=order.verb, **told)


def _account(caller: socket.socket) -> int:
    _, number, _ = struct.unpack("3i", caller.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return int(number)


def _order(caller: socket.socket) -> bytes:
    ends = time.monotonic() + PATIENCE_SECONDS
    line = b""
    while not line.endswith(b"\n"):
        left = ends - time.monotonic()
        if left <= 0 or len(line) > orders.MOST_BYTES:
            raise Refused("the order is too long, or came too slowly")
        caller.settimeout(left)
        try:
            some = caller.recv(orders.MOST_BYTES)
        except TimeoutError:
            continue
        if not some:
            raise Refused("the order has no end")
        line += some
    return line


def _line(**value: str | int) -> bytes:
    return json.dumps(value).encode() + b"\n"


def listener(path: Path) -> socket.socket:
    """Return a socket that listens at `path`, for this account and its group alone.

    Raises:
        HostError: there can be none.
    """
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o117)
    try:
        path.unlink(missing_ok=True)
        opened.bind(str(path))
        opened.listen(8)
    except OSError as error:
        opened.close()
        raise HostError(f"{path}: there can be no socket: {error.strerror or error}") from error
    finally:
        os.umask(before)
    return opened


def account(name: str) -> int:
    """Return the number of an account.

    Raises:
        HostError: there is none of that name.
    """
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError as error:
        raise HostError(f"there is no account '{name}'", "provisioning makes it") from error
