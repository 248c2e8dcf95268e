"""What the tests of the appliance share: the tree, and the figures that they print at the end."""

from __future__ import annotations

import pytest

from tests import figures
from tests.appliance import kiosks
from tests.appliance import tree as trees


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
    figures.tell(f"appliance: {line}")
