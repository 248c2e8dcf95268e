"""The command `kiosk`: its groups, and the one place where errors become words and exit codes."""

from __future__ import annotations

import sys

import click

from kiosk.cli.demo import demo
from kiosk.cli.pack import pack
from kiosk.cli.repo import repo
from kiosk.cli.serve import serve
from kiosk.cli.sync import sync
from kiosk.errors import KioskError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="telecenter-kiosk")
def kiosk() -> None:
    """Signed offline content for a village: build packs, publish them, sync them, serve them.

    \b
    The federation:   kiosk pack lint|build|inspect     kiosk repo init|release|withdraw|list|sign|verify
    The kiosk:        kiosk sync run|plan|status        kiosk serve portal|console|library
    To try it all:    kiosk demo
    """


for command in (pack, repo, sync, serve, demo):
    kiosk.add_command(command)


def main() -> None:
    """Run the command; a foreseen error ends it with its message, its hint and its exit code."""
    try:
        kiosk.main(standalone_mode=False)
    except click.exceptions.Exit as ending:
        sys.exit(ending.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        sys.exit(130)
    except KioskError as error:
        click.secho(f"error: {error.message}", fg="red", err=True)
        if error.hint:
            click.echo(f"what to do: {error.hint}", err=True)
        sys.exit(error.exit_code)
