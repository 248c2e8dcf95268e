"""Has Atheris show one thing after the other to what a target is for; a target is a program of its own."""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable

import atheris

MOST_ADDRESSES = 1024 * 1024 * 1024


def fuzz(show: Callable[[bytes], None]) -> None:
    """Show what libFuzzer makes, by the flags this program was called with, in bounded memory; ends the program."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_ADDRESSES, MOST_ADDRESSES))
    atheris.Setup(sys.argv, show)
    atheris.Fuzz()
