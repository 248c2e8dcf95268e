"""What the root helper may be told: the verbs, what each takes, and how an order looks on the socket.

An order is one line of JSON, `{"verb": "set-time", "arguments": ["2026-11-25T08:00:00+00:00"]}`. True always: pure;
what `read` returns has a verb of `VERBS` with as many arguments as it takes, each of the right type and within its
bounds; whatever else the bytes are, they are refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from kiosk.clock import WRITTEN

MOST_BYTES = 2000
"""Longest order."""
STICKS = PurePosixPath("/run/kiosk-usb")
"""Where sticks are mounted, each in a folder that has the partition's name."""
STICK = re.compile(r"sd[a-z]{1,2}[0-9]{0,2}", re.ASCII)
LAST_MOMENT = datetime(2100, 1, 1, tzinfo=UTC)
PASSWORD = re.compile(r"[!-~][ -~]{6,61}[!-~]")
"""What WPA takes, without spaces at the ends, which nobody sees."""
MOST_NAME_BYTES = 32
CHANNELS = range(1, 14)
GENERATIONS = range(1, 2**31)


class Refused(ValueError):
    """An order that is not taken; the message says why."""


@dataclass(frozen=True)
class Order:
    """A verb with its arguments, checked: a `datetime`, the name of a stick's partition, text, or a number."""

    verb: str
    arguments: tuple[Any, ...] = ()


def _moment(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(value))
    except ValueError as error:
        raise Refused("a moment is written as 2026-11-25T08:00:00+00:00") from error
    if moment.tzinfo is None or not WRITTEN <= moment < LAST_MOMENT:
        raise Refused("the moment has no zone, or can not be now")
    return moment.astimezone(UTC)


def _stick(value: object) -> str:
    text = _text(value)
    name = text.removeprefix(f"{STICKS}/")
    # Compared as text: a path is never followed to see where it leads.
    if text != f"{STICKS}/{name}" or not STICK.fullmatch(name):
        raise Refused(f"a stick is a folder {STICKS}/sdb1")
    return name


def stick_folder(partition: str) -> Path:
    """Return where a stick is mounted whose partition is named, such as "sdb1". Raises Refused."""
    folder = STICKS / partition
    _stick(str(folder))
    return Path(folder)


def _generation(value: object) -> int:
    if type(value) is not int or value not in GENERATIONS:  # True is an int to Python
        raise Refused("a generation is a number from 1 on")
    return value


def wifi_name(value: object) -> str:
    """Return the name of a hotspot. Raises Refused."""
    name = _text(value)
    if name != name.strip() or not name.isprintable() or not 1 <= len(name.encode()) <= MOST_NAME_BYTES:
        raise Refused(f"a Wi-Fi name has 1 to {MOST_NAME_BYTES} bytes, all printable")
    return name


def wifi_password(value: object) -> str:
    """Return the password of a hotspot, "" for none. Raises Refused."""
    password = _text(value)
    if password and not PASSWORD.fullmatch(password):
        raise Refused("a Wi-Fi password has 8 to 63 plain letters, digits and signs, or none at all")
    return password


def wifi_channel(value: object) -> int:
    """Return the channel of a hotspot. Raises Refused."""
    if type(value) is not int or value not in CHANNELS:  # True is an int to Python
        raise Refused(f"a Wi-Fi channel is a number from {CHANNELS[0]} to {CHANNELS[-1]}")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise Refused("an argument is not a text")
    return value


VERBS: Mapping[str, tuple[Callable[[object], object], ...]] = {
    "start-sync": (),
    "stop-sync": (),
    "start-look": (),
    "roll-back": (_generation,),
    "import-stick": (_stick,),
    "export-stick": (_stick,),
    "start-backup": (),
    "start-restore": (),
    "backup-stick": (_stick,),
    "fetch-backup-stick": (_stick,),
    "restart": (),
    "shut-down": (),
    "set-time": (_moment,),
    "set-wifi": (wifi_name, wifi_password, wifi_channel),
    "confirm-wifi": (),
    "tell-wifi": (),
}
"""Each verb with the checks of its arguments. There is nothing else that the helper does."""


def read(line: bytes) -> Order:
    """Return the order that a line stands for.

    Raises:
        Refused: it is none.
    """
    if len(line) > MOST_BYTES:
        raise Refused("the order is too long")
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Refused("the order is not JSON") from error
    if not isinstance(value, dict) or set(value) != {"verb", "arguments"} or not isinstance(value["arguments"], list):
        raise Refused("an order has a verb and a list of arguments, and nothing else")
    verb, given = value["verb"], value["arguments"]
    if not isinstance(verb, str) or verb not in VERBS:
        raise Refused("there is no such verb")
    checks = VERBS[verb]
    if len(given) != len(checks):
        raise Refused(f"{verb} takes {len(checks)} arguments")
    return Order(verb, tuple(check(each) for check, each in zip(checks, given, strict=True)))


def write(verb: str, *arguments: str | int) -> bytes:
    """Return the line that stands for an order."""
    return json.dumps({"verb": verb, "arguments": list(arguments)}).encode() + b"\n"
