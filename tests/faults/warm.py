"""A warm interpreter that forks the `kiosk` commands to be killed: starting Python anew would be most of the time.

Run as `python -m tests.faults.warm`; `Warm` speaks to it. The child runs the very `main` of the command `kiosk`, in a
process of its own that waits, before its first step, until whoever traces it has attached. `test_kills.py` holds that
such a child changes the state folder by the same system calls as `kiosk` started cold.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from kiosk.cli.main import main as kiosk
from tests.faults.tracing import Tracer


class Warm:
    """One warm interpreter. Not for two threads at a time."""

    def __init__(self, scratch: Path) -> None:
        self._log = scratch / "warm.log"
        self._modules = scratch / "modules.json"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.warm"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | {"PYTHONHASHSEED": "0"},
        )  # fmt: skip

    def run(self, arguments: Sequence[str], tracer: Tracer | None = None) -> tuple[int, str]:
        """Run `kiosk ARGUMENTS...` and return its exit code (minus the signal that killed it) and what it printed.

        The tracer is attached while the process waits for its first step.
        """
        pid = int(self._ask({"arguments": list(arguments), "log": str(self._log), "modules": str(self._modules)}))
        try:
            if tracer:
                tracer.attach(pid)
        finally:
            status = int(self._ask("go"))
        if tracer:
            tracer.finish()
        return os.waitstatus_to_exitcode(status), self._log.read_text()

    def close(self) -> None:
        """End the interpreter."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def _ask(self, order: object) -> str:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()


def serve() -> None:
    """Fork a child for each order, until the input ends."""
    for line in sys.stdin:
        order = json.loads(line)
        waiting, go = os.pipe()
        pid = os.fork()
        if not pid:
            os.close(go)
            _child(order, waiting)
        os.close(waiting)
        print(pid, flush=True)
        sys.stdin.readline()
        os.write(go, b"!")
        os.close(go)
        print(os.waitpid(pid, 0)[1], flush=True)
        _learn(Path(order["modules"]))


def _child(order: dict[str, str], waiting: int) -> NoReturn:
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    for descriptor in (1, 2):
        os.dup2(log, descriptor)
    os.read(waiting, 1)
    sys.argv = ["kiosk", *order["arguments"]]
    code = 0
    try:
        kiosk()
    except SystemExit as ending:
        code = int(ending.code or 0)
    except BaseException:  # noqa: BLE001 - as the interpreter itself would: a trace, and exit code 1
        sys.excepthook(*sys.exc_info())
        code = 1
    try:
        sys.stdout.flush()
        sys.stderr.flush()
        if not code:
            Path(order["modules"]).write_text(json.dumps(list(sys.modules)))
    finally:
        os._exit(code)


def _learn(path: Path) -> None:
    # What a child imported late, the next ones shall find: every import spares a few hundred system calls.
    if path.exists():
        for name in json.loads(path.read_text()):
            if name not in sys.modules:
                try:
                    importlib.import_module(name)
                except ImportError:
                    continue  # a name that only looks like one
        path.unlink()


if __name__ == "__main__":
    serve()
