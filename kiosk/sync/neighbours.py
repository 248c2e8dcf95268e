"""Neighbouring kiosks: telling them that packs can be had here, and finding those that have some.

Owns: the service `_kiosk-packs._tcp` of multicast DNS (RFC 6762, 6763). Its text record: `v` 1; `repo`, of each root
metadata that the kiosk knows the first 16 hex digits of its SHA-256, with commas. True always: what is heard is a
hint from anyone who is near. It names only whom to ask, in one of this machine's own networks and nowhere else; what
comes from there is verified like all else.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Interface, ip_address
from pathlib import Path

import ifaddr
from zeroconf import InterfaceChoice, IPVersion, ServiceBrowser, ServiceInfo, ServiceListener, Zeroconf

from kiosk.errors import HostError
from kiosk.sync.mirrors import HttpMirror

SERVICE = "_kiosk-packs._tcp.local."
FORM = "1"
REPOSITORY_DIGITS = 16
MOST_ROOTS = 12
"""As many as the record has room for, with the one that was put in by hand."""
MOST_NEIGHBOURS = 8
"""A hall full of kiosks, or someone who plays one: more are not asked."""
MOST_NAME_BYTES = 63
ANSWER_MILLISECONDS = 1500
LOOK_SECONDS = 30.0
"""How often a kiosk looks whether its networks have changed."""
Interfaces = Sequence[str] | InterfaceChoice
ALL = InterfaceChoice.All


@dataclass(frozen=True)
class Neighbour:
    """A kiosk that says it has packs: its name, its addresses and port, and the repositories by the roots it knows."""

    name: str
    addresses: tuple[str, ...]
    port: int
    repositories: tuple[str, ...]

    def mirror(self) -> HttpMirror:
        """Return it as a mirror whose bytes cost nothing."""
        url = f"http://{self.addresses[0]}:{self.port}"
        return HttpMirror(url, name=f"neighbour {self.name} ({url})", metered=False)


def repositories(root: bytes, trust: Path) -> tuple[str, ...]:
    """Return how kiosks of one federation know each other: by any root that both know.

    Args:
        root: the root metadata that was put in by hand; kiosks set up in different years have different ones.
        trust: the folder of verified metadata, with the roots that were walked to since; the newest are named.
    """
    since = sorted((trust / "metadata").glob("*.root.json"), key=lambda path: int(path.name.split(".")[0]))
    known = [root, *(path.read_bytes() for path in since[-MOST_ROOTS:])]
    return tuple(dict.fromkeys(hashlib.sha256(each).hexdigest()[:REPOSITORY_DIGITS] for each in known))


def own_interfaces() -> tuple[IPv4Interface, ...]:
    """Return this machine's addresses with their networks (IPv4: a hotspot and a cable have it; no loopback)."""
    found = (f"{ip.ip}/{ip.network_prefix}" for each in ifaddr.get_adapters() for ip in each.ips if ip.is_IPv4)
    return tuple(sorted(own for own in map(IPv4Interface, found) if not own.is_loopback))


def record_of(neighbour: Neighbour) -> ServiceInfo:
    """Return the service record that announces a kiosk."""
    label = neighbour.name.replace(".", " ").encode()[:MOST_NAME_BYTES].decode(errors="ignore").strip() or "kiosk"
    host = hashlib.sha256(f"{neighbour.name} {neighbour.addresses}".encode()).hexdigest()[:12]
    return ServiceInfo(
        SERVICE,
        f"{label}.{SERVICE}",
        parsed_addresses=list(neighbour.addresses),
        port=neighbour.port,
        properties={"v": FORM, "repo": ",".join(neighbour.repositories)},
        server=f"kiosk-{host}.local.",
    )


def neighbour_in(record: ServiceInfo, own: Collection[IPv4Interface]) -> Neighbour | None:
    """Return the neighbour that a service record tells of; None for one that is not of our form, or not near.

    Args:
        record: as it was heard.
        own: this machine's addresses. Near is what is in one of their networks, without a router between, and is not
            this machine: every hotspot has the same address, which would lead back to this kiosk.
    """
    known = (record.properties.get(b"repo") or b"").decode("ascii", "replace").split(",")
    addresses = [each for each in record.parsed_addresses() if _is_near(each, own)]
    if record.properties.get(b"v") != FORM.encode() or not addresses or not record.port:
        return None
    name = "".join(sign for sign in record.get_name() if sign.isprintable())
    return Neighbour(name, tuple(addresses), record.port, tuple(known))


@contextmanager
def announced(neighbour: Neighbour, interfaces: Interfaces = ALL) -> Iterator[None]:
    """Tell the local network of this kiosk while the block runs.

    Raises:
        HostError: multicast does not work here.
    """
    with _zeroconf(interfaces) as zeroconf:
        record = record_of(neighbour)
        zeroconf.register_service(record, allow_name_change=True)
        try:
            yield
        finally:
            zeroconf.unregister_service(record)


def keep_announcing(
    name: str,
    port: int,
    known: tuple[str, ...],
    stop: threading.Event,
    *,
    interfaces: Interfaces = ALL,
    every_seconds: float = LOOK_SECONDS,
) -> None:
    """Announce this kiosk at all its addresses until `stop` is set, anew when a network comes or goes."""
    while not stop.is_set():
        own = own_interfaces()
        addresses = tuple(str(each.ip) for each in own)
        try:
            if addresses:
                with announced(Neighbour(name, addresses, port, known), interfaces):
                    while not stop.wait(every_seconds) and own_interfaces() == own:
                        pass
                continue
        except HostError:
            pass  # the network went while it was being told: it is looked for again
        stop.wait(every_seconds)


def find(
    known: Collection[str],
    seconds: float,
    *,
    interfaces: Interfaces = ALL,
    networks: Collection[IPv4Interface] | None = None,
) -> list[Neighbour]:
    """Listen for some seconds and return the kiosks that hold packs of a repository that this kiosk knows.

    Args:
        known: which; see `repositories`.
        seconds: how long to listen; answers come within one or two.
        interfaces: the addresses of the network interfaces to ask on.
        networks: the addresses with networks that count as this machine's own, in place of those it has.

    Raises:
        HostError: multicast does not work here.
    """
    own, wanted = own_interfaces() if networks is None else networks, frozenset(known)
    with _zeroconf(interfaces) as zeroconf:
        heard = _Listener()
        browser = ServiceBrowser(zeroconf, SERVICE, listener=heard)
        heard.enough.wait(seconds)
        browser.cancel()
        records = [
            zeroconf.get_service_info(SERVICE, name, ANSWER_MILLISECONDS)
            for name in sorted(heard.names)[:MOST_NEIGHBOURS]
        ]
    found = [neighbour_in(record, own) for record in records if record]
    return [each for each in found if each and wanted.intersection(each.repositories)]


class _Listener(ServiceListener):
    def __init__(self) -> None:
        self.names: set[str] = set()
        self.enough = threading.Event()

    def add_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        self.names.add(name)
        if len(self.names) >= MOST_NEIGHBOURS:
            self.enough.set()

    def update_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        """Its record is read at the end anyway."""

    def remove_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        self.names.discard(name)


@contextmanager
def _zeroconf(interfaces: Interfaces) -> Iterator[Zeroconf]:
    try:
        zeroconf = Zeroconf(interfaces=interfaces, ip_version=IPVersion.V4Only)
    except OSError as error:
        raise HostError(f"neighbours can not be asked: {error.strerror or error}", "is there a network?") from error
    try:
        yield zeroconf
    finally:
        zeroconf.close()


def _is_near(address: str, own: Collection[IPv4Interface]) -> bool:
    ip = ip_address(address)
    return ip.version == 4 and any(ip in each.network and ip != each.ip for each in own)
