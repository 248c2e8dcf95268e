"""Visitors who ask without a pause, each from an address and with a connection of its own, as phones do."""

from __future__ import annotations

import asyncio
import gzip
import random
import re
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from tests.benchmarks.portal import scene

MIX = {"home": 30, "lesson": 25, "papers": 20, "thread": 20, "post": 5}
"""Of 100 pages, how many are what."""
PIECE_BYTES, FILM_RATE = 1_000_000, 250_000
"""A player asks for pieces and reads them as fast as it plays, in bytes a second."""
PATIENCE_SECONDS = 60
THREADS = 20
"""The threads that are read and answered."""
FIELD = re.compile(rb'name="(csrf_token|send)" value="([^"]+)"')


@dataclass
class Measured:
    """What visitors saw: seconds of each answer by kind, what went wrong, and bytes of film."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in MIX})
    errors: list[str] = field(default_factory=list)
    film_bytes: int = 0
    film_seconds: float = 0

    def all(self) -> list[float]:
        """Return the seconds of all answers, the shortest first."""
        return sorted(second for each in self.seconds.values() for second in each)


@dataclass
class Answer:
    """Status, headers by lower-case name, and body of an answer."""

    status: int
    headers: dict[str, str]
    body: bytes


class Phone:
    """One phone: its address, connection and cookies."""

    def __init__(self, port: int, number: int) -> None:
        self._port, self._address = port, f"127.1.{number // 250}.{number % 250 + 1}"
        self._cookies: dict[str, str] = {}
        self._line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, path: str, form: bytes = b"", headers: str = "", pace: float = 0) -> Answer:
        """Ask for a page, or send a form; `pace` is how many bytes of the body are read a second (0: all at once)."""
        if self._line is None:
            opening = asyncio.open_connection("127.0.0.1", self._port, local_addr=(self._address, 0), limit=1 << 16)
            self._line = await opening
        reader, writer = self._line
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        head = f"{'POST' if form else 'GET'} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip\r\n{headers}"
        head += f"Cookie: {cookies}\r\n" if cookies else ""
        kind = "application/x-www-form-urlencoded"
        head += f"Content-Type: {kind}\r\nContent-Length: {len(form)}\r\n" if form else ""
        writer.write(head.encode() + b"\r\n" + form)
        answer = await self._read(reader, pace)
        if answer.headers.get("connection") == "close":
            self.leave()
        return answer

    async def _read(self, reader: asyncio.StreamReader, pace: float) -> Answer:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").strip().split("\r\n")
        pairs = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        for name, value in pairs:
            if name == "set-cookie":
                key, _, text = value.partition(";")[0].partition("=")
                self._cookies[key] = text
        headers = dict(pairs)
        body = await _body(reader, int(headers.get("content-length", 0)), pace)
        plain = gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body
        return Answer(int(first.split()[1]), headers, plain)

    def leave(self) -> None:
        """Close the connection."""
        if self._line:
            self._line[1].close()
        self._line = None


async def _body(reader: asyncio.StreamReader, size: int, pace: float) -> bytes:
    if not pace:
        return await reader.readexactly(size)
    left, begun = size, time.monotonic()
    while left:
        left -= len(await reader.readexactly(min(left, 25_000)))
        await asyncio.sleep(max(0, begun + (size - left) / pace - time.monotonic()))
    return b""


async def crowd(port: int, visitors: range, pages: int, viewers: int, *, at_once: bool) -> Measured:
    """Have visitors, by number, see so many pages each, at once or one by one, while a film goes to viewers."""
    measured, over = Measured(), asyncio.Event()
    watching = [_guarded(_watch(Phone(port, 5000 + n), measured, over), measured) for n in range(viewers)]
    films = [asyncio.create_task(each) for each in watching]
    turns = asyncio.Semaphore(len(visitors) if at_once else 1)

    async def visit(number: int) -> None:
        async with turns:
            await _guarded(_visit(Phone(port, number), number, pages, measured), measured)

    await asyncio.gather(*(visit(number) for number in visitors))
    over.set()
    await asyncio.gather(*films)
    return measured


async def _guarded(act: Coroutine[Any, Any, None], measured: Measured) -> None:
    try:
        await act
    except (OSError, EOFError, TimeoutError) as error:
        measured.errors.append(repr(error))


async def _visit(phone: Phone, number: int, pages: int, measured: Measured) -> None:
    seeded = random.Random(number)
    kinds = seeded.choices(list(MIX), weights=list(MIX.values()), k=pages)
    for kind in kinds:
        address = {
            "home": "/", "lesson": scene.lesson(seeded.randrange(100)), "papers": "/documents",
            "thread": f"/board/{seeded.randrange(THREADS) + 1}", "post": f"/board/{seeded.randrange(THREADS) + 1}",
        }[kind]  # fmt: skip
        async with asyncio.timeout(PATIENCE_SECONDS):
            page = await _timed(lambda address=address: phone.ask(address), kind, 200, measured)  # type: ignore[misc]
            if kind == "post":
                fields = dict(FIELD.findall(page.body))
                form = b"author=Amina&body=Maize&csrf_token=%s&send=%s" % (fields[b"csrf_token"], fields[b"send"])
                await _timed(lambda a=address, f=form: phone.ask(a, f), kind, 303, measured)  # type: ignore[misc]
    phone.leave()


async def _timed(ask: Callable[[], Coroutine[Any, Any, Answer]], kind: str, status: int, measured: Measured) -> Answer:
    begun = time.monotonic()
    answer = await ask()
    measured.seconds[kind].append(time.monotonic() - begun)
    if answer.status != status:
        measured.errors.append(f"{kind}: {answer.status}")
    return answer


async def _watch(phone: Phone, measured: Measured, over: asyncio.Event) -> None:
    first, begun = 0, time.monotonic()
    while not over.is_set():
        wanted = f"Range: bytes={first}-{first + PIECE_BYTES - 1}\r\n"
        answer = await phone.ask(scene.FILM, headers=wanted, pace=FILM_RATE)
        if answer.status != 206:
            measured.errors.append(f"film: {answer.status}")
            return
        measured.film_bytes += PIECE_BYTES
        first = (first + PIECE_BYTES) % scene.FILM_BYTES
    measured.film_seconds += time.monotonic() - begun
    phone.leave()
