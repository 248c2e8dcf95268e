"""`kiosk wishes`: what a person wrote on the card before the start."""

from __future__ import annotations

from pathlib import Path

import click

from kiosk.cli.kiosk_options import CONFIG
from kiosk.errors import HostError
from kiosk.host import wishes as wishing

FILE = click.Path(dir_okay=False, path_type=Path)
HEAD = "These lines of kiosk.txt can not be used, so nothing of it was:"


@click.command()
@CONFIG
@click.option("--file", "file", required=True, type=FILE, help="What the person wrote; none: nothing is wished.")
@click.option("--hotspot", "hotspot", required=True, type=FILE, help="hostapd's configuration, which is changed.")
@click.option("--taken", "taken", required=True, type=FILE, help="Where it is remembered what was taken of the Wi-Fi.")
@click.option("--problem", "problem", required=True, type=FILE, help="Where it is said what can not be used.")
def wishes(config_path: Path, file: Path, hotspot: Path, taken: Path, problem: Path) -> None:
    """Take the kiosk's name and its Wi-Fi from kiosk.txt on the card; for root, before anything starts.

    \b
    Example:
      kiosk wishes --file /boot/firmware/kiosk.txt --hotspot /var/lib/kiosk-helper/hostapd.conf \\
        --taken /var/lib/kiosk-helper/wishes --problem /run/kiosk-wishes/kiosk-problem.txt
    """
    try:
        wished, wrong = wishing.read(_beginning(file)) if file.exists() else (wishing.Wishes(), [])
        if wrong:
            # As Windows ends lines: who reads this may have nothing else.
            problem.write_text("\r\n".join([HEAD, *wrong, ""]), encoding="utf-8", newline="")
            click.echo(" ".join([HEAD, *wrong]))
            return
        problem.unlink(missing_ok=True)
        wishing.take(wished, config_path, hotspot, taken)
    except OSError as error:
        raise HostError(f"{error.filename}: {error.strerror}") from error
    click.echo("all that is wished is so")


def _beginning(file: Path) -> bytes:
    """Return as much as tells whether it is too long: a film that was saved under this name fills no memory."""
    with file.open("rb") as opened:
        return opened.read(wishing.MOST_BYTES + 1)
