"""`kiosk repo keys` and `kiosk repo channel`: who may sign what."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from securesystemslib.signer import Key

from kiosk.cli import passphrases
from kiosk.cli.output import as_json
from kiosk.cli.repo import FOLDER, JSON, REPOSITORY, opened, repo, tell_waiting, with_keys
from kiosk.clock import system_clock
from kiosk.publish import holders
from kiosk.publish import keys as signing_keys
from kiosk.publish.founding import key_of
from kiosk.publish.repository import Repository

PUBLIC = click.option("--key", "public", multiple=True, type=click.Path(dir_okay=False, path_type=Path),
                      help="A public key (.pub) of a holder; may be given several times.")  # fmt: skip
THRESHOLD = click.option("--threshold", type=int, help="How many of the keys must sign.")


@repo.group()
def keys() -> None:
    """Make, show, rotate and revoke the keys that may sign."""


@keys.command()
@click.argument("folder", type=FOLDER)
@click.argument("name")
@passphrases.FILE
@passphrases.PROTECT
def make(folder: Path, name: str, protect: bool) -> None:
    """Make a key: NAME.pem stays with its holder, NAME.pub is for the federation.

    \b
    Example:
      kiosk repo keys make /media/stick/keys union-1
    """
    signing_keys.make(folder, name, passphrases.fresh(protect=protect))
    click.echo(f"keep {folder / name}.pem to yourself; give away {folder / name}.pub")


@keys.command("list")
@REPOSITORY
@with_keys
@JSON
def list_keys(repository: Path, keys: Path | None, json_: bool) -> None:
    """Show whose keys count for which role; with --keys also which of them are here.

    \b
    Example:
      kiosk repo keys list /srv/repository --keys /media/stick/keys
    """
    here = signing_keys.held(keys, passphrases.ask)
    found = holders.holders(Repository(repository, None, system_clock).metadata)
    if json_:
        as_json([{**vars(each), "here": each.keyid in here} for each in found])
        return
    for each in found:
        mark = "  here" if each.keyid in here else ""
        click.echo(f"{each.role:12} {each.threshold} of these  {each.name:20} {each.keyid[:12]}{mark}")


@keys.command()
@REPOSITORY
@click.argument("role")
@PUBLIC
@THRESHOLD
@with_keys
def add(repository: Path, role: str, public: tuple[Path, ...], threshold: int | None, keys: Path | None) -> None:
    """Let more keys sign for a role, and perhaps more of them be needed.

    \b
    Example:
      kiosk repo keys add /srv/repository root --key secretary.pub --keys /media/stick/keys
    """
    found = opened(repository, keys)
    before, needed = holders.keys_of(found.metadata, role)
    fresh = [signing_keys.read_public(path) for path in public]
    holders.set_keys(found.metadata, role, [*before, *fresh], threshold or needed)
    _sign(found, keys)


@keys.command()
@REPOSITORY
@click.argument("role")
@click.argument("old")
@click.option("--key", "public", type=click.Path(dir_okay=False, path_type=Path),
              help="The public key (.pub) that takes its place; without it one is made with the keys.")  # fmt: skip
@passphrases.PROTECT
@with_keys
def rotate(repository: Path, role: str, old: str, public: Path | None, keys: Path | None, protect: bool) -> None:
    """Put a new key in the place of one (its name, or the start of its id).

    \b
    Example:
      kiosk repo keys rotate /srv/repository timestamp timestamp --keys /media/stick/keys
    """
    found = opened(repository, keys)
    before, needed = holders.keys_of(found.metadata, role)
    kept = holders.without(role, before, old)
    fresh = signing_keys.read_public(public) if public else _made(keys, old, protect=protect)
    holders.set_keys(found.metadata, role, [*kept, fresh], needed)
    click.echo(f"{role}: {signing_keys.name_of(fresh)} takes the place of {old}")
    _sign(found, keys)


@keys.command()
@REPOSITORY
@click.argument("role")
@click.argument("old")
@THRESHOLD
@with_keys
def revoke(repository: Path, role: str, old: str, threshold: int | None, keys: Path | None) -> None:
    """Take a key away from a role. The others must be enough; else rotate.

    \b
    Example:
      kiosk repo keys revoke /srv/repository prices union-2 --keys /media/stick/keys
    """
    found = opened(repository, keys)
    before, needed = holders.keys_of(found.metadata, role)
    holders.set_keys(found.metadata, role, holders.without(role, before, old), threshold or needed)
    click.echo(f"{role}: {old} no longer counts, once this is signed")
    _sign(found, keys)


@repo.group()
def channel() -> None:
    """Channels: lists of packs, each signed by keys of its own."""


@channel.command("add")
@REPOSITORY
@click.argument("name")
@PUBLIC
@THRESHOLD
@passphrases.PROTECT
@with_keys
def add_channel(
    repository: Path, name: str, public: tuple[Path, ...], threshold: int | None, keys: Path | None, protect: bool
) -> None:
    """Add a channel for the holders of keys; without --key one is made in the folder of keys.

    \b
    Example:
      kiosk repo channel add /srv/repository prices --key union-1.pub --key union-2.pub --keys /media/stick/keys
    """
    found = opened(repository, keys)
    fresh = _public(public) or [_made(keys, key_of(name), protect=protect)]
    holders.add_channel(found.metadata, name, fresh, threshold or 1)
    _sign(found, keys)


@channel.command("keys")
@REPOSITORY
@click.argument("name")
@PUBLIC
@THRESHOLD
@passphrases.PROTECT
@with_keys
def channel_keys(
    repository: Path, name: str, public: tuple[Path, ...], threshold: int | None, keys: Path | None, protect: bool
) -> None:
    """Give a channel to other keys, all at a time; what it lists stays, and is signed anew by them.

    \b
    Example:
      kiosk repo channel keys /srv/repository prices --key union-3.pub --keys /media/stick/keys
    """
    found = opened(repository, keys)
    holders.keys_of(found.metadata, name)
    holders.set_keys(
        found.metadata, name, _public(public) or [_made(keys, key_of(name), protect=protect)], threshold or 1
    )
    _sign(found, keys)


@channel.command("list")
@REPOSITORY
@JSON
def list_channels(repository: Path, json_: bool) -> None:
    """Show the channels: how many packs, whose keys, how long they are good.

    \b
    Example:
      kiosk repo channel list /srv/repository
    """
    found = [vars(each) for each in holders.channels(Repository(repository, None, system_clock).metadata)]
    if json_:
        as_json(found)
    for row in () if json_ else found:
        click.echo(
            f"{row['channel']:16} {row['packs']:4} packs  {row['threshold']} of: {', '.join(row['keys'])}"
            f"  until {row['expires']:%Y-%m-%d}"
        )


def _public(paths: Sequence[Path]) -> list[Key]:
    return [signing_keys.read_public(path) for path in paths]


def _made(keys: Path | None, name: str, *, protect: bool) -> Key:
    if keys is None:
        raise click.UsageError("--key or --keys is needed: which key, or where to make one?")
    free = signing_keys.free_name(keys, name)
    return signing_keys.make(keys, free, passphrases.fresh(protect=protect)).public_key


def _sign(found: Repository, keys: Path | None) -> None:
    if keys is not None:
        found.sign()
    tell_waiting(found)
