"""Rows of numbers as they stand in files: little-endian, whatever the machine is."""

from __future__ import annotations

import sys
from array import array
from typing import Any


def read(code: str, data: bytes) -> array[Any]:
    """Return the numbers that stand in `data`, of the type `code` of Python's arrays. Raises ValueError: cut short."""
    numbers: array[Any] = array(code, data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def to_bytes(numbers: array[Any]) -> bytes:
    """Return numbers as they stand in a file."""
    if sys.byteorder == "big":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers.tobytes()
