"""A portal with something of everything, served to browsers, that notes what they ask."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from flask import Flask
from werkzeug.serving import make_server

from kiosk.config import Config
from kiosk.host.conversion import Converter
from kiosk.portal import create_portal
from kiosk.store import db, threads
from kiosk.store.state import State
from tests.portal.conftest import NOW, Packer, configuration, village
from tests.portal.crawl import Form, Page, crawl
from tests.web.catalogues import compile_catalogues

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


@dataclass(frozen=True)
class Asked:
    """One request: how it was answered, and what was sent with it."""

    method: str
    path: str
    status: int
    body: bytes


class Noting:
    """A WSGI application that notes each request of another."""

    def __init__(self, inner: WSGIApplication) -> None:
        self.inner = inner
        self.asked: list[Asked] = []

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(body)
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]

        def start(status, headers, error=None):  # type: ignore[no-untyped-def]
            self.asked.append(Asked(method, path, int(status.split()[0]), body or environ["QUERY_STRING"].encode()))
            return start_response(status, headers, error)

        return self.inner(environ, start)

    def answers(self, form: Form) -> list[Asked]:
        """Return what was asked by sending a form."""
        path = urlsplit(form.action).path
        names = [each.name for each in form.inputs if each.type not in ("checkbox", "radio", "file", "submit")]
        return [
            each
            for each in self.asked
            if (each.method, each.path) == (form.method, path)
            and all(f"{name}=".encode() in each.body or f'"{name}"'.encode() in each.body for name in names)
        ]


@dataclass(frozen=True)
class Portal:
    """The portal as browsers see it: where it is, its pages, and what was asked of it."""

    url: str
    app: Flask
    pages: list[Page]
    noting: Noting

    def forms(self) -> list[Form]:
        """Return each form once that is sent to the portal: those on a hundred threads are all alike."""
        kinds: dict[object, Form] = {}
        for page in self.pages:
            for form in page.forms:
                if form.action.startswith("/"):
                    kinds.setdefault((page.endpoint, form.method, tuple(each.name for each in form.inputs)), form)
        return list(kinds.values())


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """A portal of its own for each browser, so that none is slowed for what another wrote."""
    compile_catalogues()
    config: Config = configuration(tmp_path_factory.mktemp("portal"))
    state = State(config.state)
    state.prepare()
    packer = Packer(state)
    village(packer)
    packer.install()
    _write(state.database)
    app = create_portal(config, lambda: NOW, Converter())
    pages = crawl(app, app.test_client())
    noting = Noting(app.wsgi_app)
    server = make_server("127.0.0.1", 0, noting, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Portal(f"http://127.0.0.1:{server.port}", app, pages, noting)
    server.shutdown()
    thread.join(10)
    server.server_close()


def _write(database: Path) -> None:
    conn = db.connect(database)
    with db.transaction(conn):
        threads.open_thread(conn, "Two goats for sale", "Wanjiru", "Healthy and young.", NOW)
    conn.close()
