"""A program on a stranger's bytes: what it writes has an end, and to read it takes no more memory than it has bytes."""

from __future__ import annotations

from kiosk.host import bounded, memory
from kiosk.host.bounded import Limits


def test_what_may_be_written_is_not_asked_for_as_memory() -> None:
    # On a machine of 512 MB, what is larger than it is refused; a large one gives it.
    with memory.limited(64 * 1024 * 1024):
        assert bounded.run(["echo", "maize"], Limits(5, 10, 500_000_000, 1 << 34)) == (0, b"maize\n")


def test_who_writes_too_much_is_ended() -> None:
    code, out = bounded.run(["yes"], Limits(5, 10, 500_000_000, 1000))
    assert code < 0
    assert len(out) == 1000
