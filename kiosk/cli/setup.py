"""`kiosk setup` and `kiosk health`: what a kiosk makes of itself when it starts, and whether it is well."""

from __future__ import annotations

import stat
from pathlib import Path

import click

from kiosk import config as configuration
from kiosk.cli.kiosk_options import CONFIG, opened
from kiosk.clock import system_clock
from kiosk.config import Config
from kiosk.errors import HostError, KioskError
from kiosk.host import certificate, processes, wifi
from kiosk.host.wifi import Network
from kiosk.store import copies, generations, operators, unreadable
from kiosk.store.db import Connection, transaction
from kiosk.store.operators import Rights
from kiosk.store.state import State, sync_folder, write_durably
from kiosk.sync import install
from kiosk.web import setup_card
from kiosk.web.setup_card import Face

FIRST = "operator"
DATABASE_MODE = 0o660
PATIENCE_SECONDS = 20.0
READ_SECONDS = 10.0
"""How long each look at the health reads on in what is kept."""
LOOK_SECONDS = 20.0
"""How long a start may be held up to look at the database."""
FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@CONFIG
@click.option("--hotspot", "hotspot", type=FILE, help="hostapd's configuration: the Wi-Fi's name and password.")
@click.option("--certificate", "pem", type=FILE, help="The console's certificate: its fingerprint is on the card.")
@click.option("--card", "folder", required=True, type=click.Path(file_okay=False, path_type=Path),
              help="Where card.pdf and card.txt are put.")  # fmt: skip
def setup(config_path: Path, hotspot: Path | None, pem: Path | None, folder: Path) -> None:
    """Make the state folder, the first operator, and the card to print, once; put the last good copy of the database
    in the place of a broken one, unless somebody has that open.

    At a later start the card is removed when its password was chosen anew: nobody needs it any more.

    \b
    Example:
      kiosk setup --card /var/lib/kiosk-card
    """
    config = configuration.load(config_path)
    mended = _mended(State(config.state))
    with opened(config) as (state, conn):
        if mended:
            _serve_what_is_known(state, conn)
        if stat.S_IMODE(state.database.stat().st_mode) != DATABASE_MODE:
            state.database.chmod(DATABASE_MODE)
        if there := operators.all_of(conn):
            if not any(each.name == FIRST and each.must_change for each in there):
                _remove_card(folder)
            click.echo("there is an operator: nothing to do")
            return
        with transaction(conn):
            password = operators.add(conn, FIRST, Rights.MANAGER, system_clock())
            # The card first: an operator whose password nobody has would shut everyone out.
            _write_card(folder, _face(config, password, hotspot, pem))
    click.echo(f"made the operator '{FIRST}'; the one-time password is on {folder / 'card.pdf'}")


@click.command()
@CONFIG
def health(config_path: Path) -> None:
    """Read on in what is kept, to find what the card does not give back; ask the portal and the library whether they
    answer; ends with 7 where one does not.

    \b
    Example:
      kiosk health
    """
    config = configuration.load(config_path)
    unreadable.look(State(config.state), system_clock(), READ_SECONDS)
    sites = {"portal": config.portal, "library": config.library}
    silent = [name for name, site in sites.items() if not processes.site_answers(site, seconds=PATIENCE_SECONDS)]
    if silent:
        raise HostError(f"no answer from: {', '.join(silent)}", f"journalctl -u kiosk-{silent[0]}.service")
    click.echo("portal and library answer")


def _mended(state: State) -> bool:
    try:
        done = copies.mend(state, system_clock(), LOOK_SECONDS)
    except (KioskError, OSError) as error:  # whoever opens the database tells it too
        click.secho(f"{error}", fg="yellow", err=True)
        return False
    if done:
        click.echo(f"the database was broken: the copy of {done.copied_at:%Y-%m-%d %H:%M} UTC took its place")
    return done is not None


def _serve_what_is_known(state: State, conn: Connection) -> None:
    """Serve a generation that an older database knows: of a newer one it has no listing."""
    if generations.get(conn, state.current_number()):
        return
    known = (number for number in generations.last_served(conn, install.KEPT))
    number = next((each for each in known if (state.generations / str(each)).is_dir()), None)
    if number is not None:
        install.activate(state, conn, number)


def _face(config: Config, password: str, hotspot: Path | None, pem: Path | None) -> Face:
    try:
        network = wifi.described(hotspot.read_text(encoding="utf-8")) if hotspot else Network("", "", 0)
        fingerprint = certificate.fingerprint(pem.read_text(encoding="ascii")) if pem else ""
    except (OSError, ValueError) as error:
        raise HostError(f"{error}", "provisioning makes both files before") from error
    return Face(
        kiosk=config.name,
        wifi=network.name,
        wifi_password=network.password,
        portal=config.portal.url,
        console=config.console.url,
        fingerprint=fingerprint,
        operator=FIRST,
        password=password,
    )


def _write_card(folder: Path, face: Face) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_durably(folder / "card.pdf", setup_card.pdf(face), mode=0o600)
    write_durably(folder / "card.txt", setup_card.text(face).encode(), mode=0o600)
    sync_folder(folder)


def _remove_card(folder: Path) -> None:
    for name in ("card.pdf", "card.txt"):
        (folder / name).unlink(missing_ok=True)
