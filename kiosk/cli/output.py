"""How commands speak: sizes for people, JSON for scripts, one progress line on a terminal."""

from __future__ import annotations

import json
import sys
from typing import Any

import click


def size(count: int) -> str:
    """Return a number of bytes for people: 512 B, 38 KB, 1.2 MB."""
    value, unit = float(count), "B"
    for unit in ("B", "KB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit in ("B", "KB") or value >= 100 else f"{value:.1f} {unit}"


def as_json(value: Any) -> None:
    """Print a value as JSON."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


class ProgressLine:
    """One line that is rewritten on a terminal; elsewhere (a log, a pipe) only whole steps are printed."""

    def __init__(self, title: str, quiet: bool = False) -> None:
        self._title = title
        self._live = sys.stderr.isatty() and not quiet

    def step(self, what: str, done: int, total: int) -> None:
        """Show that `done` of `total` are done and `what` is next."""
        if self._live:
            click.echo(f"\r\x1b[K{self._title}: {done}/{total} {what[:50]}", nl=False, err=True)

    def bytes(self, done: int, total: int, what: str) -> None:
        """Show bytes done of bytes in all."""
        if self._live:
            percent = 100 * done // total if total else 100
            click.echo(
                f"\r\x1b[K{self._title}: {percent:3d} %  {size(done)} of {size(total)}  {what[:40]}", nl=False, err=True
            )

    def end(self) -> None:
        """Clear the line."""
        if self._live:
            click.echo("\r\x1b[K", nl=False, err=True)
