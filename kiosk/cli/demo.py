"""`kiosk demo`: the whole way on one machine — a federation, its repository over HTTP, and a kiosk that follows it.

Every step is the real one: the same code, servers and trust as in the field; only the addresses are this machine's.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click

from kiosk import config as configuration
from kiosk.cli import federation, paths, syncing
from kiosk.cli.federation import Federation
from kiosk.cli.output import ProgressLine, size
from kiosk.clock import system_clock
from kiosk.config import Config
from kiosk.errors import Conflict, HostError
from kiosk.host import kiwix
from kiosk.host.processes import Processes, check_port
from kiosk.store import db, operators
from kiosk.store.state import State, write_durably

OPERATOR = "operator"
# Browsers keep cookies by host, whatever the port: each site has a loopback host of its own, as on a kiosk each has a
# host name of its own, so that nothing in a book can touch the cookies of the portal or the console. The library's is
# a name: to a browser that is another host than the address behind it.
PORTAL, LIBRARY, CONSOLE, MIRROR = "127.0.0.1", "127.0.0.1", "127.0.0.3", "127.0.0.4"
LIBRARY_HOST = "localhost"

CONFIG = """\
# Written by `kiosk demo`; see docs/configuration.md.
name: Demonstration telecenter
state: state
portal: {{address: {portal}, port: {port}, url: "http://{portal}:{port}"}}
library: {{address: {library}, port: {library_port}, url: "http://{library_host}:{library_port}"}}
console: {{address: {console}, port: {console_port}, url: "http://{console}:{console_port}"}}
about: {{cooperative: "Demonstration cooperative", contact: ["whoever started this demonstration"]}}
sync: {{mirrors: ["http://{mirror}:{mirror_port}"], trusted_root: root.json, neighbours: false}}
"""


@click.command()
@click.argument("recipes", nargs=-1, required=True, metavar="RECIPE...",
                type=paths.FOLDER)  # fmt: skip
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), default=Path(".run"), show_default=True,
              help="Where the demonstration keeps everything; remove it to start anew.")  # fmt: skip
@click.option("--port", type=click.IntRange(1024, 65000), default=8080, show_default=True,
              help="The portal's port; the next three are for library, console and mirror.")  # fmt: skip
def demo(recipes: tuple[Path, ...], folder: Path, port: int) -> None:
    """Build, sign, publish and sync RECIPEs, and serve portal, library and console on this machine.

    \b
    Example:
      kiosk demo content-packs/*
    """
    signal.signal(signal.SIGTERM, _end)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # not under nohup, which means to outlive the terminal
        signal.signal(signal.SIGHUP, _end)
    if not folder.exists():
        _check_ports(port)  # a first run that can not be leaves nothing behind
        folder.mkdir(parents=True)
    with _alone(folder):
        _run(folder, recipes, port)


def _run(folder: Path, recipes: Sequence[Path], port: int) -> None:
    _check_ports(port)
    fed = Federation(folder.resolve() / "federation")
    _publish(fed, recipes)
    config = _kiosk(folder.resolve() / "kiosk", port, fed)
    with Processes(folder.resolve() / "logs") as processes:
        _start_mirror(processes, fed, port)
        _sync(config)
        password = _one_time_password(config)
        _start_sites(processes, config, folder.resolve() / "kiosk" / "kiosk.yaml")
        _tell(config, password)
        _watch(processes)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    # A second demonstration in the folder would take the first one's addresses and password away.
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise Conflict(f"{folder}: a demonstration is running there", "stop it, or take another --folder") from error
    finally:
        os.close(descriptor)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _check_ports(port: int) -> None:
    sites = ((PORTAL, "portal"), (LIBRARY, "library"), (CONSOLE, "console"), (MIRROR, "mirror"))
    for number, (address, what) in enumerate(sites):
        check_port(address, port + number, what)


def _publish(fed: Federation, recipes: Sequence[Path]) -> None:
    if fed.prepare():
        click.echo("made a demonstration federation with keys of its own")
    result = federation.publish(fed, recipes)
    for each in result.released:
        click.echo(f"  released {each.head.pack} {each.head.version}, {size(each.head.installed_bytes)}, signed")
    for name, reason in result.left_out.items():
        click.secho(f"  left out {name}: {reason}", fg="yellow", err=True)
    click.echo(f"repository: {fed.repository.folder}")


def _kiosk(folder: Path, port: int, fed: Federation) -> Config:
    folder.mkdir(parents=True, exist_ok=True)
    root = folder / "root.json"
    if not root.exists():
        write_durably(root, fed.repository.root_bytes())
    path = folder / "kiosk.yaml"
    text = CONFIG.format(
        portal=PORTAL, library=LIBRARY, library_host=LIBRARY_HOST, console=CONSOLE, mirror=MIRROR,
        port=port, library_port=port + 1, console_port=port + 2, mirror_port=port + 3,
    )  # fmt: skip
    write_durably(path, text.encode())
    return configuration.load(path)


def _start_mirror(processes: Processes, fed: Federation, port: int) -> None:
    processes.start(
        "mirror",
        [
            sys.executable,
            "-m",
            "http.server",
            "--bind",
            MIRROR,
            "--directory",
            str(fed.repository.folder),
            str(port + 3),
        ],
    )
    processes.wait_for("mirror", f"http://{MIRROR}:{port + 3}/metadata/timestamp.json")


def _sync(config: Config) -> None:
    line = ProgressLine("fetching")
    try:
        outcome = syncing.agent(config, syncing.mirrors(config)).run(line.bytes)
    finally:
        line.end()
    for change in outcome.changes:
        click.echo(f"  {syncing.told(change)}")
    click.echo(f"kiosk: generation {outcome.generation}, fetched {size(outcome.fetched_bytes)} over HTTP, verified")


def _one_time_password(config: Config) -> str | None:
    with closing(db.connect(State(config.state).database)) as conn, db.transaction(conn):
        return operators.issue_one_time_password(conn, OPERATOR, system_clock())


def _start_sites(processes: Processes, config: Config, path: Path) -> None:
    kiosk = [sys.executable, "-m", "kiosk", "serve"]
    sites = {"portal": config.portal, "console": config.console, "library": config.library}
    if not kiwix.is_installed():
        del sites["library"]
        click.secho(
            "kiwix-serve is not installed: the library's books can not be opened (apt-get install kiwix-tools)",
            fg="yellow", err=True,
        )  # fmt: skip
    for name in sites:
        alone = ["--no-helper"] if name == "console" else []
        processes.start(name, [*kiosk, name, *alone, "--config", str(path)])
    for name, site in sites.items():
        processes.wait_for(name, f"http://{site.address}:{site.port}/")


def _tell(config: Config, password: str | None) -> None:
    secret = password or "the password you chose"
    click.echo(
        f"\n  portal    {config.portal.url}\n  library   {config.library.url}\n  console   {config.console.url}"
        f"\n            name: {OPERATOR}   {'one-time password' if password else 'password'}: {secret}"
        "\n\n  Ctrl-C stops everything."
    )


def _watch(processes: Processes) -> None:
    while True:
        if name := processes.dead():
            raise HostError(f"{name} ended by itself:\n{processes.log(name)}")
        time.sleep(0.5)
