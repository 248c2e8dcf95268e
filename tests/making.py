"""What tests make: small recipes, a federation, a kiosk that follows it, and mirrors that can be made to fail."""

from __future__ import annotations

import functools
import hashlib
import http.server
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml

from kiosk.config import Config, Site, Sync
from kiosk.errors import HostError
from kiosk.packs.zim import HEADER, MAGIC
from kiosk.publish.build import BuiltPack, build
from kiosk.publish.drafts import BookOrder
from kiosk.publish.repository import Repository
from kiosk.store.state import State
from kiosk.sync.agent import Agent
from kiosk.sync.mirrors import FileMissing

START = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
CHANNEL = "stable"
BOOK_ID = uuid.UUID("6f1d19d0-633f-087b-fb55-7ac324ff9baf")


class MovableClock:
    """A clock that tests turn by hand."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


def no_books(order: BookOrder, out: Path) -> None:
    """Stand where zimwriterfs would, in tests whose recipes have no book to build."""
    raise HostError(f"{order.name}: this test builds no books")


def course_recipe(folder: Path, *, version: int = 1, text: str = "Members own it together.") -> Path:
    """Write a small valid recipe with one course, one notice and one document, and return its folder."""
    lesson = folder / "course" / "01-members"
    lesson.mkdir(parents=True, exist_ok=True)
    (folder / "course" / "pictures").mkdir(exist_ok=True)
    (folder / "course" / "pictures" / "hand.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle cx="4" cy="4" r="3"/></svg>'
    )
    front = "---\ntitle: Members\nsummary: Who owns it.\nminutes: 10\n---\n"
    (lesson / "en.md").write_text(f"{front}![A hand](../pictures/hand.svg)\n\n## Who\n\n{text}\n")
    question = {"question": "Who owns it?", "choices": ["The bank", "Its members"], "answer": 2, "why": "They do."}
    (lesson / "en.quiz.yaml").write_text(yaml.safe_dump({"questions": [question]}))
    (folder / "notice.md").write_text("The assembly is on **Friday**.\n")
    (folder / "rules.txt").write_text("One member, one vote.\n")
    write_recipe(folder, recipe(version))
    return folder


def recipe(version: int = 1) -> dict[str, object]:
    """Return the pack.yaml of `course_recipe` as a value, for tests that spoil it."""
    labels = {"title": "Members", "summary": "About members."}
    return {
        "format": 1,
        "pack": "members",
        "version": version,
        "publisher": "Test federation",
        "licence": "CC-BY-SA-4.0",
        "title": {"en": "Members"},
        "summary": {"en": "About members."},
        "items": [
            {
                "id": "members", "kind": "course", "folder": "course", "subject": "governance", "level": "beginner",
                "translations": {"en": labels},
            },
            {
                "id": "assembly", "kind": "notice", "starts": "2026-11-01", "ends": "2027-01-31",
                "translations": {"en": {**labels, "source": "notice.md"}},
            },
            {
                "id": "rules", "kind": "document", "category": "law",
                "translations": {"en": {**labels, "files": ["rules.txt"]}},
            },
        ],
    }  # fmt: skip


def zim_bytes(body: bytes = b"x" * 100, major: int = 6, pointer: int = 90, entries: int = 3) -> bytes:
    """Return bytes that have a ZIM's header and checksum (not a book one could read)."""
    checksum_at = HEADER.size + len(body)
    head = HEADER.pack(MAGIC, major, 1, BOOK_ID.bytes, entries, 1, pointer, 90, 90, 80, 0, 2**32 - 1, checksum_at)
    return head + body + hashlib.md5(head + body).digest()


def book_recipe(folder: Path, data: bytes) -> Path:
    """Write a recipe with one book, taken as it is, and return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    value = recipe()
    labels = {"title": "A book", "summary": "About health.", "zim": "book.zim", "as_it_is": True}
    value |= {
        "pack": "book",
        "items": [{"id": "book", "kind": "book", "subject": "health", "translations": {"en": labels}}],
    }
    (folder / "book.zim").write_bytes(data)
    write_recipe(folder, value)
    return folder


def write_recipe(folder: Path, value: dict[str, object]) -> None:
    """Write a value as the pack.yaml of a folder."""
    (folder / "pack.yaml").write_text(yaml.safe_dump(value, sort_keys=False))


@dataclass
class FolderMirror:
    """A repository in a folder, as a mirror; `spoiled` maps a part of a path to the bytes that are served for it."""

    folder: Path
    name: str = "test-mirror"
    metered: bool = True
    spoiled: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def read(self, path: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        self.asked.append(path)
        for part, data in self.spoiled.items():
            if part in path:
                yield data[start:end]
                return
        file = self.folder / path
        if not file.is_file():
            raise FileMissing(f"{self.name}/{path}: missing")
        yield file.read_bytes()[start:end]


class Village:
    """A federation and one kiosk that follows it, both below `folder`."""

    def __init__(self, folder: Path, now: datetime = START) -> None:
        self.folder = folder
        self.clock = MovableClock(now)
        self.repository = Repository(folder / "repository", folder / "keys", self.clock)
        self.repository.init([CHANNEL])
        self.mirror = FolderMirror(self.repository.folder)
        root = folder / "root.json"
        root.write_bytes(self.repository.root_bytes())
        self.config = config(folder, root)
        self.state = State(self.config.state)

    def release(self, version: int = 1, text: str = "Members own it together.") -> BuiltPack:
        """Build and release a version of the small pack."""
        built = build(
            course_recipe(self.folder / "recipe", version=version, text=text), self.folder / "built", no_books
        )
        self.repository.release([built], CHANNEL)
        return built

    def agent(self) -> Agent:
        return Agent(self.config, [self.mirror], self.clock, wait=lambda seconds: None)

    def lesson(self) -> str:
        """Return the lesson that the current generation serves."""
        return (self.state.current / "members/members/en/lessons/01-members.html").read_text()


def config(folder: Path, root: Path, *, port: int = 8000, mirror: str = "http://127.0.0.1:1") -> Config:
    """Return a configuration whose state is below `folder`."""
    portal, library, console = (Site(f"127.0.0.{n}", port, f"http://127.0.0.{n}:{port}") for n in (1, 2, 3))
    sync = Sync((mirror,), (CHANNEL,), root, 10**9, 10**6, neighbours=False)
    return Config("Test telecenter", folder / "state", portal, library, console, sync, ZoneInfo("Africa/Kampala"))


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        """Say nothing."""


@contextmanager
def http_server(folder: Path) -> Iterator[str]:
    """Serve a folder over HTTP on a free loopback port and yield the URL."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        worker = threading.Thread(target=server.serve_forever)
        worker.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            worker.join()
