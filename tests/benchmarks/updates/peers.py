"""The peers: programs that bring a folder up to date, each over its own protocol on the loopback, every byte counted.

A peer is used as its documentation advises for small updates, and where two ways are common the better counts.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from tests.benchmarks.updates.measure import Run, run
from tests.benchmarks.updates.trees import Series, archive
from tests.benchmarks.updates.web import Traffic, serve


@dataclass(frozen=True)
class Transfer:
    """What an update took: bytes of bodies, of requests and headers, how many requests, and the client's cost."""

    body_bytes: int
    header_bytes: int
    requests: int
    cpu_seconds: float
    peak_bytes: int

    @property
    def total_bytes(self) -> int:
        """Everything, both ways."""
        return self.body_bytes + self.header_bytes


Peer = Callable[[Series, Path], Transfer]
"""Measures an update in a scratch folder."""


def transfer(traffic: Traffic, client: Run) -> Transfer:
    """Return what a server counted and a client took as one."""
    headers = traffic.up_bytes + traffic.header_bytes
    return Transfer(traffic.body_bytes, headers, traffic.requests, client.cpu_seconds, client.peak_bytes)


def same(left: Path, right: Path) -> None:
    """Make sure that a peer did its work.

    Raises:
        ToolFailed: the two files or folders differ.
    """
    run(["diff", "-rq", "--no-dereference", left, right])


def rsync(series: Series, work: Path, more: Sequence[str] = ()) -> Transfer:
    """Measure a daemon and a client that trust times (unchanged files are not looked at), zstd at level 19."""
    target = work / "target"
    shutil.copytree(series.old, target)
    with _rsync_daemon(series.new, work) as url:
        options = ["-rt", "--delete", "-z", "--compress-choice=zstd", "--compress-level=19", "--stats", *more]
        client = run(["rsync", *options, url, f"{target}/"])
    same(target, series.new)
    sent, received = (
        int(re.sub(r"\D", "", re.search(rf"Total bytes {way}: ([\d,.]+)", client.output)[1]))  # type: ignore[index]
        for way in ("sent", "received")
    )
    return Transfer(sent + received, 0, 1, client.cpu_seconds, client.peak_bytes)


@contextmanager
def _rsync_daemon(folder: Path, work: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = work / "rsyncd.conf"
    owner = "uid = 0\ngid = 0\n" if os.getuid() == 0 else ""
    config.write_text(f"use chroot = no\n{owner}[new]\npath = {folder.resolve()}\nread only = yes\n")
    command = ["rsync", "--daemon", "--no-detach", f"--config={config}", f"--port={port}", "--address=127.0.0.1"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as daemon:
        try:
            for _ in range(100):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            yield f"rsync://127.0.0.1:{port}/new/"
        finally:
            daemon.terminate()


def zsync_tar(series: Series, work: Path) -> Transfer:
    """Measure zsync on the tar as it is."""
    return _zsync(series, work, "new.tar", [])


def zsync_gz(series: Series, work: Path) -> Transfer:
    """Measure zsync on a tar.gz that it compresses in its own way, looking inside."""
    return _zsync(series, work, "new.tar.gz", ["-z"])


def _zsync(series: Series, work: Path, file: str, options: list[str]) -> Transfer:
    old, new = archive(series.old, work.parent / "old.tar"), archive(series.new, work.parent / "new.tar")
    site = work / "site"
    site.mkdir()
    (site / "new.tar").symlink_to(new.resolve())
    run(["zsyncmake", *options, "-u", file, "-o", f"{file}.zsync", "new.tar"], site)
    with serve(site) as (url, traffic):
        client = run(["zsync", "-q", "-i", old.resolve(), "-o", "result.tar", f"{url}/{file}.zsync"], work)
    result = work / "result.tar"
    if options and result.read_bytes()[:2] == b"\x1f\x8b":
        result.rename(work / "result.tar.gz")
        run(["gzip", "-df", work / "result.tar.gz"])
    same(result, new)
    return transfer(traffic, client)


def casync_64k(series: Series, work: Path) -> Transfer:
    """Measure casync with its default chunks, 64 KiB on average."""
    return _casync(series, work, 65536)


def casync_16k(series: Series, work: Path) -> Transfer:
    """Measure casync with chunks of 16 KiB on average."""
    return _casync(series, work, 16384)


def _casync(series: Series, work: Path, average: int) -> Transfer:
    site, target = work / "site", work / "target"
    site.mkdir()
    kind = [f"--chunk-size={average}", "--without=all", "--with=16bit-uids"]
    run(["casync", "make", *kind, f"--store={site / 'new.castr'}", site / "new.caidx", series.new])
    with serve(site) as (url, traffic):
        # It starts a program of its own to speak HTTP; its memory and time are counted with it.
        seeds = [f"--seed={series.old}", "--seed-output=no", f"--store={url}/new.castr"]
        client = run(["casync", "extract", *kind, *seeds, f"{url}/new.caidx", target])
    same(target, series.new)
    return transfer(traffic, client)


def zchunk(series: Series, work: Path) -> Transfer:
    """Measure zchunk on the tar, as packages' indexes are fetched."""
    site = work / "site"
    site.mkdir()
    for name, folder in (("old", series.old), ("new", series.new)):
        tar = archive(folder, work.parent / f"{name}.tar")
        run(["zck", "-o", (work if name == "old" else site) / f"{name}.tar.zck", tar])
    with serve(site) as (url, traffic):
        client = run(["zckdl", "-q", "-s", "old.tar.zck", f"{url}/new.tar.zck"], work)
    same(work / "new.tar.zck", site / "new.tar.zck")
    return transfer(traffic, client)


def ostree(series: Series, work: Path) -> Transfer:
    """Measure a static delta from one commit to the next: the summary, the delta's files, and applying them.

    Its own `pull` is not used: on trees like these it also fetches most objects singly, while the delta is at work.
    """
    site, client, delta = work / "site", work / "client", work / "delta"
    repo = [f"--repo={site}"]
    run(["ostree", "init", *repo, "--mode=archive"])
    commits = [_commit(site, folder, number) for number, folder in enumerate((series.old, series.new))]
    ends = [f"--from={commits[0]}", f"--to={commits[1]}"]
    run(["ostree", "static-delta", "generate", *repo, *ends, "--min-fallback-size=0"])
    run(["ostree", "summary", *repo, "-u"])
    run(["ostree", "init", f"--repo={client}", "--mode=bare-user-only"])
    run(["ostree", f"--repo={client}", "pull-local", site, commits[0]])
    delta.mkdir()
    with serve(site) as (url, traffic):
        for path in [site / "summary", *(path for path in (site / "deltas").rglob("*") if path.is_file())]:
            with urlopen(f"{url}/{path.relative_to(site)}") as answer:
                (delta / path.name).write_bytes(answer.read())
    (delta / "summary").unlink()
    applied = run(["ostree", f"--repo={client}", "static-delta", "apply-offline", delta])
    run(["ostree", f"--repo={client}", "checkout", "-U", commits[1], work / "target"])
    same(work / "target", series.new)
    return transfer(traffic, applied)


def _commit(repo: Path, folder: Path, number: int) -> str:
    still = [
        "--canonical-permissions",
        "--no-xattrs",
        "--owner-uid=0",
        "--owner-gid=0",
        f"--timestamp=2026-01-0{number + 1}",
    ]
    return run(["ostree", "commit", f"--repo={repo}", *still, "-b", "docs", f"--tree=dir={folder}"]).output.strip()


PEERS: dict[str, Peer] = {
    "rsync": rsync, "zsync (tar)": zsync_tar, "zsync (tar.gz)": zsync_gz, "casync 64K": casync_64k,
    "casync 16K": casync_16k, "zchunk": zchunk, "ostree delta": ostree,
}  # fmt: skip
