"""Finding each other: what is announced, what is believed of what is heard, and two kiosks on one wire."""

from __future__ import annotations

import threading
from ipaddress import IPv4Interface
from pathlib import Path

import pytest
from zeroconf import ServiceInfo

from kiosk.sync.neighbours import (
    SERVICE,
    Neighbour,
    _zeroconf,
    announced,
    find,
    keep_announcing,
    neighbour_in,
    own_interfaces,
    record_of,
    repositories,
)

KNOWN = repositories(b"a root", Path("/nothing"))
WIRE = ["127.0.0.1"]
HERE = [IPv4Interface("192.168.7.1/24"), IPv4Interface("10.42.0.1/16")]
LOOPBACK = [IPv4Interface("127.0.0.9/8")]
"""As if each address of the loopback interface were a machine of its own."""
KIOSK = Neighbour("Kiosk of Mbeya", ("192.168.7.5",), 8090, KNOWN)


def test_a_record_says_what_was_announced() -> None:
    assert neighbour_in(record_of(KIOSK), HERE) == KIOSK
    assert KIOSK.mirror().name == "neighbour Kiosk of Mbeya (http://192.168.7.5:8090)"
    assert not KIOSK.mirror().metered


@pytest.mark.parametrize("name", ["", ".", "a.b.local.", "é" * 60, "x" * 200])
def test_any_name_can_be_announced(name: str) -> None:
    heard = neighbour_in(record_of(Neighbour(name, ("10.42.0.5",), 1, KNOWN)), HERE)
    assert heard is not None
    assert 0 < len(heard.name.encode()) <= 63


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "127.0.0.1", "224.0.0.1", "0.0.0.0", "255.255.255.255", "fe80::1", "10.42.0.1", "192.168.8.1"],
)
def test_only_what_is_near_and_not_oneself_is_asked(address: str) -> None:
    assert neighbour_in(record_of(Neighbour("x", (address,), 80, KNOWN)), HERE) is None


def test_of_several_addresses_the_ones_that_are_near_are_taken() -> None:
    record = record_of(Neighbour("x", ("8.8.8.8", "10.42.0.1", "192.168.7.200"), 80, KNOWN))
    heard = neighbour_in(record, HERE)
    assert heard is not None
    assert heard.addresses == ("192.168.7.200",)


@pytest.mark.parametrize("properties", [{}, {"v": "2", "repo": KNOWN[0]}, {"v": None, "repo": None}])
def test_other_forms_are_left_alone(properties: dict[str, str | None]) -> None:
    record = ServiceInfo(SERVICE, f"x.{SERVICE}", parsed_addresses=["10.42.0.5"], port=80, properties=properties)
    assert neighbour_in(record, HERE) is None


def test_own_addresses_are_those_a_neighbour_can_use() -> None:
    assert not any(each.is_loopback for each in own_interfaces())


def test_kiosks_set_up_in_different_years_know_each_other_by_the_roots_since(tmp_path: Path) -> None:
    (tmp_path / "metadata").mkdir()
    for version in range(1, 31):
        (tmp_path / "metadata" / f"{version}.root.json").write_bytes(b"root %d" % version)
    old, new = repositories(b"root 1", tmp_path), repositories(b"root 30", Path("/nothing"))
    assert set(old) & set(new)
    assert set(old) & set(repositories(b"root 1", Path("/nothing")))
    heard = neighbour_in(record_of(Neighbour("old", ("10.42.0.5",), 1, old)), HERE)  # all have room in the record
    assert heard is not None
    assert heard.repositories == old


def test_two_kiosks_on_one_wire_find_each_other(tmp_path: Path) -> None:
    here = Neighbour("One", ("127.0.0.1",), 8090, KNOWN)
    stranger = Neighbour("Two", ("127.0.0.1",), 8091, repositories(b"another root", tmp_path))
    with announced(here, WIRE), announced(stranger, WIRE):
        assert find(KNOWN, 3, interfaces=WIRE, networks=LOOPBACK) == [here]
        assert (
            find(KNOWN, 1, interfaces=WIRE, networks=[IPv4Interface("127.0.0.1/8")]) == []
        )  # this machine is no neighbour of its own


def test_a_kiosk_is_announced_until_it_stops_and_looks_for_its_networks_again() -> None:
    stop = threading.Event()
    options = {"interfaces": WIRE, "every_seconds": 0.05}
    worker = threading.Thread(target=keep_announcing, args=("Three", 8092, KNOWN, stop), kwargs=options)
    worker.start()
    try:
        own = own_interfaces()
        if own:
            with _zeroconf(WIRE) as zeroconf:  # on this very machine it is no neighbour: its record alone is looked for
                record = zeroconf.get_service_info(SERVICE, f"Three.{SERVICE}", 5000)
            assert record is not None
            assert record.parsed_addresses() == [str(each.ip) for each in own]
            assert neighbour_in(record, own) is None
    finally:
        stop.set()
        worker.join()
