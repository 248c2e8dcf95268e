"""Where a published repository lies: a folder, a server over SFTP, an object store, or whatever else fsspec speaks to.

Owns: reading and writing there. True always: a file is under its name whole or not at all (an object store puts it
whole, elsewhere it is renamed when its size is right); a large file that was cut off goes on where it stopped; an SSH
server is one that this user knows.
"""

from __future__ import annotations

import functools
import os
import posixpath
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fsspec.core import url_to_fs

from kiosk.errors import ConfigError, MirrorError

FOLDERS = ("blobs", "targets", "metadata")
"""All that is ever touched at a target."""
PIECE_BYTES = 1 << 20
AT_A_TIME = 4
"""Files sent at a time to an object store, where each one waits for the line."""
FOR_EVER = "public, max-age=31536000, immutable"
NOT_LONG = "no-cache"

Told = Callable[[int], None]
"""Told the number of bytes that went up."""


class Destination:
    """A place for a repository, named by a path or URL; `options` go to its file system (`endpoint_url`, …).

    Raises:
        ConfigError: nobody here speaks such a URL, or an option is wrong.
        MirrorError: it can not be reached.
    """

    def __init__(self, target: str, options: Mapping[str, Any] | None = None) -> None:
        self.name = target
        given = dict(options or {})
        try:
            if target.startswith(("sftp://", "ssh://")):
                given["host_key_policy"] = _known_hosts()
            with self._reaching():
                self._fs, self._base = url_to_fs(target, skip_instance_cache=True, **given)
        except (ImportError, ValueError, TypeError) as error:
            hint = 'pip install "telecenter-kiosk[publish]" for sftp://, "telecenter-kiosk[publish-s3]" for s3://'
            raise ConfigError(f"{target}: can not be used: {error}", hint) from error
        kinds = {self._fs.protocol} if isinstance(self._fs.protocol, str) else set(self._fs.protocol)
        self._in_place = kinds.isdisjoint({"s3", "gs", "gcs", "abfs", "az", "memory"})
        self._caches = "s3" in kinds
        self._on_disk = "file" in kinds

    def files(self) -> dict[str, int]:
        """Return path -> size in bytes of each file of a repository that is there, drafts left out."""
        found: dict[str, int] = {}
        with self._reaching():
            self._fs.invalidate_cache()
            for folder in FOLDERS:
                place = f"{self._base}/{folder}"
                if not self._fs.exists(place):
                    continue
                for path, about in self._fs.find(place, detail=True).items():
                    found[posixpath.relpath(path, self._base)] = int(about["size"])
        return {path: size for path, size in found.items() if not posixpath.basename(path).startswith(".")}

    def read(self, path: str) -> bytes | None:
        """Return the bytes of a file, or None when it is not there."""
        with self._reaching():
            try:
                return bytes(self._fs.cat_file(f"{self._base}/{path}"))
            except FileNotFoundError:
                return None

    def send(self, files: Mapping[str, Path], told: Told) -> None:
        """Put files at paths, in any order, each whole; on a disk they are durable when this returns."""
        with ThreadPoolExecutor(1 if self._in_place else AT_A_TIME) as pool:
            running = [pool.submit(self._put, source, path) for path, source in files.items()]
            try:
                for job in running:
                    told(job.result())
            finally:
                for job in running:
                    job.cancel()
        if self._on_disk and files:
            os.sync()  # a stick may be pulled out at any time, and what comes next names these

    def remove(self, path: str) -> None:
        """Remove a file."""
        with self._reaching():
            self._fs.rm_file(f"{self._base}/{path}")

    def _put(self, source: Path, path: str) -> int:
        size, place = source.stat().st_size, f"{self._base}/{path}"
        with self._reaching():
            if self._in_place:
                self._append(source, place, size)
            else:
                self._fs.put_file(str(source), place, **self._headers(path))
            arrived = int(self._fs.info(place)["size"])
        if arrived != size:
            raise MirrorError(f"{self.name}/{path}: {arrived} bytes arrived of {size}", "publish again; is it full?")
        return size

    def _append(self, source: Path, place: str, size: int) -> None:
        folder, _, name = place.rpartition("/")
        self._fs.makedirs(folder, exist_ok=True)
        # What never changes is named by its hash or number, so what is there of it is a beginning of the same bytes.
        draft = f"{folder}/.{name}.{'new' if name == 'timestamp.json' else 'part'}"
        start = int(self._fs.info(draft)["size"]) if name != "timestamp.json" and self._fs.exists(draft) else 0
        start = start if start <= size else 0
        with source.open("rb") as file, self._fs.open(draft, "ab" if start else "wb") as out:
            file.seek(start)
            for piece in iter(functools.partial(file.read, PIECE_BYTES), b""):
                out.write(piece)
        if int(self._fs.info(draft)["size"]) == size:
            self._fs.mv(draft, place)

    def _headers(self, path: str) -> dict[str, str]:
        # A store behind a cache must hand out a new timestamp within minutes; all else never changes.
        if not self._caches:
            return {}
        kind = "application/json" if path.endswith(".json") else "application/octet-stream"
        return {"CacheControl": NOT_LONG if path.endswith("/timestamp.json") else FOR_EVER, "ContentType": kind}

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        try:
            yield
        except _troubles() as error:
            raise MirrorError(
                f"{self.name}: {error or type(error).__name__}", "is there a link, and may you write there?"
            ) from error


@functools.cache
def _troubles() -> tuple[type[Exception], ...]:
    # What the libraries of the file systems that are installed raise, besides OSError.
    found: list[type[Exception]] = [OSError, EOFError]
    try:
        import paramiko

        found.append(paramiko.SSHException)
    except ImportError:
        pass
    try:
        from botocore.exceptions import BotoCoreError, ClientError

        found += [BotoCoreError, ClientError]
    except ImportError:
        pass
    return tuple(found)


def _known_hosts() -> Any:
    import paramiko

    class KnownHosts(paramiko.MissingHostKeyPolicy):  # type: ignore[misc]  # it has no types
        """Takes a server only by the key that ~/.ssh/known_hosts has for it."""

        def missing_host_key(self, client: Any, hostname: str, key: Any) -> None:
            known = paramiko.HostKeys()
            for path in (Path.home() / ".ssh" / "known_hosts", Path("/etc/ssh/ssh_known_hosts")):
                if path.is_file():
                    known.load(str(path))
            if not known.check(hostname, key):
                raise paramiko.SSHException(
                    f"the server's key is not the one known for {hostname}; connect once with sftp and look at it"
                )

    return KnownHosts()
