"""The command `kiosk`: its groups, and the one place where errors become words and exit codes."""

from __future__ import annotations

import errno
import io
import itertools
import os
import sys
from importlib import import_module
from typing import Any

import click

from kiosk.cli.output import failure_as_json
from kiosk.errors import HostError, KioskError, NoSpace

GROUPS = {
    "pack": ["kiosk.cli.pack"],
    "repo": ["kiosk.cli.repo", "kiosk.cli.holders", "kiosk.cli.publishing"],
    "sync": ["kiosk.cli.sync"],
    "board": ["kiosk.cli.board", "kiosk.cli.board_sections", "kiosk.cli.board_bans"],
    "serve": ["kiosk.cli.serve"],
    "helper": ["kiosk.cli.helper"],
    "setup": ["kiosk.cli.setup"],
    "health": ["kiosk.cli.setup"],
    "wishes": ["kiosk.cli.wishes"],
    "member": ["kiosk.cli.member"],
    "recording": ["kiosk.cli.recording"],
    "document": ["kiosk.cli.document"],
    "report": ["kiosk.cli.report"],
    "operator": ["kiosk.cli.operator"],
    "backup": ["kiosk.cli.backup"],
    "restore": ["kiosk.cli.restore"],
    "demo": ["kiosk.cli.demo"],
}
"""Where each command lies, and the modules that add to it."""


class _OnDemand(click.Group):
    """Loads a command when it is asked for: a kiosk that syncs does not load what a publisher needs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order of the table."""
        return list(GROUPS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command of the table; where its libraries are missing, a hidden one that says so."""
        if cmd_name not in GROUPS:
            return None
        try:
            first, *_ = [import_module(name) for name in GROUPS[cmd_name]]
        except ModuleNotFoundError as error:
            if not error.name or error.name.partition(".")[0] == __name__.partition(".")[0]:
                raise
            return _publishers(cmd_name, error.name)
        command: click.Command = getattr(first, cmd_name)
        return command


def _publishers(name: str, missing: str) -> click.Command:
    def say(**_words: object) -> None:
        raise HostError(
            f"`kiosk {name}` is for publishers, and this machine lacks the Python library {missing}",
            "run it on the publisher's computer; what a kiosk can do is told by `kiosk --help`",
        )

    return click.Command(
        name,
        callback=say,
        params=[click.Argument(["words"], nargs=-1, type=click.UNPROCESSED)],
        context_settings={"ignore_unknown_options": True, "help_option_names": []},
        hidden=True,
    )


@click.group(cls=_OnDemand, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="telecenter-kiosk")
def kiosk() -> None:
    """Signed offline content for a village: build packs, publish them, sync them, serve them.

    \b
    The federation:   kiosk pack lint|build|inspect     kiosk repo init|release|sign|publish
    The kiosk:        kiosk sync run|plan|status        kiosk serve portal|console|library
                      kiosk member add|import|list|card|revoke|reissue|unlock
                      kiosk recording add|list|remove
                      kiosk document add|list|withdraw|restore
                      kiosk report
                      kiosk operator add|reset|list
                      kiosk backup key|make|list|copy|fetch    kiosk restore
    What systemd runs: kiosk wishes | setup | health | helper
    The board:        kiosk board reports|queue|hide|restore|close|pin|section
    To try it all:    kiosk demo
    """


def main() -> None:
    """Run the command; a foreseen error ends it with its message, its hint and its exit code.

    Where JSON was asked for, the error is printed as JSON too.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a file's name may hold bytes that are no text
            stream.reconfigure(errors="backslashreplace")
    try:
        kiosk.main(standalone_mode=False)
    except click.exceptions.Exit as ending:
        sys.exit(ending.exit_code)
    except click.ClickException as error:
        context = error.ctx if isinstance(error, click.UsageError) else None
        _fail(error.format_message(), f"{context.command_path} --help" if context else None)
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        _fail("stopped", None)
        click.echo("stopped", err=True)
        sys.exit(130)
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except (KioskError, OSError) as error:
        told = _told(error)
        _fail(told.message, told.hint, told.detail)
        click.secho(f"error: {told.message}", fg="red", err=True)
        if told.hint:
            click.echo(f"what to do: {told.hint}", err=True)
        sys.exit(told.exit_code)


def _fail(message: str, remedy: str | None, detail: dict[str, Any] | None = None) -> None:
    # Read off the line itself: what is wrong may be the line.
    if "--json" in itertools.takewhile(lambda word: word != "--", sys.argv[1:]):
        failure_as_json(message, remedy, detail or {})


def _told(error: KioskError | OSError) -> KioskError:
    if isinstance(error, KioskError):
        return error
    what = f"{error.filename or 'the machine'}: {error.strerror or error}"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoSpace(what, "make room, and do it again")
    return HostError(what, "may you read and write there, and is the disk in order?")
