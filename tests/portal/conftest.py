"""A small kiosk with one pack of everything, on disk and in the database as a sync leaves them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kiosk.config import Config, Site, Sync
from kiosk.host.conversion import Converter
from kiosk.packs.blobs import Blob
from kiosk.packs.collection import Entry, content_root, period_of
from kiosk.packs.head import Head, Route
from kiosk.packs.manifest import Item, Manifest
from kiosk.portal import create_portal
from kiosk.store import collections, db, generations
from kiosk.store.state import State
from tests.web.catalogues import compile_catalogues

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
UUID = "6f1d19d0-633f-087b-fb55-7ac324ff9baf"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0h9v9z"/></svg>'
QUIZ = {
    "questions": [
        {
            "question": "Who owns it?",
            "choices": ["The chair", "Its members"],
            "answer": 2,
            "why": "One member, one vote.",
        },
        {"question": "When do we meet?", "choices": ["Each month", "Never"], "answer": 1, "why": "The by-laws say so."},
    ]
}
LESSON = (
    '<h2>Start</h2><p onclick="x()">All <strong>members</strong> & friends<script>alert(1)</script></p>'
    '<img src="pictures/meeting.svg" alt="A meeting" onerror="x()"><img src="http://evil.example/a.png" alt="gone">'
    '<img src="../../secret.svg" alt="gone"><a href="javascript:x()">no</a><iframe src="/"></iframe>'
)


class Packer:
    """Collects items with their files and installs them as a generation."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.items: list[Item] = []
        self.entries: dict[str, list[Entry]] = {}
        self.files: dict[Path, bytes] = {}

    def add(self, kind: str, name: str, language: str, title: str, attributes: dict[str, Any], **files: bytes) -> None:
        """Add an item; the names of `files` have __ for / and _dot_ for a dot."""
        types = {
            "html": "text/html", "json": "application/json", "svg": "image/svg+xml", "pdf": "application/pdf",
            "png": "image/png", "zim": "application/x-zim", "odt": "application/vnd.oasis.opendocument.text",
            "mp3": "audio/mpeg", "m4a": "audio/mp4", "mp4": "video/mp4", "vtt": "text/vtt",
        }  # fmt: skip
        entries = []
        for key, data in files.items():
            path = key.replace("__", "/").replace("_dot_", ".")
            self.files[Path(name) / language / path] = data
            media = types[path.rpartition(".")[2]]
            entries.append(Entry(path, media, "", len(data), hashlib.sha256(data).hexdigest()))
        summary = f"About {title}."
        entries.sort(key=lambda entry: entry.path)
        root = content_root(entries, period_of(entries))
        self.entries[root] = entries
        size = sum(entry.size_bytes for entry in entries)
        self.items.append(
            Item(name, kind, language, title, summary, "CC-BY-4.0", size, len(entries), root, attributes, ())
        )

    def install(self, number: int = 1, pack: str = "village") -> None:
        """Write files and rows, and make the generation the current one."""
        manifest = Manifest(pack, 1, {"en": "Village"}, {"en": "All"}, "Federation", "CC-BY-4.0", tuple(self.items))
        for path, data in self.files.items():
            target = self.state.generations / str(number) / pack / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        data = manifest.to_bytes()
        sha256 = hashlib.sha256(data).hexdigest()
        route = Route((Blob(sha256, 1),), 0)
        head = Head(
            pack,
            1,
            sha256,
            len(data),
            manifest.installed_bytes,
            manifest.size_bytes,
            manifest.entries,
            manifest.kinds,
            route,
        )
        conn = db.connect(self.state.database)
        with db.transaction(conn):
            head_sha256 = hashlib.sha256(head.to_bytes()).hexdigest()
            for root, entries in self.entries.items():
                collections.record(conn, root, entries)
            generations.record(conn, number, [generations.NewPack(head_sha256, head.manifest_sha256, manifest)], NOW)
        conn.close()
        self.state.current.unlink(missing_ok=True)
        self.state.current.symlink_to(Path("generations") / str(number))


def village(packer: Packer) -> None:
    """Add a course, a book, papers and notices, in several languages."""
    for language, title in (("en", "Running a cooperative"), ("fr", "Gérer une coopérative")):
        lessons = [
            {"id": "what-it-is", "title": "What it is", "summary": "The idea.", "minutes": 20, "page": "lessons/1.html",
             "quiz": "quizzes/1.json"},
            {"id": "meetings", "title": "Meetings", "summary": "How.", "minutes": 1, "page": "lessons/2.html"},
        ]  # fmt: skip
        packer.add(
            "course", "cooperative", language, title,
            {"subject": "governance", "level": "beginner", "lessons": lessons},
            lessons__1_dot_html=LESSON.encode(), lessons__2_dot_html=b"<p>Talk in turn.</p>",
            quizzes__1_dot_json=json.dumps(QUIZ).encode(), pictures__meeting_dot_svg=SVG,
        )  # fmt: skip
    packer.add(
        "book", "handbook", "en", "Handbook",
        {"subject": "farming", "file": "handbook_en.zim", "uuid": UUID},
        handbook_en_dot_zim=bytes(range(256)) * 8, cover_dot_png=b"\x89PNG",
    )  # fmt: skip
    packer.add(
        "document", "by-laws", "en", "Model by-laws", {"category": "model-papers"},
        by_laws_dot_pdf=b"%PDF-1.4 by-laws", by_laws_dot_odt=b"PK odt",
    )  # fmt: skip
    packer.add("document", "loi", "fr", "Loi de 2019", {"category": "law"}, loi_dot_pdf=b"%PDF-1.4 loi")
    shown = {"starts": "2026-11-01", "ends": "2026-12-31", "pinned": False}
    packer.add("notice", "prices", "en", "New prices", shown, notice_dot_html=b"<p>Maize: 40 <script>x</script></p>")
    packer.add("notice", "meeting", "sw", "Mkutano", {**shown, "pinned": True}, notice_dot_html=b"<p>Karibu</p>")
    over = {"starts": "2026-01-01", "ends": "2026-01-31", "pinned": False}
    packer.add("notice", "old", "en", "Old news", over, notice_dot_html=b"<p>Old</p>")


@pytest.fixture(scope="session", autouse=True)
def _catalogues() -> None:
    compile_catalogues()


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """The configuration of a kiosk in the test's own folder."""
    return configuration(tmp_path)


def configuration(folder: Path) -> Config:
    """Return a configuration whose library answers nowhere."""
    return Config(
        name="Umoja Telecenter",
        state=folder / "state",
        portal=Site("127.0.0.1", 8300, "http://kiosk.test"),
        library=Site("127.0.0.1", 9, "http://library.test"),
        console=Site("127.0.0.1", 8302, "http://console.test"),
        sync=Sync(("http://mirror.test",), ("stable",), folder / "root.json", 1, 1, neighbours=False),
        time_zone=ZoneInfo("UTC"),
    )


@pytest.fixture
def packer(config: Config) -> Packer:
    """An empty packer for the kiosk's state."""
    state = State(config.state)
    state.prepare()
    return Packer(state)


@pytest.fixture
def empty(config: Config) -> Iterator[FlaskClient]:
    """A visitor of a kiosk with nothing installed."""
    with create_portal(config, lambda: NOW).test_client() as client:
        yield client


@pytest.fixture
def portal(config: Config, packer: Packer) -> Flask:
    """The portal of a kiosk with the village pack."""
    village(packer)
    packer.install()
    return create_portal(config, lambda: NOW, Converter())


@pytest.fixture
def visitor(portal: Flask) -> FlaskClient:
    """A visitor of that kiosk."""
    return portal.test_client()
