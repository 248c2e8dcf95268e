"""What pages weigh over the wire, heads and all; in a browser: tests/whole_path/test_weight.py."""

from __future__ import annotations

import gzip
import re

from tests.benchmarks.portal import scene
from tests.portal.serving import Served

FIRST_BYTES, FIRST_REQUESTS, TEXT_BYTES, SECOND_BYTES = 14_000, 3, 20_000, 6_000
LOADED = re.compile(r'<(?:link[^>]* href|script[^>]* src|img[^>]* src)="(/[^"]+)"')
HEAD = "GET {} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n"


def weights(portal: Served) -> list[tuple[str, int, int, bool]]:
    """Return what was visited, its requests, its bytes, and whether that is within the limit."""
    first, text = _visit(portal, "/"), _visit(portal, scene.lesson(0))
    found = [
        ("first visit to the home page", *first, first[0] <= FIRST_REQUESTS and first[1] <= FIRST_BYTES),
        ("a lesson, for who comes first", *text, text[1] <= TEXT_BYTES),
    ]
    for path in ("/courses", scene.lesson(1), "/documents", "/notices", "/board"):
        size = len(_ask(portal, path))
        found.append((f"second page: {path}", 1, size, size <= SECOND_BYTES))
    return found


def _ask(portal: Served, path: str) -> bytes:
    return portal.say(HEAD.format(path).encode())


def _visit(portal: Served, path: str) -> tuple[int, int]:
    page = _ask(portal, path)
    rest = set(LOADED.findall(gzip.decompress(page.partition(b"\r\n\r\n")[2]).decode()))
    return 1 + len(rest), len(page) + sum(len(_ask(portal, each)) for each in rest)
