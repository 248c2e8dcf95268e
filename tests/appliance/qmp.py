"""What is said to a running emulator: QMP, one JSON document a line on a socket of its own."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

ANSWER_SECONDS = 30


def tell(path: Path, command: str, **arguments: object) -> Any:
    """Have the emulator that listens at `path` do something; return what it answers.

    Raises:
        AssertionError: it refuses.
        OSError: nobody listens.
    """
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(ANSWER_SECONDS)
        line.connect(str(path))
        with line.makefile("rw", encoding="utf-8") as file:
            file.readline()  # its greeting
            _ask(file, "qmp_capabilities", {})
            return _ask(file, command, arguments)


def _ask(file: Any, command: str, arguments: dict[str, object]) -> Any:
    file.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
    file.flush()
    while True:
        answer = json.loads(file.readline())
        assert "error" not in answer, (command, answer["error"])
        if "return" in answer:
            return answer["return"]  # what else comes are events
