"""Decodes one block of a patch after the other against old bytes that hold streams: Atheris' side.

python -m tests.fuzz.block_target FLAGS... CORPUS, with the flags of libFuzzer. What is shown is a block as a route has
it, its size before it. It may be refused and nothing else: any other error, another number of bytes than was said, a
time above the limit, or memory above it, ends the run with a code that is not 0.
"""

from __future__ import annotations

import atheris

from tests.fuzz.guided import fuzz

with atheris.instrument_imports(include=["kiosk.packs"]):
    from kiosk.errors import FormatError
    from kiosk.packs import blocks, wire
    from kiosk.packs.blocks import Block
    from kiosk.packs.wire import Stream
    from tests.fuzz.block_seeds import OLD


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
    fuzz(show)
