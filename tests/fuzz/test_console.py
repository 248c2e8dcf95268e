"""A minute of random forms, addresses and headers for the console: no error of ours, nothing shown, nothing broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.running import tried

# Of a form that breaks off Werkzeug closes no file; Python does, and says so.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def test_nothing_that_is_sent_breaks_the_console(tmp_path: Path) -> None:
    assert tried(tmp_path, "console").judge.codes[200] > 50
