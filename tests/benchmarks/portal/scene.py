"""A kiosk with a course, papers, notices, a film and a board of any size, and its portal as a process of its own."""

from __future__ import annotations

import random
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kiosk.config import Config
from kiosk.store import db, threads
from kiosk.store.state import State
from tests.portal.conftest import Packer, configuration

SEED = 20261127
LESSONS, PAPERS, NOTICES = 9, 12, 4
FILM = "/files/village/story/en/film.mp4"
FILM_BYTES = 30_000_000
WORDS = ("member", "share", "field", "water", "maize", "seed", "loan", "meeting", "price", "road", "health", "school")


def make(folder: Path, *, board_threads: int, posts: int) -> Config:
    """Return the configuration of a kiosk in `folder` whose board has so many threads and posts in all."""
    seeded = random.Random(SEED)
    config = configuration(folder)
    state = State(config.state)
    state.prepare()
    packer = Packer(state)
    _pack(packer, seeded)
    packer.install()
    _write(state, seeded, board_threads, posts)
    return config


def lesson(number: int) -> str:
    """Return the address of a lesson, the first being 0."""
    return f"/courses/village/farming/en/lesson-{number % LESSONS}"


def _words(seeded: random.Random, count: int) -> str:
    return " ".join(seeded.choices(WORDS, k=count))


def _pack(packer: Packer, seeded: random.Random) -> None:
    lessons, files = [], {}
    for number in range(LESSONS):
        title = _words(seeded, 4)
        page = {"title": title, "summary": _words(seeded, 12), "minutes": 15, "page": f"{number}.html"}
        lessons.append({"id": f"lesson-{number}", **page})
        files[f"{number}_dot_html"] = "".join(f"<p>{_words(seeded, 60)}</p>" for _ in range(12)).encode()
    attributes = {"subject": "farming", "level": "beginner", "lessons": lessons}
    packer.add("course", "farming", "en", "Farming", attributes, **files)
    for number in range(PAPERS):
        paper = b"%PDF-1.4 " + _words(seeded, 200).encode()
        packer.add("document", f"paper-{number}", "en", _words(seeded, 4), {"category": "reports"}, a_dot_pdf=paper)
    shown = {"starts": "2026-01-01", "ends": "2036-12-31", "pinned": False}
    for number in range(NOTICES):
        text = f"<p>{_words(seeded, 80)}</p>".encode()
        packer.add("notice", f"notice-{number}", "en", _words(seeded, 5), shown, notice_dot_html=text)
    film = seeded.randbytes(FILM_BYTES)
    packer.add("document", "story", "en", "A film", {"category": "other"}, film_dot_mp4=film)


def _write(state: State, seeded: random.Random, board_threads: int, posts: int) -> None:
    now = datetime.now(UTC) - timedelta(days=30)
    with closing(db.connect(state.database)) as conn, db.transaction(conn):
        opened = [
            threads.open_thread(conn, f"{_words(seeded, 5)} {number}", "Wanjiru", _words(seeded, 40), now)
            for number in range(board_threads)
        ]
        for number in range(posts - board_threads):
            threads.reply(conn, opened[number % board_threads], "Otieno", _words(seeded, 40), now)
