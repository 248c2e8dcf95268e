"""The limit on this process's memory: kept by the kernel, and gone after the block."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

from kiosk.host import memory

MB = 1 << 20


def test_who_asks_for_more_is_told_and_the_limit_goes_with_the_block() -> None:
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with memory.limited(64 * MB):
        assert len(bytearray(32 * MB)) == 32 * MB
        with pytest.raises(MemoryError):
            bytearray(96 * MB)
    assert resource.getrlimit(resource.RLIMIT_DATA) == before
    assert len(bytearray(96 * MB)) == 96 * MB


def test_a_limit_within_a_limit_does_not_raise_it() -> None:
    with memory.limited(64 * MB), memory.limited(1024 * MB), pytest.raises(MemoryError):
        bytearray(96 * MB)


SMALL_THAT_SWELLS = """
import json
from kiosk.host import memory
with memory.limited(64 << 20):
    try:
        json.loads("[" + "{}," * 2_000_000 + "{}]")
    except MemoryError:
        print("too much")
"""


def test_what_swells_piece_by_piece_is_told_too() -> None:
    """In a process of its own: one that ran for long has room from before, which counts as held."""
    ended = subprocess.run([sys.executable, "-c", SMALL_THAT_SWELLS], capture_output=True, text=True, check=True)
    assert ended.stdout == "too much\n"


def test_what_python_forgets_to_call_lack_of_memory_is_called_so() -> None:
    with pytest.raises(MemoryError), memory.limited(64 * MB):
        raise SystemError("error return without exception set")
