"""A WSGI application on a port of loopback, in tests: the server that kiosks run, ended so that nothing is left."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from waitress.server import create_server


@contextmanager
def served(app: Callable[..., Any], host: str = "127.0.0.1") -> Iterator[int]:
    """Serve an application with waitress on loopback, yield the port, and end it with all its connections."""
    server = create_server(app, host=host, port=0, ident=None)
    worker = threading.Thread(target=server.run)
    worker.start()
    asked = threading.Event()

    def stop() -> None:
        asked.wait()  # another thread may have woken the server before we did: we must have, before its pipe is closed
        for channel in list(server.active_channels.values()):  # some clients never read to the end
            channel.handle_close()
        server.close()

    try:
        yield int(server.effective_port)
    finally:
        server.trigger.pull_trigger(stop)
        asked.set()
        worker.join()
