"""The blocks that the guided fuzzing of blocks begins with, and the old bytes they are decoded against."""

from __future__ import annotations

import zlib

from kiosk.packs import wire
from kiosk.publish import coding

WORDS = b" ".join(b"word%d:%d" % (n, n * 7919 % 10007) for n in range(300))
OLD = b"head " + zlib.compress(WORDS, 9) + b" between " + zlib.compress(WORDS[::-1], 6) + WORDS
NEW = (
    OLD, b"", WORDS, WORDS.replace(b"word150:", b"changed:"),
    b"head " + zlib.compress(WORDS.replace(b"word150:", b"changed:"), 9) + b" after",
    b"head " + zlib.compress(WORDS[::-1] + b"more", 1) + zlib.compress(WORDS[:999], 9) + OLD[:999],
)  # fmt: skip


def seeds() -> list[bytes]:
    """Return blocks of all methods as a publisher makes them."""
    coded = [(new, coding.encode(new, old)) for new in NEW for old in (OLD, b"", WORDS)]
    return [wire.uvarint(len(new)) + block for new, block in coded]
