"""`kiosk repo`: the federation's signed repository."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from kiosk.cli import passphrases, paths
from kiosk.cli.output import ProgressLine, as_json, size
from kiosk.clock import system_clock
from kiosk.errors import TrustError
from kiosk.packs.head import start_of
from kiosk.publish import build as building
from kiosk.publish.build import BuiltPack
from kiosk.publish.changes import changes
from kiosk.publish.repository import Repository
from kiosk.publish.signing import Signed, Waiting

FOLDER = click.Path(file_okay=False, path_type=Path)
REPOSITORY = click.argument("repository", type=FOLDER)
_KEYS = click.option("--keys", type=FOLDER, help="The folder with the signing keys that are here.")
PACKS = click.argument("packs", nargs=-1, required=True, metavar="PACK...", type=paths.FOLDER_OR_FILE)
CHANNEL = click.option("--channel", default="stable", show_default=True, help="The channel that kiosks follow.")
JSON = click.option("--json", "json_", is_flag=True, help="Print it as JSON.")


def with_keys(command: passphrases.Command) -> passphrases.Command:
    """Let a command take a folder of keys, and a file with their passphrases."""
    return _KEYS(passphrases.FILE(command))


COMPLETE = "is signed; it waits for what must come with it, and for the online keys"


@click.group()
def repo() -> None:
    """Make, fill, sign, check and publish a repository (needs no kiosk). Its form: docs/formats/repository.md."""


@repo.command()
@REPOSITORY
@click.option("--keys", required=True, type=FOLDER, help="The folder for the signing keys.")
@click.option("--channel", "channels", multiple=True, default=("stable",), show_default=True,
              help="A channel to make; may be given several times.")  # fmt: skip
@passphrases.FILE
@passphrases.PROTECT
def init(repository: Path, keys: Path, channels: tuple[str, ...], protect: bool) -> None:
    """Make signing keys and an empty repository.

    \b
    Example:
      kiosk repo init /srv/repository --keys /media/stick/keys
    """
    opened(repository, keys).init(channels, passphrases.fresh(protect=protect))
    click.echo(f"made {repository} with the channels {', '.join(channels)}")
    click.echo(f"the keys are in {keys}: copy them to two sticks, and keep the root keys off this machine")
    click.echo(f"the root of trust for kiosks is {repository / 'metadata' / '1.root.json'}")


@repo.command()
@REPOSITORY
@PACKS
@JSON
def add(repository: Path, packs: tuple[Path, ...], json_: bool) -> None:
    """Put built packs into the repository without releasing them, and tell what the update will cost a kiosk.

    \b
    Example:
      kiosk repo add /srv/repository build/*
    """
    found = Repository(repository, None, system_clock)
    told = [_costs(found, building.read_built(folder), quiet=json_) for folder in packs]
    if json_:
        as_json(told)
    for each in () if json_ else told:
        click.echo(f"added {each['pack']} {each['version']}; a first install costs {size(each['first'])}")
        for start, cost in each["from"].items():
            click.echo(f"  from version {start}: {size(cost)}")


@repo.command()
@REPOSITORY
@PACKS
@with_keys
@CHANNEL
def release(repository: Path, packs: tuple[Path, ...], keys: Path | None, channel: str) -> None:
    """Put built packs on a channel and sign. All of them or, when one is refused, none.

    \b
    Example:
      kiosk repo release /srv/repository build/* --keys /media/stick/keys
    """
    built = [building.read_built(folder) for folder in packs]
    found = opened(repository, keys)
    line = ProgressLine("releasing")
    try:
        fresh = found.release(built, channel, line.step)
    finally:
        line.end()
    verb = "staged" if any(each.role == channel for each in found.waiting()) else "released"
    for each in fresh:
        click.echo(f"{verb} {each.head.pack} {each.head.version} on {channel}  {size(each.head.installed_bytes)}")
    if len(fresh) < len(built):
        click.echo(f"{len(built) - len(fresh)} were there already")
    tell_waiting(found)


@repo.command()
@REPOSITORY
@click.argument("pack")
@with_keys
@CHANNEL
def withdraw(repository: Path, pack: str, keys: Path | None, channel: str) -> None:
    """Take a pack off a channel; kiosks drop it at their next sync.

    \b
    Example:
      kiosk repo withdraw /srv/repository old-prices --keys /media/stick/keys
    """
    found = opened(repository, keys)
    found.withdraw(pack, channel)
    click.echo(f"withdrew {pack} from {channel}")
    tell_waiting(found)


@repo.command("list")
@REPOSITORY
@CHANNEL
@JSON
def list_(repository: Path, channel: str, json_: bool) -> None:
    """Show what is on a channel.

    \b
    Example:
      kiosk repo list /srv/repository
    """
    found = Repository(repository, None, system_clock).releases(channel)
    if json_:
        as_json([vars(each) for each in found])
        return
    for each in found:
        click.echo(f"{each.pack} {each.version}  {size(each.installed_bytes)}")
    if not found:
        click.echo(f"nothing is released on {channel} yet")


@repo.command()
@REPOSITORY
@with_keys
@click.option("--dry-run", is_flag=True, help="Only show what waits and what it would change.")
@click.option("--at-once", is_flag=True, help="Do not wait for a channel whose keys change: it stands still meanwhile.")
@click.option("--renew", is_flag=True, help="Also sign anew what expires within a quarter of its life.")
@JSON
def sign(repository: Path, keys: Path | None, dry_run: bool, at_once: bool, renew: bool, json_: bool) -> None:
    """Sign what waits with the keys that are here; with the online keys, publish it and sign the date anew.

    To be done before the date expires, even when there is no news.

    \b
    Example:
      kiosk repo sign /srv/repository --dry-run
      kiosk repo sign /srv/repository --keys /media/stick/keys
    """
    found = opened(repository, keys)
    done = None if dry_run or keys is None else found.sign(at_once=at_once, renew=renew)
    if json_:
        as_json(_signed(done, found.waiting(), _waiting_changes(found)))
        return
    if done is not None:
        for name in done.added:
            click.echo(f"signed {name}")
        for name in done.published:
            click.echo(f"published {name}")
        click.echo(f"the date is good until {done.expires:%Y-%m-%d}")
    tell_waiting(found, _waiting_changes(found))


@repo.command()
@REPOSITORY
def verify(repository: Path) -> None:
    """Check every signature and every byte that is released. Exit code 4 if one is wrong.

    \b
    Example:
      kiosk repo verify /srv/repository
    """
    faults = list(Repository(repository, None, system_clock).verify())
    for fault in faults:
        click.echo(fault.message)
    if faults:
        raise TrustError(f"{len(faults)} file(s) of {repository} are not what was signed", faults[0].hint)
    click.echo(f"{repository} is in order")


def opened(repository: Path, keys: Path | None) -> Repository:
    """Return a repository with the keys that are here; whoever runs the command is asked for their passphrases."""
    return Repository(repository, keys, system_clock, passphrases.ask)


def tell_waiting(repository: Repository, what: Mapping[str, list[str]] | None = None) -> None:
    """Say what is not valid yet, what it lacks and, if given, what it would change."""
    for each in repository.waiting():
        lacks = f"lacks {each.missing} more of: {', '.join(each.keys)}" if each.missing else COMPLETE
        click.echo(f"waiting: {each.version}.{each.role}.json {lacks}")
        for line in (what or {}).get(each.role, []):
            click.echo(f"  {line}")


def _costs(repository: Repository, built: BuiltPack, *, quiet: bool) -> dict[str, Any]:
    line = ProgressLine(f"adding {built.head.pack}", quiet)
    try:
        head = repository.add(built, line.step)
    finally:
        line.end()
    versions = {start_of(each.manifest_sha256): each.version for each in repository.known_heads(head.pack)}
    updates = {versions[str(patch.start)]: patch.download_bytes for patch in head.patches}
    return {"pack": head.pack, "version": head.version, "first": head.full.download_bytes, "from": updates}


def _waiting_changes(repository: Repository) -> dict[str, list[str]]:
    metadata = repository.metadata
    return {role: changes(role, metadata.before(role), next_) for role, next_ in metadata.waiting().items()}


def _signed(
    done: Signed | None, waiting: tuple[Waiting, ...], what: Mapping[str, list[str]]
) -> dict[str, object]:  # fmt: skip
    return {
        "signed": done.added if done else (),
        "published": done.published if done else (),
        "expires": done.expires if done else None,
        "waiting": [{**vars(each), "changes": what[each.role]} for each in waiting],
    }
