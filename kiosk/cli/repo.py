"""`kiosk repo`: the federation's signed repository."""

from __future__ import annotations

from pathlib import Path

import click

from kiosk.cli.output import as_json, size
from kiosk.clock import system_clock
from kiosk.errors import TrustError
from kiosk.publish import build as building
from kiosk.publish.repository import Repository

REPOSITORY = click.argument("repository", type=click.Path(file_okay=False, path_type=Path))
KEYS = click.option(
    "--keys", required=True, type=click.Path(file_okay=False, path_type=Path), help="The folder with the signing keys."
)
CHANNEL = click.option("--channel", default="stable", show_default=True, help="The channel that kiosks follow.")


@click.group()
def repo() -> None:
    """Make, fill, sign and check a repository (needs no kiosk). Its form: docs/formats/repository.md."""


@repo.command()
@REPOSITORY
@KEYS
@click.option("--channel", "channels", multiple=True, default=("stable",), show_default=True,
              help="A channel to make; may be given several times.")  # fmt: skip
def init(repository: Path, keys: Path, channels: tuple[str, ...]) -> None:
    """Make signing keys and an empty repository.

    \b
    Example:
      kiosk repo init /srv/repository --keys /media/stick/keys
    """
    Repository(repository, keys, system_clock).init(channels)
    click.echo(f"made {repository} with the channels {', '.join(channels)}")
    click.echo(f"the keys are in {keys}: copy them to two sticks, and keep the root keys off this machine")
    click.echo(f"the root of trust for kiosks is {repository / 'metadata' / '1.root.json'}")


@repo.command()
@REPOSITORY
@click.argument("packs", nargs=-1, required=True, metavar="PACK...", type=click.Path(exists=True, path_type=Path))
@KEYS
@CHANNEL
def release(repository: Path, packs: tuple[Path, ...], keys: Path, channel: str) -> None:
    """Put built packs on a channel and sign. All of them or, when one is refused, none.

    \b
    Example:
      kiosk repo release /srv/repository build/* --keys /media/stick/keys
    """
    built = [building.read_built(folder) for folder in packs]
    fresh = Repository(repository, keys, system_clock).release(built, channel)
    for each in fresh:
        click.echo(f"released {each.head.pack} {each.head.version} on {channel}  {size(each.head.installed_bytes)}")
    if len(fresh) < len(built):
        click.echo(f"{len(built) - len(fresh)} were there already")


@repo.command()
@REPOSITORY
@click.argument("pack")
@KEYS
@CHANNEL
def withdraw(repository: Path, pack: str, keys: Path, channel: str) -> None:
    """Take a pack off a channel; kiosks drop it at their next sync.

    \b
    Example:
      kiosk repo withdraw /srv/repository old-prices --keys /media/stick/keys
    """
    Repository(repository, keys, system_clock).withdraw(pack, channel)
    click.echo(f"withdrew {pack} from {channel}")


@repo.command("list")
@REPOSITORY
@CHANNEL
@click.option("--json", "json_", is_flag=True, help="Print the list as JSON.")
def list_(repository: Path, channel: str, json_: bool) -> None:
    """Show what is on a channel.

    \b
    Example:
      kiosk repo list /srv/repository
    """
    found = Repository(repository, Path(), system_clock).releases(channel)
    if json_:
        as_json([vars(each) for each in found])
        return
    for each in found:
        click.echo(f"{each.pack} {each.version}  {size(each.installed_bytes)}")
    if not found:
        click.echo(f"nothing is released on {channel} yet")


@repo.command()
@REPOSITORY
@KEYS
def sign(repository: Path, keys: Path) -> None:
    """Sign the repository's date anew; to be done before it expires, even when there is no news.

    \b
    Example:
      kiosk repo sign /srv/repository --keys /media/stick/keys
    """
    until = Repository(repository, keys, system_clock).sign()
    click.echo(f"signed; good until {until:%Y-%m-%d}")


@repo.command()
@REPOSITORY
def verify(repository: Path) -> None:
    """Check every signature and every byte that is released. Exit code 4 if one is wrong.

    \b
    Example:
      kiosk repo verify /srv/repository
    """
    faults = list(Repository(repository, Path(), system_clock).verify())
    for fault in faults:
        click.echo(fault.message)
    if faults:
        raise TrustError(f"{len(faults)} file(s) of {repository} are not what was signed", faults[0].hint)
    click.echo(f"{repository} is in order")
