"""Real servers for publishing, each a process of its own on the loopback, with its own keys: OpenSSH and SeaweedFS."""

from __future__ import annotations

import getpass
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fsspec

UP_SECONDS = 60
WEED = Path(sys.executable).parent / "weed"
ACCESS, SECRET = "publisher", "publishers-secret"


def free_ports(count: int) -> list[int]:
    """Return ports that are free, and whose number plus 10000 (SeaweedFS takes it for gRPC) is too."""
    found: list[int] = []
    # Two runs at once begin at different places: what is free now is not held until the server takes it.
    for port in range(21100 + 7 * (os.getpid() % 700), 29000, 7):
        if all(_is_free(each) for each in (port, port + 10000)):
            found.append(port)
        if len(found) == count:
            return found
    raise AssertionError("no free ports")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@contextmanager
def _running(command: list[str], port: int, log: Path) -> Iterator[None]:
    with log.open("wb") as out:
        child = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        until = time.monotonic() + UP_SECONDS
        while True:
            assert child.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield
    finally:
        child.kill()  # there is nothing to keep, and SeaweedFS takes its time over a gentle end
        child.wait()


@contextmanager
def _no_sockets(ports: list[int]) -> Iterator[None]:
    # SeaweedFS leaves its local sockets behind, by port.
    try:
        yield
    finally:
        for port in ports:
            for each in (port, port + 10000):
                for path in Path("/tmp").glob(f"seaweedfs-*-{each}.sock"):
                    path.unlink()


@contextmanager
def sftp(folder: Path) -> Iterator[tuple[str, Path]]:
    """Run an OpenSSH server and yield the URL of `folder`/served and a HOME whose owner may use it."""
    (port,) = free_ports(1)
    home, served = folder / "home", folder / "served"
    served.mkdir(parents=True)
    (home / ".ssh").mkdir(parents=True, mode=0o700)
    for path in (folder / "host-key", home / ".ssh" / "id_ed25519"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    shutil.copy(home / ".ssh" / "id_ed25519.pub", folder / "authorized")
    public = (folder / "host-key.pub").read_text()
    (home / ".ssh" / "known_hosts").write_text(f"[127.0.0.1]:{port} {public}")
    (folder / "sshd.conf").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host-key\nAuthorizedKeysFile {folder}/authorized\n"
        "PidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin prohibit-password\n"
        "Subsystem sftp internal-sftp\n"
    )
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # sshd's own, without which it does not start as root
    with _running(["/usr/sbin/sshd", "-D", "-e", "-f", str(folder / "sshd.conf")], port, folder / "sshd.log"):
        yield f"sftp://{getpass.getuser()}@127.0.0.1:{port}{served}/repository", home


@contextmanager
def s3(folder: Path) -> Iterator[tuple[str, str]]:
    """Run an object store with one empty bucket and yield the bucket's URL and the endpoint."""
    (folder / "data").mkdir(parents=True)
    names = ("master", "volume", "filer", "s3")
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    identity = {"name": "publisher", "credentials": [{"accessKey": ACCESS, "secretKey": SECRET}], "actions": ["Admin"]}
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    command = [
        str(WEED), "-logtostderr=true", "server", f"-dir={folder / 'data'}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
        "-master.telemetry=false", "-master.volumeSizeLimitMB=64", "-volume.max=20", "-filer", "-s3",
        f"-s3.config={folder / 's3.json'}", *(f"-{name}.port={port}" for name, port in ports.items()),
    ]  # fmt: skip
    endpoint = f"http://127.0.0.1:{ports['s3']}"
    with _no_sockets(list(ports.values())), _running(command, ports["s3"], folder / "weed.log"):
        store = fsspec.filesystem("s3", key=ACCESS, secret=SECRET, endpoint_url=endpoint, skip_instance_cache=True)
        until = time.monotonic() + UP_SECONDS
        while True:
            try:
                store.mkdir("packs")
                store.pipe_file("packs/up", b"up")  # the first volume is there
                break
            except OSError:
                assert time.monotonic() < until, (folder / "weed.log").read_text()
                time.sleep(0.2)
        yield "s3://packs", endpoint
