"""What the machine knows of the time: its clock, whether anyone vouches for it, and when the system was built.

The kernel itself tells whether a time server keeps its clock in step, whichever program does that (systemd-timesyncd,
chrony, ntpd): the flag STA_UNSYNC is set at start, when the clock was set by hand, and hours after the server was lost.
An operator who sets the clock leaves a mark in /run, which is gone with the next start, as the clock is.
"""

from __future__ import annotations

import ctypes
from datetime import UTC, datetime
from pathlib import Path

from kiosk.clock import WRITTEN, Reading, system_clock

STA_UNSYNC = 0x0040
TIME_ERROR = 5
SET_BY_OPERATOR = Path("/run/kiosk/clock-set-by-operator")
CLOCK_EPOCH = Path("/usr/lib/clock-epoch")
"""systemd never starts before the date of this file; the maker of an image touches it."""


class _Timex(ctypes.Structure):
    # struct timex of <sys/timex.h>; room at the end is for the fields that are not read here.
    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 256),
    )


def read() -> Reading:
    """Return what the machine says now."""
    return Reading(system_clock(), vouched(), built())


def vouched() -> bool:
    """Tell whether a time server, or the operator, vouches for the machine's clock."""
    return synchronised() or SET_BY_OPERATOR.exists()


def synchronised() -> bool:
    """Tell whether a time server keeps the kernel's clock in step; False where that can not be asked."""
    try:
        ask = ctypes.CDLL(None, use_errno=True).adjtimex
    except (OSError, AttributeError):
        return False
    answer = _Timex(modes=0)  # nothing is set, which needs no rights
    state = ask(ctypes.byref(answer))
    return state not in (-1, TIME_ERROR) and not answer.status & STA_UNSYNC


def built(epoch: Path = CLOCK_EPOCH) -> datetime:
    """Return when the system was put together, or when this code was written where that is not known."""
    try:
        return max(WRITTEN, datetime.fromtimestamp(int(epoch.stat().st_mtime), UTC))
    except OSError:
        return WRITTEN
