"""The one port to places that hold a copy of a repository, and the carriers: HTTP, and a folder such as a stick.

True always: a mirror is believed in nothing. It gives bytes; whether they are the right ones is decided by signature
and hash elsewhere. What it can do is waste time and bytes, so each carrier bounds both: bytes beyond those asked for
are not read, a server that hardly sends is left, and no link on a stick leads out of it.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol
from urllib.parse import urljoin, urlsplit

import urllib3

from kiosk.errors import MirrorError
from kiosk.sync import patience as patiences
from kiosk.sync.patience import Patience

PIECE_BYTES = 64 * 1024
MOST_REDIRECTS = 3
ASKS_FOR_RANGE = 2
"""How often a range is asked for before a server is held not to know ranges: some answer differently by chance."""
MOST_DRAINED_BYTES = 4 * 1024
"""The longest error page that is read to its end, so that the connection can be used again."""
CONTENT_RANGE = re.compile(r"bytes (\d{1,15})-(\d{1,15})/(?:\d{1,15}|\*)")
OBJECT = re.compile(r"^(?:<.*object at [^>]*>|[A-Za-z]+\(host=[^)]*\)): ")
"""What the library puts before the reason: its own objects, which tell a reader nothing."""
LOGIN = "is this the login page of a network?"
ABSENT = (403, 404, 410)
"""Answers that say "not here"; an object store says 403 where it will not say 404."""


class FileMissing(MirrorError):
    """The mirror answers, and has no such file."""


class RangeIgnored(MirrorError):
    """The mirror has the file, and gives it only from its first byte."""


class Mirror(Protocol):
    """A place with a copy of a repository: its name for messages, and whether its bytes cost money (the internet's)."""

    name: str
    metered: bool

    def read(self, path: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield the file at `path` in the repository, from byte `start` to before `end`, as the bytes arrive.

        Never more than `end - start` bytes; fewer only with an error. Without `end`, to the end of the file.

        Raises:
            FileMissing: it is not there.
            RangeIgnored: it can be had only from byte 0; nothing was read.
            MirrorError: the mirror can not be reached, broke off, or its file is shorter.
        """
        ...


class HttpMirror:
    """A repository below a URL. Plain HTTP will do: trust is in the signatures.

    Args:
        url: where the repository is.
        name: what to call it in messages; the URL if not given.
        metered: whether its bytes cost money. A neighbour's do not; it is then not let redirect to where they do.
        patience: the limits on waiting.
    """

    def __init__(
        self, url: str, *, name: str | None = None, metered: bool = True, patience: Patience | None = None
    ) -> None:
        self._url = url.rstrip("/")
        self.name = name or self._url
        self.metered = metered
        self._redirects = MOST_REDIRECTS if metered else 0
        self._pool = patiences.pool(patience or Patience())

    def read(self, path: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield bytes of a file; see `Mirror.read`."""
        place = f"{self.name}/{path}"
        left = None if end is None else end - start
        answer = self._range(f"{self._url}/{path}", place, start, end)
        try:
            while left != 0 and (piece := answer.read1(PIECE_BYTES, decode_content=False)):
                wanted = piece[:left]
                left = None if left is None else left - len(wanted)
                yield wanted
            if left:  # an answer that names no length, ended by the end of its connection
                raise MirrorError(f"{place}: the mirror broke off {left} bytes too early", "try again later")
        except urllib3.exceptions.HTTPError as error:
            raise MirrorError(f"{place}: the mirror broke off: {_reason(error)}", "try again later") from error
        finally:
            answer.close()  # a connection whose answer was read to its end has gone back to the pool before

    def _range(self, url: str, place: str, start: int, end: int | None) -> urllib3.BaseHTTPResponse:
        headers = {"Accept-Encoding": "identity"}
        if start or end is not None:
            headers["Range"] = f"bytes={start}-{'' if end is None else end - 1}"
        for _ in range(ASKS_FOR_RANGE):
            answer = self._ask(url, place, headers)
            try:
                if _is_from(answer, place, start, end):
                    return answer
            except MirrorError:
                _leave(answer)
                raise
            answer.close()  # before its body is read: that would be bytes we have
        raise RangeIgnored(f"{place}: the mirror gives this file only from its first byte")

    def _ask(self, url: str, place: str, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
        try:
            for _ in range(self._redirects + 1):
                answer = self._pool.request("GET", url, headers=headers, preload_content=False, redirect=False)
                target = answer.get_redirect_location()
                if not target:
                    return answer
                answer.close()
                url = urljoin(url, target)
                if urlsplit(url).scheme not in ("http", "https"):
                    raise MirrorError(f"{place}: the mirror redirects to {url}, which is not a web address")
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            raise MirrorError(f"{place}: {_reason(error)}", "is there a link, and is the server up?") from error
        raise MirrorError(f"{place}: the mirror redirects too often (more than {self._redirects} times)")


class FolderMirror:
    """A repository in a folder, such as a mounted stick. Its bytes cost nothing.

    No symbolic link is followed below the folder: a stick may be made by anyone, and `blobs/ab/…` could point at a
    file of the kiosk, or at a device that never ends.
    """

    def __init__(self, folder: Path, name: str | None = None) -> None:
        self.folder = folder
        self.name = name or str(folder)
        self.metered = False

    def read(self, path: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield bytes of a file; see `Mirror.read`."""
        place = f"{self.name}/{path}"
        try:
            descriptor = open_below(self.folder, path)
        except OSError as error:
            raise _folder_error(place, error) from error
        with os.fdopen(descriptor, "rb", buffering=0):
            size = os.fstat(descriptor).st_size
            if max(start, end or 0) > size:
                raise MirrorError(f"{place}: has only {size} bytes", "copy the repository to it again")
            try:
                yield from pieces(descriptor, start, size if end is None else end)
            except OSError as error:
                raise _folder_error(place, error) from error


def file_at(url: str) -> tuple[HttpMirror, str]:
    """Return a mirror and a path in it for a single file that lies at `url`, such as a medium at its maker's."""
    folder, _, file = url.rpartition("/")
    return HttpMirror(folder), file


def open_below(folder: Path, path: str) -> int:
    """Open a regular file below `folder` for reading, following no link, and return its descriptor.

    Raises:
        OSError: it is not there, or is no regular file; ELOOP for a path that leads elsewhere.
    """
    here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    *folders, last = path.split("/")
    try:
        for part in folders:
            here, before = _open_part(part, os.O_DIRECTORY, here), here
            os.close(before)
        found = _open_part(last, os.O_NONBLOCK, here)
    finally:
        os.close(here)
    if not stat.S_ISREG(os.fstat(found).st_mode):
        os.close(found)
        raise OSError(errno.ENOENT, "is no plain file", path)
    return found


def _open_part(part: str, flags: int, folder: int) -> int:
    if part in ("", ".", ".."):
        raise OSError(errno.ELOOP, "leads elsewhere", part)
    return os.open(part, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | flags, dir_fd=folder)


def pieces(descriptor: int, start: int, end: int) -> Iterator[bytes]:
    """Yield the bytes of an open file from `start` to before `end`.

    Raises:
        OSError: it can not be read, or ends before.
    """
    while start < end:
        piece = os.pread(descriptor, min(PIECE_BYTES, end - start), start)
        if not piece:
            raise OSError(errno.EIO, "ends too early")
        start += len(piece)
        yield piece


def _is_from(answer: urllib3.BaseHTTPResponse, place: str, start: int, end: int | None) -> bool:
    """Tell whether an answer's body begins at `start`. Raises MirrorError if it can not be the file."""
    if answer.status in ABSENT:
        raise FileMissing(f"{place}: the mirror does not have this file (HTTP {answer.status})")
    if answer.status not in (200, 206):
        raise MirrorError(f"{place}: the mirror answered HTTP {answer.status}")
    if answer.headers.get("Content-Type", "").lower().startswith("text/html"):  # nothing in a repository is
        raise MirrorError(f"{place}: the mirror answered with a web page", LOGIN)
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise MirrorError(f"{place}: the mirror packs its answers, which was not asked for")
    if answer.status == 206:
        told = CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        if not told or int(told[1]) != start or (end is not None and int(told[2]) != end - 1):
            raise MirrorError(f"{place}: the mirror gave another range than was asked for, or the file is shorter")
        return True
    length = answer.headers.get("Content-Length", "")
    if length.isdecimal() and int(length) < max(start, end or 0):
        raise MirrorError(f"{place}: the mirror has only {length} bytes", LOGIN)
    return start == 0


def _leave(answer: urllib3.BaseHTTPResponse) -> None:
    length = answer.headers.get("Content-Length", "")
    if length.isdecimal() and int(length) <= MOST_DRAINED_BYTES:
        answer.drain_conn()
    answer.close()


def _folder_error(place: str, error: OSError) -> MirrorError:
    if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
        return FileMissing(f"{place}: there is no such file (no links are followed)")
    return MirrorError(f"{place}: can not be read: {error.strerror}", "is the stick still in, and in order?")


def _reason(error: Exception) -> str:
    inner = error.reason if isinstance(error, urllib3.exceptions.MaxRetryError) and error.reason else error
    return OBJECT.sub("", str(inner))
