"""The one port to places that hold a copy of a repository, and the carrier that exists today: HTTP.

True always: a mirror is believed in nothing. It gives bytes; whether they are the right ones is decided by signature
and hash elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import urllib3

from kiosk.errors import MirrorError

PIECE_BYTES = 64 * 1024
CONNECT_SECONDS, READ_SECONDS = 30, 60
"""How long a connection, and a silence within an answer, may last: links here have 600 ms and lose packets."""


class FileMissing(MirrorError):
    """The mirror answers, and has no such file."""


class Mirror(Protocol):
    """A place with a copy of a repository."""

    name: str
    metered: bool

    def read(self, path: str) -> Iterator[bytes]:
        """Yield the bytes of the file at `path` in the repository.

        Raises:
            FileMissing: it is not there.
            MirrorError: the mirror can not be reached, or broke off.
        """
        ...


class HttpMirror:
    """A repository below a URL. Plain HTTP will do: trust is in the signatures."""

    def __init__(self, url: str) -> None:
        self.name = url.rstrip("/")
        self.metered = True
        timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
        self._pool = urllib3.PoolManager(timeout=timeout, retries=urllib3.Retry(2, redirect=3, backoff_factor=0.5))

    def read(self, path: str) -> Iterator[bytes]:
        """Yield the bytes of a file; see `Mirror.read`."""
        url = f"{self.name}/{path}"
        try:
            answer = self._pool.request("GET", url, preload_content=False, headers={"Accept-Encoding": "identity"})
        except urllib3.exceptions.HTTPError as error:
            raise MirrorError(f"{url}: {_reason(error)}", "is there a link, and is the server up?") from error
        try:
            if answer.status in (403, 404, 410):
                raise FileMissing(f"{url}: the mirror does not have this file (HTTP {answer.status})")
            if answer.status != 200:
                raise MirrorError(f"{url}: the mirror answered HTTP {answer.status}")
            yield from answer.stream(PIECE_BYTES)
        except urllib3.exceptions.HTTPError as error:
            raise MirrorError(f"{url}: the mirror broke off: {_reason(error)}", "try again later") from error
        finally:
            answer.release_conn()
            answer.close()


def _reason(error: urllib3.exceptions.HTTPError) -> str:
    inner = error.reason if isinstance(error, urllib3.exceptions.MaxRetryError) and error.reason else error
    return str(inner).rpartition("object at")[2].partition(">: ")[2] or str(inner)
