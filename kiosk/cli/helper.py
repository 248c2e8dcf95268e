"""`kiosk helper`: the root helper, apart from the sites so that the one process with rights loads nothing of them."""

from __future__ import annotations

from pathlib import Path

import click

from kiosk.host.helper import SOCKET, Acts, Helper, account, listener


@click.command()
@click.option("--socket", "path", default=SOCKET, show_default=True, help="Where to listen.",
              type=click.Path(dir_okay=False, path_type=Path))  # fmt: skip
@click.option("--allow", "name", default="kiosk-console", show_default=True, metavar="ACCOUNT",
              help="The account that may give orders: that of the console.")  # fmt: skip
def helper(path: Path, name: str) -> None:
    """Do, as root, the few things that the console may ask for: start a sync, restart, set the clock, the Wi-Fi.

    \b
    Example:
      kiosk helper --allow kiosk-console
    """
    allowed = {0, account(name)}
    with listener(path) as opened:
        Helper(opened, allowed, Acts()).serve()
