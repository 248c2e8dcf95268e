"""Options that the commands of a kiosk share, and its parts as they need them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click

from kiosk.config import Config
from kiosk.store import db
from kiosk.store.state import State

CONFIG = click.option(
    "--config", "config_path", default=Path("/etc/kiosk/kiosk.yaml"), show_default=True, envvar="KIOSK_CONFIG",
    type=click.Path(dir_okay=False, path_type=Path), help="The kiosk's configuration.",
)  # fmt: skip
JSON = click.option("--json", "json_", is_flag=True, help="Print the result as JSON.")


@contextmanager
def opened(config: Config) -> Iterator[tuple[State, db.Connection]]:
    """Yield the state folder (made where it is missing) and a connection to its database."""
    state = State(config.state)
    state.prepare()
    with closing(db.connect(state.database)) as conn:
        yield state, conn
