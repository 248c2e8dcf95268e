"""The limit on this process's memory: kept by the kernel, and gone after the block."""

from __future__ import annotations

import subprocess
import sys

import pytest

from kiosk.host import memory

ASKS_FOR_MORE = """
import resource
from kiosk.host import memory
before = resource.getrlimit(resource.RLIMIT_DATA)
with memory.limited(64 << 20):
    assert len(bytearray(32 << 20)) == 32 << 20
    try:
        bytearray(96 << 20)
    except MemoryError:
        print("too much")
assert resource.getrlimit(resource.RLIMIT_DATA) == before
assert len(bytearray(96 << 20)) == 96 << 20
"""
LIMIT_WITHIN_A_LIMIT = """
from kiosk.host import memory
with memory.limited(64 << 20), memory.limited(1024 << 20):
    try:
        bytearray(96 << 20)
    except MemoryError:
        print("too much")
"""
SMALL_THAT_SWELLS = """
import json
from kiosk.host import memory
with memory.limited(64 << 20):
    try:
        json.loads("[" + "{}," * 2_000_000 + "{}]")
    except MemoryError:
        print("too much")
"""


@pytest.mark.parametrize("program", [ASKS_FOR_MORE, LIMIT_WITHIN_A_LIMIT, SMALL_THAT_SWELLS])
def test_who_asks_for_more_is_told_and_the_limit_goes_with_the_block(program: str) -> None:
    """In a process of its own: one that ran for long has room from before, which counts as held."""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout == "too much\n"


def test_what_python_forgets_to_call_lack_of_memory_is_called_so() -> None:
    with pytest.raises(MemoryError), memory.limited(64 << 20):
        raise SystemError("error return without exception set")
