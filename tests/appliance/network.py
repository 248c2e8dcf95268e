"""The networks around a kiosk in a container: its uplink's cable, the world behind it, and a phone on the hotspot.

    phone ── wlan0 [kiosk] eth0 ── laptop ── what this machine reaches

Owns: three network namespaces, the cables between them, and who answers DHCP and names at the uplink. The hotspot's
side is a cable, not a radio (radios: `radio.py`). Nothing of it changes this machine's own network, and all of it goes
when the block ends.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from tests.appliance.running import ENVIRONMENT, end, need, run, until
from tests.appliance.tree import NAMESERVER

KIOSK, LAPTOP = "10.0.2.15", "10.0.2.2"
WORLD, WORLD_NAMESERVER = "10.0.9.0/24", "10.0.9.3"
MASQUERADE = """\
table ip out {
  chain post {
    type nat hook postrouting priority 100;
    oifname "world" masquerade;
  }
}
"""
_numbers = count()


@dataclass(frozen=True)
class Network:
    """The names of the three places."""

    kiosk: str
    laptop: str
    phone: str

    def uplink(self, *, up: bool) -> None:
        """Plug in the cable of the uplink, or pull it out."""
        run("ip", "-n", self.laptop, "link", "set", "cable", "up" if up else "down")


def inside(place: str) -> list[str]:
    """Return what a command must begin with to run in a place."""
    return ["ip", "netns", "exec", place]


def path(place: str) -> Path:
    """Return the file of a place's network."""
    return Path("/run/netns") / place


@contextmanager
def network() -> Iterator[Network]:
    """Make the networks."""
    need("ip", "nft", "slirp4netns", "dnsmasq")
    base = f"rig{os.getpid()}-{next(_numbers)}"
    found = Network(*(f"{base}-{name}" for name in ("kiosk", "laptop", "phone")))
    with ExitStack() as stack:
        for place in (found.kiosk, found.laptop, found.phone):
            run("ip", "netns", "add", place)
            stack.callback(run, "ip", "netns", "delete", place)
            run("ip", "-n", place, "link", "set", "lo", "up")
        _cable(found.kiosk, "eth0", found.laptop, "cable")
        _cable(found.kiosk, "wlan0", found.phone, "hotspot")
        run("ip", "-n", found.phone, "link", "set", "hotspot", "up")
        _reach_the_world(found, stack)
        yield found


def _cable(first: str, device: str, second: str, other: str) -> None:
    run("ip", "-n", first, "link", "add", device, "type", "veth", "peer", "name", other, "netns", second)


def _reach_the_world(found: Network, stack: ExitStack) -> None:
    laptop = inside(found.laptop)
    for address in (LAPTOP, NAMESERVER):
        run("ip", "-n", found.laptop, "address", "add", f"{address}/24", "dev", "cable")
    found.uplink(up=True)
    slirp = [
        "slirp4netns",
        "--configure",
        "--mtu=1500",
        f"--cidr={WORLD}",
        "--netns-type=path",
        f"{path(found.laptop)}",
        "world",
    ]
    _start(stack, slirp)
    until(lambda: "inet " in run("ip", "-n", found.laptop, "address", "show", "world", check=False), "a way out")
    run(*laptop, "sysctl", "-q", "-w", "net.ipv4.ip_forward=1")
    run(*laptop, "nft", "-f", "-", given=MASQUERADE)
    # One address, whichever of its programs asks: networkd and NetworkManager call the machine differently.
    leases = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rig-"))) / "leases"
    _start(
        stack,
        [
            *laptop, "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
            "--user=root", "--pid-file=", "--interface=cable", "--bind-interfaces", f"--server={WORLD_NAMESERVER}",
            f"--dhcp-range={KIOSK},{KIOSK},1h", "--no-ping", "--dhcp-ignore-clid",
            f"--dhcp-option=option:router,{LAPTOP}", f"--dhcp-option=option:dns-server,{NAMESERVER}",
            f"--dhcp-leasefile={leases}",
        ],
    )  # fmt: skip


def _start(stack: ExitStack, command: Sequence[str]) -> None:
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet, env=ENVIRONMENT)
    stack.callback(end, process)
