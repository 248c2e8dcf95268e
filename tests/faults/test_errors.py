"""The card is full, or fails, at each call of a sync: that is told, the old is served, and a later sync ends well."""

from __future__ import annotations

import pytest

from kiosk.errors import HostError, StoreError
from tests.faults import tracing, verdict
from tests.faults.conftest import Stage, how_many, later_sync_ends_well, logged, report
from tests.faults.tracing import Point

FULL = "full"
FAILING = {
    "fsync": "EIO", "fdatasync": "EIO", "rename": "EIO", "renameat": "EIO", "renameat2": "EIO", "unlink": "EIO",
    "unlinkat": "EIO", "ftruncate": "EIO", "rmdir": "EIO",
}  # fmt: skip
"""Calls that do not fail for want of room, and how they fail instead."""
NEVER = ("sync", "chmod", "fchmod", "fchmodat")


def error_at(point: Point) -> str:
    """Return how a call is to fail."""
    return FAILING.get(point.name, "ENOSPC")


@pytest.mark.parametrize(("path", "version"), [("", 1), ("1", 2)], ids=["first-install", "update"])
@pytest.mark.parametrize("always", [False, True], ids=["once", "from-then-on"])
def test_a_card_that_is_full_or_fails_is_told_and_harms_nothing(
    stage: Stage, path: str, version: int, always: bool
) -> None:
    found = [point for point in logged(stage, path, version) if _can_fail(point, always)]
    chosen = tracing.spread(found, how_many(4 * len(found)) // 4)

    def judge(point: Point) -> str | None:
        with stage.copy(path, version) as kiosk:
            with stage.warm() as warm:
                tracer = tracing.tampering(point, f"error={error_at(point)}", always=always)
                code, told = warm.run(kiosk.sync(), tracer)
            if "Traceback" in told:
                return f"not told in words: {told[-200:]}"
            if code not in (0, StoreError.exit_code, HostError.exit_code):
                return f"exit code {code}: {told}"
            if code and not ("error: " in told and "what to do: " in told):
                return f"no remedy is told: {told}"
            if code and error_at(point) == "ENOSPC" and FULL not in told:
                return f"it is not told that the card is full: {told}"
            assert verdict.served(kiosk, stage.known, search=False) in (version - 1, version)
            later_sync_ends_well(stage, kiosk, version, (f"{path}{version}",))
            return None

    wrong = stage.each(chosen, judge)
    times = "from then on" if always else "once"
    report(f"sync to {version}, an error {times} at {len(chosen)} of {len(found)} calls: {len(wrong)} wrong")
    assert not wrong, "\n".join(wrong[:20])


def _can_fail(point: Point, always: bool) -> bool:
    # To open a file that is there takes no room. A command that can not write at all could not even tell of it.
    return (
        point.name not in NEVER
        and ("open" not in point.name or point.creates)
        and (point.name, always) != ("write", True)
    )
