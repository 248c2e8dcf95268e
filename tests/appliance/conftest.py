"""What the tests of the appliance share: the tree, and the figures that they print at the end."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from tests.appliance import kiosks
from tests.appliance import tree as trees

OURS = "appliance"
SUMMARY: list[str] = []


@pytest.fixture(scope="session")
def tree() -> trees.Tree:
    """The Debian 13 without a kiosk."""
    return trees.tree()


@pytest.fixture(scope="session")
def provisioned(tree: trees.Tree) -> kiosks.Provisioned:
    """The kiosk that the playbook made of it."""
    return kiosks.provisioned(tree)


def report(line: str) -> None:
    """Have a line in the summary at the end of the run."""
    SUMMARY.append(line)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    # What a test said goes with its report, which comes from another process where several run at a time.
    made = yield
    made.user_properties = [*made.user_properties, *((OURS, line) for line in SUMMARY)]
    SUMMARY.clear()
    return made


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [each for some in terminalreporter.stats.values() for each in some if isinstance(each, pytest.TestReport)]
    for name, line in (told for each in reports for told in each.user_properties):
        if name == OURS:
            terminalreporter.write_line(f"appliance: {line}")
