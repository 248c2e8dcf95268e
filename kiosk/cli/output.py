"""How commands speak: sizes for people, JSON for scripts, one progress line on a terminal."""

from __future__ import annotations

import json
import shutil
import sys
import time
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


def duration(seconds: float) -> str:
    """Return a time for people: 45 s, 12 min, 3 h 20 min, 2 days."""
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min" if minutes % 60 else f"{minutes // 60} h"
    return f"{round(minutes / 60 / 24)} days"


def progress(done: int, total: int, fetched: int, seconds: float) -> str:
    """Return how far a transfer is: percent, bytes, rate and the time left.

    Args:
        done, total: bytes that are there, and bytes in all.
        fetched, seconds: bytes that came in this run so far, and the time that took.
    """
    percent = 100 * done // total if total else 100
    text = f"{percent:3d} %  {size(done)} of {size(total)}"
    if fetched <= 0 or seconds < 1:
        return text
    rate = fetched / seconds
    return f"{text}  {size(round(rate))}/s  {duration(max(0, total - done) / rate)} left"


def as_json(value: Any) -> None:
    """Print a value as JSON."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def failure_as_json(message: str, remedy: str | None, detail: dict[str, Any]) -> None:
    """Print how a command failed as JSON: in one shape whatever the command is, told in docs/operator.md."""
    as_json({"error": message, "remedy": remedy, **detail})


class ProgressLine:
    """One line that is rewritten on a terminal; elsewhere (a log, a pipe) only whole steps are printed."""

    def __init__(self, title: str, quiet: bool = False) -> None:
        self._title = title
        self._live = sys.stderr.isatty() and not quiet
        self._begun: tuple[float, int] | None = None

    def step(self, what: str, done: int, total: int) -> None:
        """Show how much of `total` is done, `what` is next, and an estimate of the time left."""
        if not self._live:
            return
        now = time.monotonic()
        if self._begun is None or done < self._begun[1]:  # the first, or the next pack of several
            self._begun = (now, done)
        begun, had = self._begun
        left = f", {duration((now - begun) / (done - had) * (total - done))} left" if done > had else ""
        click.echo(f"\r\x1b[K{self._title}: {100 * done // total} % {what[:50]}{left}", nl=False, err=True)

    def bytes(self, done: int, total: int, what: str) -> None:
        """Show bytes done of bytes in all, with the rate of this run and an estimate of the time left."""
        if not self._live:
            return
        now = time.monotonic()
        if self._begun is None:
            self._begun = (now, done)
        begun, had = self._begun
        text = progress(done, total, done - had, now - begun)
        width = max(20, shutil.get_terminal_size().columns - 1)
        click.echo(f"\r\x1b[K{f'{self._title}: {text}  {what}'[:width]}", nl=False, err=True)

    def end(self) -> None:
        """Clear the line."""
        if self._live:
            click.echo("\r\x1b[K", nl=False, err=True)
