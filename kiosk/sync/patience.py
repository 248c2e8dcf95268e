"""How long the kiosk waits for a server: a connection that knows silence and dribble when it sees them.

Owns: the time limits of one connection. True always: only time spent waiting for the server counts, so a reader that
pauses (a slow card, a budget that spreads the bytes) never makes a good server look slow; and a server that gives
a byte now and then, in its headers or its body, is left as soon as one that gives none.
"""

from __future__ import annotations

import functools
import http.client
import io
import time
from dataclasses import dataclass
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

MOST_HEADER_BYTES = 256 * 1024
"""What a server may send before its body begins (interim answers included) until it is held to be endless."""


@dataclass(frozen=True)
class Patience:
    """How long a connection, and a silence in an answer, may last; and the fewest bytes in each window of waiting.

    Links here have 600 ms, lose a fifth of the packets and go down to 20 kbit/s: the floor is a twentieth of that.
    """

    connect_seconds: float = 30
    silence_seconds: float = 60
    window_seconds: float = 60
    floor_bytes: int = 8 * 1024


def pool(patience: Patience) -> urllib3.PoolManager:
    """Return a pool whose connections keep to `patience`; it follows no redirect and hardly tries again."""
    # Its own retries are for connections that died while they were kept; a server's Retry-After is not obeyed, since
    # it could be a year.
    retries = urllib3.Retry(
        2, connect=1, read=1, redirect=False, status=0, other=1, backoff_factor=0, respect_retry_after_header=False
    )
    manager = urllib3.PoolManager(
        timeout=urllib3.Timeout(connect=patience.connect_seconds, read=patience.silence_seconds), retries=retries
    )
    # As a static method: a newer Python would bind a partial to the connection.
    response: Any = staticmethod(functools.partial(_Response, patience))

    class Plain(HTTPConnection):
        response_class = response

    class Tls(HTTPSConnection):
        response_class = response

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls = Tls

    manager.pool_classes_by_scheme = {"http": PlainPool, "https": TlsPool}
    return manager


class _Response(http.client.HTTPResponse):
    def __init__(self, patience: Patience, sock: Any, *args: Any, **named: Any) -> None:
        super().__init__(sock, *args, **named)
        self._paced = _Paced(sock.makefile("rb", buffering=0), patience)
        self.fp.close()
        self.fp = io.BufferedReader(self._paced)

    def begin(self) -> None:
        self._paced.left = MOST_HEADER_BYTES
        super().begin()
        self._paced.left = None


class _Paced(io.RawIOBase):
    """A socket's bytes; raises TimeoutError (an OSError) when fewer than the floor came in a window of waiting."""

    def __init__(self, raw: io.RawIOBase, patience: Patience) -> None:
        self._raw = raw
        self._patience = patience
        self._waited = 0.0
        self._got = 0
        self.left: int | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        began = time.monotonic()
        count = self._raw.readinto(buffer)
        self._waited += time.monotonic() - began
        self._got += count or 0
        if self._waited >= self._patience.window_seconds:
            if self._got < self._patience.floor_bytes:
                raise TimeoutError(f"only {self._got} bytes in {self._waited:.0f} seconds")
            self._waited, self._got = 0.0, 0
        if self.left is not None:
            self.left -= count or 0
            if self.left < 0:
                raise http.client.HTTPException("its headers do not end")
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()
