"""`kiosk repo publish`, `take` and `prune`: between this machine and the places where kiosks fetch."""

from __future__ import annotations

from pathlib import Path

import click

from kiosk.cli.output import ProgressLine, as_json, size
from kiosk.cli.repo import JSON, REPOSITORY, repo, tell_waiting
from kiosk.clock import system_clock
from kiosk.publish import founding, upload
from kiosk.publish import prune as pruning
from kiosk.publish.destinations import Destination
from kiosk.publish.repository import Repository
from kiosk.publish.take import Taking

ENDPOINT = click.option("--endpoint", help="The URL of an object store that is not Amazon's (for s3://).")


@repo.command()
@REPOSITORY
@click.argument("target")
@ENDPOINT
@click.option("--prune", is_flag=True, help="Also remove there what is not here any more.")
@click.option("--dry-run", is_flag=True, help="Only tell what would go up.")
@JSON
def publish(repository: Path, target: str, endpoint: str | None, prune: bool, dry_run: bool, json_: bool) -> None:
    """Bring a folder, a server (sftp://) or an object store (s3://) up to date. Interrupted, it resumes.

    Only what is missing goes up, and timestamp.json last: a kiosk sees the old repository or the new one, whole.

    \b
    Example:
      kiosk repo publish /srv/repository /media/stick/repository
      kiosk repo publish /srv/repository sftp://union@example.org/srv/www/repository
      kiosk repo publish /srv/repository s3://packs --endpoint https://s3.example.org
    """
    line = ProgressLine("publishing", quiet=json_)
    try:
        done = upload.publish(
            repository, _destination(target, endpoint), prune=prune, dry_run=dry_run, progress=line.bytes
        )
    finally:
        line.end()
    if json_:
        as_json(vars(done))
        return
    verb = "would go up" if dry_run else "went up"
    click.echo(f"{done.files} files, {size(done.size_bytes)} {verb}; {done.kept} were there")
    if prune:
        click.echo(f"{done.removed} files {'would be' if dry_run else 'were'} removed there")


@repo.command()
@REPOSITORY
@click.argument("source")
@ENDPOINT
@click.option("--root", type=click.Path(dir_okay=False, path_type=Path),
              help="For a first copy: the root of trust (1.root.json), from somebody you know.")  # fmt: skip
@JSON
def take(repository: Path, source: str, endpoint: str | None, root: Path | None, json_: bool) -> None:
    """Take over what others signed or published: a copy on a stick, or the place where it is published.

    \b
    Example:
      kiosk repo take /srv/repository /media/stick/repository
    """
    found = Repository(repository, None, system_clock)
    if root is not None:
        founding.trust(found.metadata, root)
    taken = Taking(repository, found.metadata, _destination(source, endpoint)).take()
    if json_:
        as_json(vars(taken))
        return
    click.echo(f"took {taken.files} files, {size(taken.size_bytes)}")
    for name in taken.metadata:
        click.echo(f"took {name}")
    for name in taken.waiting:
        click.echo(f"took signatures of {name}")
    tell_waiting(found)


@repo.command("prune")
@REPOSITORY
@click.option("--keep", type=click.IntRange(0), default=pruning.KEEP, show_default=True,
              help="Versions of a pack, before the one released, that are kept to make patches from.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Only tell what would go.")
@JSON
def prune_command(repository: Path, keep: int, dry_run: bool, json_: bool) -> None:
    """Remove old heads, blobs and metadata that nothing needs any more. All roots stay.

    \b
    Example:
      kiosk repo prune /srv/repository --dry-run
    """
    metadata = Repository(repository, None, system_clock).metadata
    done = pruning.prune(repository, metadata, keep=keep, dry_run=dry_run)
    if json_:
        as_json(vars(done))
        return
    verb = "would go" if dry_run else "went"
    click.echo(f"{done.heads} heads, {done.blobs} blobs and {done.metadata} lists {verb}: {size(done.size_bytes)}")
    click.echo(f"{done.kept_files} files stay: {size(done.kept_bytes)}")


def _destination(target: str, endpoint: str | None) -> Destination:
    return Destination(target, {"endpoint_url": endpoint} if endpoint else None)
