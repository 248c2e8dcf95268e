"""The limit on this process's memory: kept by the kernel, and gone after the block."""

from __future__ import annotations

import json
import resource

import pytest

from kiosk.host import memory

MB = 1 << 20


def test_who_asks_for_more_is_told_and_the_limit_goes_with_the_block() -> None:
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with memory.limited(64 * MB):
        assert len(bytearray(32 * MB)) == 32 * MB
        with pytest.raises(MemoryError):
            bytearray(96 * MB)
        with pytest.raises(MemoryError):
            json.loads("[" + "{}," * 2_000_000 + "{}]")
    assert resource.getrlimit(resource.RLIMIT_DATA) == before
    assert len(bytearray(96 * MB)) == 96 * MB


def test_a_limit_within_a_limit_does_not_raise_it() -> None:
    with memory.limited(64 * MB), memory.limited(1024 * MB), pytest.raises(MemoryError):
        bytearray(96 * MB)
