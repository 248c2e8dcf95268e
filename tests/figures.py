"""Figures that tests measured, for the end of the run: each goes with the report of its test, which comes from another
process where several run at a time.
"""

from __future__ import annotations

import pytest

KEY = "figure"
NEW: list[str] = []


def tell(line: str) -> None:
    """Have a line printed at the end of the run."""
    NEW.append(line)


def take(made: pytest.TestReport) -> None:
    """Have what was told meanwhile go with a report."""
    made.user_properties = [*made.user_properties, *((KEY, line) for line in NEW)]
    NEW.clear()


def show(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what came with all reports."""
    reports = [each for some in terminalreporter.stats.values() for each in some if isinstance(each, pytest.TestReport)]
    for name, line in (told for each in reports for told in each.user_properties):
        if name == KEY:
            terminalreporter.write_line(str(line))
