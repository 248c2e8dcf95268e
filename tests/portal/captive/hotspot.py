"""A hotspot and a phone on this machine: each in a network of its own, a cable between them, and dnsmasq.

Nothing of it can be reached from outside, nor reaches out.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from kiosk.config import Config
from tests.portal.serving import write_config

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "provisioning" / "hotspot" / "kiosk-lease"
KIOSK, PORT = "192.168.4.1", 8080
UP_SECONDS = 30
AS_USER = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
ENTER_USER = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
ENVIRONMENT = os.environ | {"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}


@dataclass(frozen=True)
class Place:
    """A network, held open by a process."""

    process: subprocess.Popen[bytes]

    def inside(self, *, mounts: bool = False) -> list[str]:
        """Return what a command must begin with to run there."""
        return ["nsenter", "-t", str(self.process.pid), *ENTER_USER, "--net", *(["--mount"] if mounts else [])]

    def run(self, *command: str | Path, check: bool = True) -> str:
        """Run a command there to its end and return what it printed."""
        words = [*self.inside(), *map(str, command)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False, env=ENVIRONMENT)
        assert done.returncode == 0 or not check, (words, done.stdout, done.stderr)
        return done.stdout


@dataclass(frozen=True)
class Hotspot:
    """The kiosk's end, the phone's end, and how things are started that end with the test."""

    kiosk: Place
    phone: Place
    folder: Path
    running: ExitStack

    def start(self, name: str, command: Sequence[str | Path], **environment: str) -> subprocess.Popen[bytes]:
        """Start a program; its log is `name`.log."""
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen([*map(str, command)], stdout=log, stderr=log, env=ENVIRONMENT | environment)
        self.running.callback(_end, process)
        return process

    def ask(self, url: str, *options: str) -> int:
        """Have the phone ask for an address, wherever it is, of the kiosk; return the status."""
        there = ["--connect-to", f"::{KIOSK}:{PORT}", "--noproxy", "*"]
        told = self.phone.run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", *there, *options, url, check=False)
        return int(told)

    def join(self) -> None:
        """Have the phone join: it asks for an address, as after each time that it was away."""
        self.phone.run("udhcpc", "-i", "phone", "-n", "-q", "-f", "-s", self.folder / "take-address")

    def until(self, status: int, url: str) -> None:
        """Wait until the phone is answered so."""
        ends = time.monotonic() + UP_SECONDS
        while self.ask(url) != status:
            assert time.monotonic() < ends, f"{url} is not answered with {status}"
            time.sleep(0.1)


@contextmanager
def hotspot(config: Config, folder: Path) -> Iterator[Hotspot]:
    """A hotspot whose portal and dnsmasq run."""
    with ExitStack() as running:
        kiosk = _place(running, ["unshare", *AS_USER, "--net", "--mount"])
        phone = _place(running, [*kiosk.inside(), "unshare", "--net", "--mount"])
        found = Hotspot(kiosk, phone, folder, running)
        kiosk.run("ip", "link", "add", "hotspot", "type", "veth", "peer", "name", "phone")
        kiosk.run("ip", "link", "set", "phone", "netns", str(phone.process.pid))
        for place, device in ((kiosk, "lo"), (kiosk, "hotspot"), (phone, "lo"), (phone, "phone")):
            place.run("ip", "link", "set", device, "up")
        kiosk.run("ip", "address", "add", f"{KIOSK}/24", "dev", "hotspot")
        take = folder / "take-address"
        take.write_text('#!/bin/sh\n[ "$1" != bound ] || exec ip address replace "$ip/24" dev "$interface"\n')
        take.chmod(0o755)
        _serve(found, config)
        yield found


def _place(running: ExitStack, command: list[str]) -> Place:
    process = subprocess.Popen([*command, "sleep", "600"], env=ENVIRONMENT)
    running.callback(_end, process)
    ends = time.monotonic() + UP_SECONDS
    while Path(f"/proc/{process.pid}/comm").read_text() != "sleep\n":
        assert process.poll() is None, "no network of its own can be had here"
        assert time.monotonic() < ends
        time.sleep(0.02)
    return Place(process)


def _serve(found: Hotspot, config: Config) -> None:
    path = found.folder / "kiosk.yaml"
    write_config(config, path, PORT, address="0.0.0.0")
    found.start("portal", [*found.kiosk.inside(), sys.executable, "-m", "kiosk", "serve", "portal", "--config", path])
    found.start(
        "dnsmasq",
        [
            *found.kiosk.inside(), "dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--port=0", "--user=root",
            "--interface=hotspot", "--bind-interfaces", "--no-ping", "--dhcp-range=192.168.4.20,192.168.4.50,24h",
            f"--dhcp-leasefile={found.folder}/leases", f"--dhcp-script={SCRIPT}",
        ],
        KIOSK_STATE=str(config.state), KIOSK_PORTAL=f"http://127.0.0.1:{PORT}",
    )  # fmt: skip
    ends = time.monotonic() + UP_SECONDS
    while found.kiosk.run("curl", "-s", f"http://127.0.0.1:{PORT}/healthz", check=False) != "ok\n":
        assert time.monotonic() < ends, (found.folder / "portal.log").read_text()
        time.sleep(0.1)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(30)
