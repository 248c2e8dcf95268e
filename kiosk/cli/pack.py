"""`kiosk pack`: from a recipe to a pack."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from kiosk.cli import paths
from kiosk.cli.fetching import CACHE, fetcher
from kiosk.cli.output import ProgressLine, as_json, size
from kiosk.errors import FormatError
from kiosk.fields import as_detail
from kiosk.host import zim_tools
from kiosk.host.zim_tools import BookLabels
from kiosk.packs.head import Head
from kiosk.packs.manifest import Manifest
from kiosk.publish import build as building
from kiosk.publish.build import BuiltPack
from kiosk.publish.drafts import BookOrder
from kiosk.publish.lint_costs import Costs, costs

FOLDERS = click.argument(
    "folders",
    nargs=-1,
    required=True,
    metavar="FOLDER...",
    type=paths.FOLDER,
)


@click.group()
def pack() -> None:
    """Check and build packs (needs no kiosk). The form of a recipe: docs/formats/recipe.md."""


@pack.command()
@FOLDERS
@click.option("--against", type=paths.FOLDER,
              help="A built pack: also tell what an update from it would cost, and its dearest entries.")  # fmt: skip
@CACHE
@click.option("--json", "json_", is_flag=True, help="Print the problems, or with --against the costs, as JSON.")
def lint(folders: tuple[Path, ...], against: Path | None, cache: Path, json_: bool) -> None:
    """Report every mistake in recipes, with file and line. Exit code 3 if there is one.

    \b
    Example:
      kiosk pack lint content-packs/*
      kiosk pack lint content-packs/model-papers --against build/model-papers-1
    """
    if against is not None:
        if len(folders) > 1:
            raise click.UsageError("--against takes one recipe at a time")
        line = ProgressLine(f"weighing {folders[0].name}", json_)
        try:
            found = costs(folders[0], against, write_book, fetcher(cache, line), line.step)
        finally:
            line.end()
        _tell(found, json_)
        return
    line = ProgressLine("checking", json_)
    try:
        problems = [problem for folder in folders for problem in building.lint(folder, line.step)]
    finally:
        line.end()
    for problem in () if json_ else problems:
        click.echo(str(problem))
    if problems:
        told = f"{len(problems)} problem{'s' if len(problems) > 1 else ''} found"
        raise FormatError(told, detail=as_detail(problems))
    if json_:
        as_json(as_detail([]))
    else:
        click.echo(f"{len(folders)} recipe{'s' if len(folders) > 1 else ''} in order")


@pack.command("build")
@FOLDERS
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("build"), show_default=True,
              help="Where built packs go.")  # fmt: skip
@CACHE
@click.option("--json", "json_", is_flag=True, help="Print what was built as JSON.")
def build_command(folders: tuple[Path, ...], out: Path, cache: Path, json_: bool) -> None:
    """Build packs from recipes. A recipe with a mistake builds nothing.

    \b
    Example:
      kiosk pack build content-packs/* --out build
    """
    built = [build_one(folder, out, cache, quiet=json_) for folder in folders]
    if json_:
        as_json([_summary(each) for each in built])
    for each in () if json_ else built:
        items = len(each.manifest.items)
        click.echo(f"{each.folder}  {items} item{'s' * (items != 1)}: {_sizes(each.head)}")


@pack.command()
@click.argument("folder", type=paths.FOLDER)
@click.option("--json", "json_", is_flag=True, help="Print the manifest as JSON.")
def inspect(folder: Path, json_: bool) -> None:
    """Show what is in a built pack.

    \b
    Example:
      kiosk pack inspect build/running-a-cooperative-1
    """
    built = building.read_built(folder)
    if json_:
        as_json(_summary(built))
        return
    manifest = built.manifest
    click.echo(f"{manifest.pack} version {manifest.version}  {manifest.licence}")
    click.echo(_sizes(built.head))
    for item in manifest.items:
        click.echo(f"  {item.kind:8} {item.language:3} {size(item.size_bytes):>8} of content  {item.title}")
        click.echo(f"           {item.entries} entries, content root {item.content_root}")


def build_one(folder: Path, out: Path, cache: Path, *, quiet: bool = False) -> BuiltPack:
    """Build one recipe with a progress line."""
    line = ProgressLine(f"building {folder.name}", quiet)
    try:
        return building.build(folder, out, write_book, line.step, fetch=fetcher(cache, line))
    finally:
        line.end()


def write_book(order: BookOrder, out: Path) -> None:
    """Have zimwriterfs write the book that a recipe ordered."""
    labels = BookLabels(order.name, order.front, order.title, order.summary, order.language, order.publisher)
    zim_tools.write_book(order.html, order.cover, labels, out)


def _sizes(head: Head) -> str:
    # The same words for the same sizes everywhere: docs/publisher.md explains them.
    return (
        f"{size(head.content_bytes)} of content, {size(head.installed_bytes)} on the card,"
        f" {size(head.full.download_bytes)} to fetch for a first install"
    )


def _tell(found: Costs, json_: bool) -> None:
    if json_:
        as_json(asdict(found) | {"bytes_per_changed_entry": found.bytes_per_changed_entry})
        return
    media = f" and {size(found.media_bytes)} of media" if found.media_bytes else ""
    click.echo(f"an update: {size(found.patch_bytes)}{media} to fetch; a first install: {size(found.full_bytes)}")
    click.echo(f"{found.changed} entries changed, {found.added} new: {size(found.bytes_per_changed_entry)} an entry")
    for each in found.worst:
        click.echo(f"  {size(each.cost_bytes):>8} of {size(each.size_bytes):>8}  {each.place}{' (new)' * each.new}")


def _summary(built: BuiltPack) -> dict[str, object]:
    manifest: Manifest = built.manifest
    return {
        "folder": str(built.folder),
        "pack": manifest.pack,
        "version": manifest.version,
        "manifest_sha256": built.head.manifest_sha256,
        "size_bytes": manifest.size_bytes,
        "installed_bytes": built.head.installed_bytes,
        "full_route_bytes": built.head.full.download_bytes,
        "items": [
            {"id": i.id, "kind": i.kind, "language": i.language, "title": i.title, "licence": i.licence,
             "size_bytes": i.size_bytes, "entries": i.entries, "content_root": i.content_root}
            for i in manifest.items
        ],
    }  # fmt: skip
