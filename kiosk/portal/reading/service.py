"""kiwix-serve, as the library's origin asks it.

Owns: the connections to it. True always: each ends, in time, when its answer is read or its reader is gone; only the
headers named here pass, in either direction.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse

from kiosk.config import Site
from kiosk.errors import KioskError

CONNECT_SECONDS, READ_SECONDS = 2.0, 30.0
START_SECONDS = 3.0
"""How long a service that is just starting, as with the first pack, is waited for."""
PIECE_BYTES = 1 << 16
TOLD = ("Content-Type", "Content-Length", "Content-Range", "Accept-Ranges")
"""What the service says that is passed on."""


class ServiceDown(KioskError):
    """kiwix-serve does not answer, or not in time."""


@dataclass(frozen=True)
class Answer:
    """The beginning of an answer; `pieces` is read to its end, or `close` is called."""

    status: int
    headers: Mapping[str, str]
    location: str
    response: HTTPResponse
    connection: HTTPConnection

    @property
    def type(self) -> str:
        """The media type, without parameters, in small letters."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    def pieces(self) -> Iterator[bytes]:
        """Yield the body as it comes.

        Raises:
            ServiceDown: it broke off; the phone then sees that the page is not whole.
        """
        left = self.response.length  # None: it is told with each chunk
        try:
            while piece := self.response.read1(PIECE_BYTES):
                left = None if left is None else left - len(piece)
                yield piece
            if left:
                raise ServiceDown(f"kiwix-serve broke off {left} bytes before the end")
        except (OSError, HTTPException) as error:
            raise ServiceDown(f"kiwix-serve broke off: {error}") from error
        finally:
            self.close()

    def data(self, most_bytes: int) -> bytes:
        """Return the body, up to so many bytes.

        Raises:
            ServiceDown: it broke off.
        """
        try:
            return self.response.read(most_bytes)
        except (OSError, HTTPException) as error:
            raise ServiceDown(f"kiwix-serve broke off: {error}") from error
        finally:
            self.close()

    def close(self) -> None:
        """End the connection."""
        self.response.close()
        self.connection.close()


def ask(service: Site, target: str, method: str = "GET", *, wanted: str = "", seconds: float = READ_SECONDS) -> Answer:
    """Ask kiwix-serve for a path with its query, quoted, and return the beginning of the answer.

    Args:
        wanted: the range that is wanted, as in the header Range; "" for all.
        seconds: how long it may be silent.

    Raises:
        ServiceDown: it does not answer.
    """
    headers = {"Accept-Encoding": "identity"} | ({"Range": wanted} if wanted else {})
    connection = _connected(service, seconds)
    try:
        connection.request(method, target, headers=headers)
        response = connection.getresponse()
    except (OSError, HTTPException, ValueError) as error:
        connection.close()
        raise ServiceDown(f"kiwix-serve does not answer: {error}") from error
    told = {name: value for name in TOLD if (value := response.headers.get(name)) is not None}
    return Answer(response.status, told, response.headers.get("Location", ""), response, connection)


def _connected(service: Site, seconds: float) -> HTTPConnection:
    until = time.monotonic() + START_SECONDS
    while True:
        connection = HTTPConnection(service.address, service.port, timeout=CONNECT_SECONDS)
        try:
            connection.connect()
        except ConnectionRefusedError as error:
            if time.monotonic() > until:
                raise ServiceDown("kiwix-serve is not running") from error
            time.sleep(0.05)
        except OSError as error:
            raise ServiceDown(f"kiwix-serve can not be reached: {error}") from error
        else:
            connection.sock.settimeout(seconds)
            return connection
