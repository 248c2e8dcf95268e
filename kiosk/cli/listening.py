"""How a site listens: waitress, which keeps a request until it is whole, and what it does with one that is too large.

True always: of a body that is larger than the site takes only the beginning is kept, in memory, however large it is:
the words of a form, which stand before its files. It is read to its end all the same, since a browser shows an answer
only when it has sent everything. No single phone can take all connections, nor keep one by never ending a question.
"""

from __future__ import annotations

import contextlib
import copy
import io
import os
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import waitress
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.receiver import FixedStreamReceiver
from waitress.utilities import RequestEntityTooLarge

from kiosk.config import Site
from kiosk.errors import HostError
from kiosk.host import supervisor

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

THREADS = 4
"""Enough for a hotspot: a hundred who ask at once wait for the processor, not for a thread; each costs memory."""
MOST_CONNECTIONS = 600
"""A phone keeps up to six open between pages; above this, new ones wait until others are idle for a minute. Fewer than
the 1024 files that a process may have open.
"""
MOST_OF_A_PHONE = 60
"""Connections of one address; a router with a few phones behind it keeps to it too."""
ITSELF = "127.0.0.1"
"""The machine's own programs may have as many as they like."""
BY_SOCKET = "localhost"
"""Whom waitress takes a request on a unix socket to come from."""
LOOK_SECONDS = 1.0
"""How often a server that ends by itself looks whether it may."""
BEGINNING_BYTES = 65_536
"""What is kept of a body that is too large."""
MOST_DROPPED_BYTES = 16_000_000_000
"""What sends more than this does not stop by itself, and is cut off."""

FROM_A_STRANGER = 1_000_000
"""Largest body that is kept of somebody whom a site must know before it takes more."""

Sent = Callable[[int], None]
"""Takes a number of bytes."""
Known = Callable[[str], bool]
"""Takes a request's Cookie header, and tells whether the site knows who sends it."""


class Server:
    """A server that listens, and answers once `run` is called; `waitress` is what it is made of."""

    def __init__(self, server: Any, sockets: dict[int, Any]) -> None:
        self.waitress = server
        self._sockets = sockets

    def run(self, goes_on: Callable[[], bool] = lambda: True) -> None:
        """Answer until the process is stopped, or `goes_on` says no while nobody is connected.

        Whoever connects after that finds the socket of a `.socket` unit, which starts the site anew.
        """
        with contextlib.suppress(SystemExit, KeyboardInterrupt):
            while self.waitress.active_channels or goes_on():
                self.waitress.asyncore.loop(LOOK_SECONDS, use_poll=True, map=self._sockets, count=1)
        self.waitress.task_dispatcher.shutdown()


def bind(
    app: WSGIApplication,
    site: Site,
    most_bytes: int,
    threads: int = THREADS,
    *,
    sent: Sent | None = None,
    known: Known | None = None,
) -> Server:
    """Return a server that listens, on what systemd has handed over if it has.

    Args:
        app: the application. A request with a larger body reaches it with its true length and its beginning to read.
        site: where to listen, and who is believed when it tells whom it asks for.
        most_bytes: the largest body that is kept for the application.
        threads: how many answers are made at once.
        sent: told, by any thread, how many bytes have just left.
        known: asked before more than `FROM_A_STRANGER` of a body is kept; None: everybody is.

    Raises:
        HostError: address and port, or the socket, are not to be had.
    """
    sockets: dict[int, Any] = {}
    try:
        server = waitress.create_server(
            app,
            map=sockets,
            threads=threads,
            **_place(site),
            **_manners(most_bytes, BY_SOCKET if site.socket else site.proxy),
        )
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise HostError(
            f"{site.socket or f'{site.address}:{site.port}'}: can not be listened on: {reason}",
            "is another program there? address and port are in the configuration",
        ) from error
    _set_channels(sockets, sent, known)
    return Server(server, sockets)


def _place(site: Site) -> dict[str, Any]:
    handed = supervisor.inherited()
    if handed:
        return {"sockets": handed}
    if site.socket is None:
        return {"host": site.address, "port": site.port}
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o117)  # for this account and its group
    try:
        site.socket.unlink(missing_ok=True)
        opened.bind(str(site.socket))
    finally:
        os.umask(before)
    return {"sockets": [opened]}


def _manners(most_bytes: int, proxy: str | None) -> dict[str, Any]:
    # Only the proxy tells whom it asks for: from anybody else the header is dropped, for whoever sends it may lie.
    believed = {"trusted_proxy": proxy, "trusted_proxy_headers": {"x-forwarded-for"}} if proxy else {}
    return {
        "ident": None,
        "channel_timeout": 60,
        "connection_limit": MOST_CONNECTIONS,
        "asyncore_use_poll": True,
        "max_request_body_size": most_bytes + 1,
        "clear_untrusted_proxy_headers": True,
        **believed,
    }


def _set_channels(sockets: dict[int, Any], sent: Sent | None, known: Known | None) -> None:
    parser = type("_Asking", (_Parser,), {"known": staticmethod(known)}) if known else _Parser
    channel = type("_Told", (_Channel,), {"sent": staticmethod(sent) if sent else None, "parser_class": parser})
    for each in sockets.values():
        if hasattr(each, "channel_class"):
            each.channel_class = channel


class _Beginning:
    """Takes bytes in, in place of waitress's buffer, and keeps their number and the first of them."""

    def __init__(self, start: bytes = b"", size: int = 0) -> None:
        self._start, self._size = start[:BEGINNING_BYTES], size

    def __len__(self) -> int:
        return self._size

    def append(self, data: bytes) -> None:
        self._size += len(data)
        if len(self._start) < BEGINNING_BYTES:
            self._start = (self._start + data)[:BEGINNING_BYTES]

    def getfile(self) -> io.BytesIO:
        return io.BytesIO(self._start)

    def close(self) -> None:
        """There is nothing to close."""


class _Parser(HTTPRequestParser):  # type: ignore[misc]
    """Reads on where waitress would break off."""

    dropped: _Beginning | None = None
    known: Known | None = None
    adj: Any
    body_rcv: Any = None
    expect_continue = False

    def parse_header(self, header_plus: bytes) -> None:
        try:
            super().parse_header(header_plus)
        except ValueError as error:  # an address with brackets and nothing good in them
            raise ParsingError("Bad URI") from error
        if not self.known or not (self.chunked or self.content_length > FROM_A_STRANGER):
            return  # nothing that would be too much of anybody
        if not self.known(str(self.headers.get("COOKIE", ""))):
            self.adj = copy.copy(self.adj)  # this request's own
            self.adj.max_request_body_size = min(self.adj.max_request_body_size, FROM_A_STRANGER + 1)

    def received(self, data: bytes) -> int:
        if self.dropped is not None and len(self.dropped) <= MOST_DROPPED_BYTES:
            self.body_bytes_received = 0  # else it is too large again with every piece
        taken = int(super().received(data))
        if self.dropped is None and isinstance(self.error, RequestEntityTooLarge):
            self._drop()
        if self.chunked and "CONTENT_LENGTH" in self.headers:  # told twice, in ways that may differ: RFC 9112, 6.1
            self.headers["CONNECTION"] = "close"
        return taken

    def _drop(self) -> None:
        self.error, self.dropped = None, _Beginning()
        if self.chunked:  # its length is only known at the end
            self.dropped = _Beginning(self.body_rcv.buf.getfile().read(BEGINNING_BYTES), len(self.body_rcv))
            self.body_rcv.buf.close()
            self.body_rcv.buf = self.dropped
            self.completed = bool(self.body_rcv.completed)
        else:
            self.body_rcv = FixedStreamReceiver(self.content_length, self.dropped)
            self.completed = self.expect_continue
            if self.expect_continue:  # who asks first whether to send it is told no
                self.expect_continue = False
                self.headers["CONNECTION"] = "close"


class _Channel(HTTPChannel):  # type: ignore[misc]
    parser_class = _Parser
    last_activity: float
    sent: Sent | None = None

    def __init__(self, server: Any, *arguments: Any, **more: Any) -> None:
        super().__init__(server, *arguments, **more)
        host = self.addr[0]
        of_it = sum(each.addr[0] == host for each in server.active_channels.values())
        if of_it > MOST_OF_A_PHONE and host not in (ITSELF, self.adj.trusted_proxy):
            self.will_close = True

    def send(self, data: bytes, do_close: bool = True) -> int:
        number = int(super().send(data, do_close))
        if self.sent and number:
            self.sent(number)
        return number

    def handle_read(self) -> None:
        asking, since = self.request, self.last_activity
        super().handle_read()
        if asking is not None and asking is self.request and not asking.headers_finished:
            self.last_activity = since  # a letter now and then does not keep it open
