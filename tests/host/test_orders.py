"""What the root helper takes, and the bytes it refuses."""

from __future__ import annotations

import json
import string
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.host import orders
from kiosk.host.orders import VERBS, Order, Refused

GOOD: dict[str, list[Any]] = {
    "start-sync": [],
    "stop-sync": [],
    "start-look": [],
    "roll-back": [41],
    "import-stick": ["/run/kiosk-usb/sdb1"],
    "export-stick": ["/run/kiosk-usb/sda"],
    "start-backup": [],
    "start-restore": [],
    "backup-stick": ["/run/kiosk-usb/sdb1"],
    "fetch-backup-stick": ["/run/kiosk-usb/sdb1"],
    "restart": [],
    "shut-down": [],
    "set-time": ["2026-11-25T11:00:00+03:00"],
    "set-wifi": ["Kijiji Ŋ", "a long password", 6],
    "confirm-wifi": [],
    "tell-wifi": [],
}
WRONG_TYPES: list[Any] = [None, True, 1.5, 7, [], {}, ["/run/kiosk-usb/sdb1"], {"a": 1}]


def line(verb: Any, arguments: Any) -> bytes:
    return json.dumps({"verb": verb, "arguments": arguments}).encode() + b"\n"


def test_every_verb_is_taken_as_it_should_be() -> None:
    assert set(GOOD) == set(VERBS)
    for verb, arguments in GOOD.items():
        assert orders.read(orders.write(verb, *arguments)).verb == verb
    assert orders.read(line("set-time", GOOD["set-time"])).arguments == (datetime(2026, 11, 25, 8, tzinfo=UTC),)
    assert orders.read(line("import-stick", GOOD["import-stick"])) == Order("import-stick", ("sdb1",))


@pytest.mark.parametrize("verb", sorted(GOOD))
def test_every_verb_refuses_wrong_types_and_numbers_of_arguments(verb: str) -> None:
    arguments = GOOD[verb]
    for wrong in (*WRONG_TYPES[:5], "x", {}, {"0": "x"}):
        with pytest.raises(Refused):
            orders.read(line(verb, wrong if wrong != [] else [*arguments, ""]))
    for given_ in ([*arguments, "more"], [None, *arguments], arguments[:-1] if arguments else ["--force"]):
        with pytest.raises(Refused):
            orders.read(line(verb, given_))
    for place, good in enumerate(arguments):
        for wrong in WRONG_TYPES:
            if type(wrong) is type(good):
                continue
            with pytest.raises(Refused):
                orders.read(line(verb, [*arguments[:place], wrong, *arguments[place + 1 :]]))


@pytest.mark.parametrize("number", [0, -1, 2**31, 10**30, True, "1", "1 --yes", 1.0])
def test_a_generation_is_a_number_and_nothing_else(number: object) -> None:
    with pytest.raises(Refused):
        orders.read(line("roll-back", [number]))


OUTSIDE = [
    "", "/", "sdb1", "/run/kiosk-usb", "/run/kiosk-usb/", "/run/kiosk-usb/.", "/run/kiosk-usb/..",
    "/run/kiosk-usb/sdb1/..",
    "/run/kiosk-usb/../../etc", "/run/kiosk-usb//sdb1", "/run/kiosk-usb/sdb1/", "/run/kiosk-usb/sdb1/sub",
    "/etc/shadow",
    "//run/kiosk-usb/sdb1", "/run/./kiosk-usb/sdb1", "/run/kiosk-usb/sdb1\n", "/run/kiosk-usb/sdb1\0",
    " /run/kiosk-usb/sdb1",
    "/run/kiosk-usb/-sdb1", "/run/kiosk-usb/sdb1.service", "/run/kiosk-usb/sdb1@x", "/run/kiosk-usb/mmcblk0p2",
    "/run/kiosk-usb/sd%i", "/run/kiosk-usb/sdb١", "/run/kiosk-usb/" + "sd" * 500,
]  # fmt: skip


@pytest.mark.parametrize("folder", OUTSIDE)
@pytest.mark.parametrize("verb", ["import-stick", "export-stick", "backup-stick", "fetch-backup-stick"])
def test_a_folder_outside_that_of_the_sticks_is_refused(verb: str, folder: str) -> None:
    with pytest.raises(Refused):
        orders.read(line(verb, [folder]))


@pytest.mark.parametrize(
    "moment",
    ["", "now", "2026-11-25", "2026-11-25T08:00:00", "1970-01-01T00:00:00+00:00", "2100-01-01T00:00:00+00:00",
     "9999-12-31T23:59:59-23:59", "2026-11-25T08:00:00+00:00; reboot"],
)  # fmt: skip
def test_a_moment_that_can_not_be_now_is_refused(moment: str) -> None:
    with pytest.raises(Refused):
        orders.read(line("set-time", [moment]))


@pytest.mark.parametrize(
    ("name", "password", "channel"),
    [
        ("", "long enough", 6), ("x" * 33, "long enough", 6), ("Ŋ" * 17, "long enough", 6),
        ("a\nwpa=0", "long enough", 6),
        (" a", "long enough", 6), ("\u202ea", "long enough", 6), ("\ud800", "long enough", 6),
        ("a", "short", 6), ("a", "x" * 64, 6), ("a", "eight888\nssid=b", 6), ("a", "pässword", 6), ("a", " spaces ", 6),
        ("a", "long enough", 0), ("a", "long enough", 14), ("a", "long enough", True), ("a", "long enough", "6"),
        ("a", "long enough", 6.0),
    ],
)  # fmt: skip
def test_a_network_that_hostapd_could_not_take_is_refused(name: str, password: str, channel: Any) -> None:
    with pytest.raises(Refused):
        orders.read(line("set-wifi", [name, password, channel]))


@pytest.mark.parametrize(
    "verb",
    ["", "Start-sync", "start-sync ", "start_sync", "__class__", "do", "start-sync\n", "restart;", None, 1, ["stop"]],
)  # fmt: skip
def test_an_unknown_verb_is_refused(verb: Any) -> None:
    with pytest.raises(Refused):
        orders.read(line(verb, []))


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\n", b"restart\n", b"\0" * 500, b"\xff\xfe", b"[" * 1900, b'{"a":' * 300, b"9" * 1900, b"NaN", b"null",
        b"[]", b'{"verb": "restart"}', b'{"verb": "restart", "arguments": [], "more": 1}',
        b'{"verb": "restart", "arguments": {}}',
        line("restart", []) + b" " * orders.MOST_BYTES, line("restart", []) * 2,
        b'{"verb": "restart", "arguments": []} x',
        '{"verb": "restart", "arguments": []}'.encode("utf-16"),
    ],
)  # fmt: skip
def test_what_is_no_order_is_refused(data: bytes) -> None:
    if data.startswith(b"\xff\xfe{"):  # JSON in UTF-16 is JSON
        assert orders.read(data).verb == "restart"
        return
    with pytest.raises(Refused):
        orders.read(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(st.binary(max_size=2100) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_refused_or_an_order(data: bytes) -> None:
    with pytest.raises(Refused):
        orders.read(data)


@given(st.sampled_from(sorted(VERBS)), st.lists(JSON, max_size=4))
def test_whatever_the_arguments_what_is_taken_is_within_bounds(verb: str, arguments: list[Any]) -> None:
    try:
        order = orders.read(line(verb, arguments))
    except Refused:
        return
    assert len(order.arguments) == len(VERBS[verb])
    if verb.endswith("stick"):
        assert set(order.arguments[0]) <= set(string.ascii_lowercase + string.digits)
