"""Running the command `kiosk` in this process, which spares half a second each time."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

from kiosk.cli.main import main

CONFIG = """\
name: Umoja
state: {state}
portal: {{address: 127.0.0.1, port: 8080, url: "http://kiosk.test"}}
library: {{address: 127.0.0.2, port: 8081, url: "http://books.test"}}
console: {{address: 127.0.0.3, port: 8082, url: "http://console.kiosk.test"}}
sync: {{mirrors: ["{mirror}"], trusted_root: {root}, neighbours: false}}
time_zone: Africa/Kampala
"""


def configure(path: Path, state: Path, root: Path, mirror: str | Path = "http://127.0.0.1:1") -> Path:
    """Write a kiosk.yaml and return it."""
    path.write_text(CONFIG.format(state=state, root=root, mirror=mirror))
    return path


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run `kiosk` with these words."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    argv = patch.object(sys, "argv", ["kiosk", *map(str, words)])
    with argv, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as ending:
            code = int(ending.code or 0)
    return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())
