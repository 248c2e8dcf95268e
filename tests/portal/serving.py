"""`kiosk serve portal` as its own process, on a state folder that a test has filled."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from kiosk.config import Config

UP_SECONDS = 30


@dataclass(frozen=True)
class Served:
    """A portal that runs: where it listens, and its process."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        """The address by which this machine's browsers reach it."""
        return f"http://127.0.0.1:{self.port}"

    def say(self, request: bytes, source: str = "127.0.0.1") -> bytes:
        """Send bytes as they are from an address of the loopback network, and return all that comes back."""
        with closing(socket.create_connection(("127.0.0.1", self.port), 30, (source, 0))) as line:
            line.sendall(request)
            return b"".join(iter(lambda: line.recv(65536), b""))


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_config(
    config: Config, path: Path, port: int, *, proxy: str | None = None, address: str = "127.0.0.1"
) -> None:
    """Write a kiosk.yaml that has the portal listen on a port of this machine."""
    believed = f", proxy: {proxy}" if proxy else ""
    path.write_text(
        f"name: {config.name}\nstate: {config.state}\n"
        f'portal: {{address: {address}, port: {port}, url: "{config.portal.url}"{believed}}}\n'
        f'library: {{address: 127.0.0.1, port: {config.library.port}, url: "{config.library.url}"}}\n'
        f'console: {{address: 127.0.0.1, port: {config.console.port}, url: "{config.console.url}"}}\n'
        f'sync: {{mirrors: ["http://mirror.test"], trusted_root: root.json}}\n'
    )


@contextmanager
def serving(config: Config, folder: Path, *, proxy: str | None = None, tmp: Path | None = None) -> Iterator[Served]:
    """Serve the portal until the block ends.

    Args:
        config: of the kiosk; the portal's port is another.
        folder: where kiosk.yaml and the log go.
        proxy: the address of a proxy to be believed.
        tmp: the folder of its temporary files, to see what is there.
    """
    port, path, log = free_port(), folder / "kiosk.yaml", folder / "portal.log"
    write_config(config, path, port, proxy=proxy)
    command = [sys.executable, "-m", "kiosk", "serve", "portal", "--config", str(path)]
    environment = os.environ | ({"TMPDIR": str(tmp)} if tmp else {})
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
    served = Served(port, process, log)
    try:
        _wait(served)
        yield served
    finally:
        process.terminate()
        process.wait(30)


def _wait(served: Served) -> None:
    until = time.monotonic() + UP_SECONDS
    while time.monotonic() < until:
        assert served.process.poll() is None, served.log.read_text()
        with suppress(OSError):
            if served.say(b"GET /healthz HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.0 200"):
                return
        time.sleep(0.05)
    raise AssertionError(served.log.read_text())
