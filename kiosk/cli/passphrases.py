"""Passphrases of private keys: lines of a file, or asked on the terminal.

True always: none is taken from the command line or the environment, where others on the machine can read it; what was
right for one key is tried for the next before anybody is asked again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click

from kiosk import texts
from kiosk.cli import paths
from kiosk.errors import ConfigError

Command = TypeVar("Command", bound=Callable[..., Any])
GIVEN = "kiosk.passphrases"
"""Where a run keeps what it was given."""
ATTEMPTS = 3
REMEDY = "run it on a terminal, or name a file with --passphrase-file"


def _read(_context: click.Context, _option: click.Parameter, file: Path | None) -> None:
    if file is not None:
        _given()[:] = [line for line in texts.read(file).splitlines() if line]
        if not _given():
            raise ConfigError(f"{file}: there is no passphrase in this file", "write each on a line of its own")


FILE = click.option(
    "--passphrase-file", type=paths.FILE, callback=_read,
    expose_value=False, help="A file with the passphrases of keys, one a line; without it you are asked.",
)  # fmt: skip
PROTECT = click.option(
    "--protect", is_flag=True, help="Lock what is made with a passphrase: the first of the file, or you are asked."
)


def ask(name: str) -> Iterator[str]:
    """Yield passphrases to try for a key: those given before, then what is typed.

    Raises:
        ConfigError: none of them is right, and there is no terminal.
    """
    yield from list(_given())
    if not sys.stdin.isatty():
        told = "none of the passphrases is that of" if _given() else "there is nobody to ask for the passphrase of"
        raise ConfigError(f"{told} the key '{name}'", REMEDY)
    for _ in range(ATTEMPTS):
        typed = click.prompt(f"Passphrase of {name}", hide_input=True, err=True)
        _given().append(typed)
        yield typed


def fresh(*, protect: bool) -> str | None:
    """Return the passphrase for a key that is about to be made; None: it gets none."""
    if not protect:
        return None
    if not _given():
        if not sys.stdin.isatty():
            raise ConfigError("there is nobody to ask for a passphrase", REMEDY)
        _given().append(click.prompt("New passphrase", hide_input=True, confirmation_prompt=True, err=True))
    return _given()[0]


def _given() -> list[str]:
    found: list[str] = click.get_current_context().meta.setdefault(GIVEN, [])
    return found
