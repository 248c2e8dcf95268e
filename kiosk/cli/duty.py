"""A site on duty: it tells systemd that it answers, and ends when nobody has asked for long.

True always: systemd is told "alive" only after the site has been asked for something, by the way a visitor takes, and
has answered; a site that hangs anywhere is silent, and is started anew.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from kiosk.cli.listening import THREADS, Known, Sent, bind
from kiosk.config import Site
from kiosk.host import processes, supervisor

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

WATCH = "kiosk-watch"
"""How the watch calls itself: what it asks keeps no site awake."""
A_WATCH = 3
"""How often the watch looks in the time that systemd waits."""

Answers = Callable[[float], bool]
"""Takes the seconds it may need; tells whether a site answers."""


class Asked:
    """An application, and when it was last asked for something; the watch does not count."""

    def __init__(self, inner: WSGIApplication) -> None:
        self._inner = inner
        self._last = time.monotonic()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as the application does."""
        if environ.get("HTTP_USER_AGENT") != WATCH:
            self._last = time.monotonic()
        return self._inner(environ, start_response)

    def idle_seconds(self) -> float:
        """Return how long nobody has asked."""
        return time.monotonic() - self._last


def stand(
    app: WSGIApplication,
    site: Site,
    most_bytes: int,
    idle_seconds: float | None = None,
    *,
    sent: Sent | None = None,
    known: Known | None = None,
) -> None:
    """Serve a site until the process is stopped, or nobody has asked for `idle_seconds`; the rest is as for `bind`.

    Raises:
        HostError: the site's address or socket is not to be had.
    """
    asked = Asked(app)
    server = bind(asked, site, most_bytes, THREADS, sent=sent, known=known)
    watch(lambda seconds: processes.site_answers(site, "/healthz", seconds, WATCH))
    server.run(lambda: idle_seconds is None or asked.idle_seconds() < idle_seconds)


def watch(answers: Answers) -> None:
    """Tell systemd that the site is ready, and from now on that it is alive, for as long as it answers."""
    supervisor.tell("READY=1")
    every = supervisor.watched_seconds()
    if every is not None:
        threading.Thread(target=_keep_watching, args=(answers, every / A_WATCH), daemon=True).start()


def _keep_watching(answers: Answers, seconds: float) -> None:
    while True:
        if answers(seconds):
            supervisor.tell("WATCHDOG=1")
        time.sleep(seconds)
