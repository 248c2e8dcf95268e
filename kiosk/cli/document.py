"""`kiosk document`: the telecenter's own papers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from kiosk import config as configuration
from kiosk.cli import paths
from kiosk.cli.kiosk_options import CONFIG, JSON, opened
from kiosk.cli.output import ProgressLine, as_json, size
from kiosk.clock import system_clock
from kiosk.config import Config
from kiosk.errors import HostError
from kiosk.host import papers as reader
from kiosk.packs.kinds import CATEGORIES
from kiosk.packs.papers import ENDINGS, Reading
from kiosk.store import facts, papers
from kiosk.store.db import Connection, transaction
from kiosk.store.papers import Draft, Paper
from kiosk.store.state import State

PAPER = click.argument("paper", type=click.IntRange(1), metavar="NUMBER")


@click.group()
def document() -> None:
    """Add and withdraw the telecenter's own papers: minutes, accounts, forms."""


@document.command()
@click.argument("file", type=paths.FILE)
@click.option("--title", default="", help="What the paper is called; of a newer version: as before, unless given.")
@click.option("--category", type=click.Choice(CATEGORIES), default="other", show_default=True, help="Its shelf.")
@click.option("--language", default="en", show_default=True, metavar="CODE", help="The language it is written in.")
@click.option("--members-only", is_flag=True, help="Show it to signed-in members only.")
@click.option("--paper", type=click.IntRange(1), metavar="NUMBER", help="Add FILE as a newer version of this paper.")
@CONFIG
@JSON
def add(
    file: Path, title: str, category: str, language: str, members_only: bool, paper: int | None, config_path: Path,
    json_: bool,
) -> None:  # fmt: skip
    """Add FILE as a paper, or as a newer version of one; older versions stay and are shown behind it.

    PDF, ODT, ODS, ODP, DOCX, XLSX, PPTX, JPEG, PNG, MP3, OGG, M4A, MP4 and plain text (UTF-8) are taken. Category,
    language and who may see it are told with the first version.

    \b
    Example:
      kiosk document add minutes-may.pdf --title "Minutes of May" --category reports --members-only
      kiosk document add minutes-may-corrected.pdf --paper 3
    """
    config = configuration.load(config_path)
    now = system_clock()
    with opened(config) as (state, conn), _drafted(config, state, file, quiet=json_) as draft:
        reading, why = _read(draft)
        with transaction(conn):
            if paper:
                papers.add_version(conn, state, paper, draft, title, now)
            else:
                paper = papers.add(
                    conn, state, draft, title or file.stem, category, language, now, members_only=members_only
                )
            if reading:
                facts.record(conn, state, draft.sha256, reading, now)
            else:
                facts.note_left(conn, why, now)
        _tell(conn, papers.get(conn, paper), json_=json_)


@contextmanager
def _drafted(config: Config, state: State, file: Path, *, quiet: bool) -> Iterator[Draft]:
    line = ProgressLine("copying", quiet)
    with file.open("rb") as source:
        length = file.stat().st_size
        try:
            with papers.drafted(
                state, source, length, config.sync.spare_bytes, lambda done, total: line.bytes(done, total, file.name)
            ) as draft:
                line.end()
                yield draft
        finally:
            line.end()


def _read(draft: Draft) -> tuple[Reading | None, str]:
    """Return what was read in a draft or, where the machine can not, None and why."""
    try:
        return reader.read(draft.path, draft.type), ""
    except HostError as error:  # the next sync reads it
        click.secho(f"{error.message} ({error.hint})", fg="yellow", err=True)
        return None, error.message


@document.command("list")
@CONFIG
@JSON
def list_(config_path: Path, json_: bool) -> None:
    """List the papers with their versions, also those withdrawn.

    \b
    Example:
      kiosk document list --json
    """
    with opened(configuration.load(config_path)) as (_, conn):
        found = papers.all_of(conn)
        if json_:
            as_json([to_value(conn, paper) for paper in found])
            return
        for paper in found:
            click.echo("\n".join(_lines(conn, paper)))
    if not found:
        click.echo("no papers were added yet")


@document.command()
@PAPER
@CONFIG
@JSON
def withdraw(paper: int, config_path: Path, json_: bool) -> None:
    """Show a paper to nobody any more. Nothing is deleted: `kiosk document restore` shows it again.

    \b
    Example:
      kiosk document withdraw 3
    """
    _change(paper, config_path, lambda conn: papers.withdraw(conn, paper, system_clock()), json_=json_)


@document.command()
@PAPER
@CONFIG
@JSON
def restore(paper: int, config_path: Path, json_: bool) -> None:
    """Show a paper that was withdrawn again, with all its versions.

    \b
    Example:
      kiosk document restore 3
    """
    _change(paper, config_path, lambda conn: papers.restore(conn, paper), json_=json_)


def _change(paper: int, config_path: Path, change: Callable[[Connection], None], *, json_: bool) -> None:
    with opened(configuration.load(config_path)) as (_, conn):
        with transaction(conn):
            change(conn)
        _tell(conn, papers.get(conn, paper), json_=json_)


def to_value(conn: Connection, paper: Paper) -> dict[str, Any]:
    """Return a paper as JSON values, its newest version first."""
    return {
        "paper": paper.paper, "category": paper.category, "language": paper.language,
        "members_only": paper.members_only, "withdrawn_at": paper.withdrawn_at,
        "versions": [
            {
                "version": each.version, "title": each.title, "added_at": each.added_at, "sha256": each.sha256,
                "type": each.type, "size_bytes": each.size_bytes, "pages": _pages(conn, each.sha256),
            }
            for each in paper.versions
        ],
    }  # fmt: skip


def _tell(conn: Connection, paper: Paper, *, json_: bool) -> None:
    if json_:
        as_json(to_value(conn, paper))
    else:
        click.echo("\n".join(_lines(conn, paper)))


def _lines(conn: Connection, paper: Paper) -> list[str]:
    who = "members only" if paper.members_only else "everyone"
    gone = f", withdrawn {paper.withdrawn_at:%Y-%m-%d}" if paper.withdrawn_at else ""
    lines = [f"{paper.paper}  {paper.newest.title}  ({paper.category}, {paper.language}, {who}{gone})"]
    for each in paper.versions:
        pages = _pages(conn, each.sha256)
        told = f"{ENDINGS[each.type].upper()}, {size(each.size_bytes)}{f', {pages} pages' if pages else ''}"
        lines.append(f"   version {each.version}  {each.added_at:%Y-%m-%d}  {told}")
    return lines


def _pages(conn: Connection, sha256: str) -> int | None:
    known = facts.of(conn, sha256)
    return known.pages if known else None
