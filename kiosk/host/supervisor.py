"""systemd, as a service meets it: the sockets it hands over, what it is told, and how often it wants to hear of us.

True always: where no systemd started this process nothing is handed over, and telling does nothing. What was handed
over is taken once, so that no program started from here believes it to be its own.
"""

from __future__ import annotations

import os
import socket

from kiosk.errors import HostError

FIRST_DESCRIPTOR = 3
"""From sd_listen_fds(3): where the sockets that are handed over begin."""


def inherited() -> list[socket.socket]:
    """Return the listening sockets that systemd opened for this process, in the order of its `.socket` unit.

    Raises:
        HostError: what was handed over is no socket.
    """
    number, owner = os.environ.pop("LISTEN_FDS", ""), os.environ.pop("LISTEN_PID", "")
    os.environ.pop("LISTEN_FDNAMES", None)
    if owner != str(os.getpid()) or not number.isdigit():
        return []
    handed = range(FIRST_DESCRIPTOR, FIRST_DESCRIPTOR + int(number))
    try:
        return [socket.socket(fileno=os.dup(each)) for each in handed]
    except OSError as error:
        raise HostError(f"systemd handed over what is no socket: {error.strerror}") from error
    finally:
        for each in handed:
            os.close(each)


def tell(what: str) -> bool:
    """Tell systemd something, such as READY=1 or WATCHDOG=1; return whether it listens.

    A message that is lost is no error: what depends on it, the watchdog, then does its work.
    """
    place = os.environ.get("NOTIFY_SOCKET", "")
    if not place.startswith(("/", "@")):
        return False
    address = "\0" + place[1:] if place.startswith("@") else place
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
            told.sendto(what.encode(), address)
    except OSError:
        return False
    return True


def watched_seconds() -> float | None:
    """Return how long systemd goes without WATCHDOG=1 before it ends this process; None when it does not watch."""
    microseconds, owner = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if owner not in ("", str(os.getpid())) or not microseconds.isdigit() or int(microseconds) == 0:
        return None
    return int(microseconds) / 1_000_000
