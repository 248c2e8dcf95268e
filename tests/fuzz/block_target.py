"""Decodes one block of a patch after the other against old bytes that hold streams: Atheris' side.

python -m tests.fuzz.block_target FLAGS... CORPUS, with the flags of libFuzzer. What is shown is a block as a route has
it, its size before it. It may be refused and nothing else: any other error, another number of bytes than was said, a
time above the limit, or memory above it, ends the run with a code that is not 0.
"""

from __future__ import annotations

import resource
import sys
import zlib

import atheris

with atheris.instrument_imports(include=["kiosk.packs"]):
    from kiosk.errors import FormatError
    from kiosk.packs import blocks, wire
    from kiosk.packs.blocks import Block
    from kiosk.packs.wire import Stream
    from kiosk.publish import coding

MOST_ADDRESSES = 1024 * 1024 * 1024
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


@atheris.instrument_func  # type: ignore[untyped-decorator]
def show(data: bytes) -> None:
    source = Stream([data], "a block")
    try:
        size = wire.read_uvarint(source, blocks.MOST_BYTES - len(OLD))
        method, coded = blocks.read_coded(source, Block(size, ()))
        out = blocks.decode(method, coded, size, OLD, "a block")
    except FormatError as error:
        if not error.message.startswith("a block: "):
            raise AssertionError(error.message) from error
        return
    if len(out) != size:
        raise AssertionError(f"{len(out)} bytes, and {size} were said")


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MOST_ADDRESSES, MOST_ADDRESSES))
    atheris.Setup(sys.argv, show)
    atheris.Fuzz()
