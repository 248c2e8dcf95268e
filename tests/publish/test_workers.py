"""Work on several cores gives what work on one gives, in its order, and leaves nothing when it is broken off."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kiosk.publish import coding, workers
from tests.making import Village
from tests.sync.origin import noise

BLOCKS = [(noise(5000, seed) + b"new", noise(5000, seed)) for seed in range(5)]


def test_several_cores_give_the_same_blocks_in_their_order() -> None:
    one = list(workers.in_order(coding.encode, BLOCKS, 1))
    assert list(workers.in_order(coding.encode, iter(BLOCKS), 2)) == one
    assert multiprocessing.active_children() == []


def test_what_goes_wrong_in_a_worker_goes_wrong_here() -> None:
    with pytest.raises(ZeroDivisionError):
        list(workers.in_order(divmod, [(1, 1), (1, 0), (1, 1)], 2))
    assert multiprocessing.active_children() == []


def test_no_more_is_drawn_than_is_under_way() -> None:
    drawn = []

    def asked() -> object:
        for number in range(20):
            drawn.append(number)
            yield (number, 1)

    found = workers.in_order(divmod, asked(), 2)  # type: ignore[arg-type]
    next(found)
    assert len(drawn) <= 4
    found.close()  # type: ignore[attr-defined]
    assert multiprocessing.active_children() == []


def test_at_least_one_works() -> None:
    assert workers.count() >= 1


def test_a_block_is_coded_the_best_way_though_not_all_are_tried() -> None:
    base = b"".join(b"line %d of some text that compresses\n" % number for number in range(5000))
    changed = base.replace(b"line 77 ", b"line 78 ")
    assert len(coding.encode(changed, base)) < 200
    assert len(coding.encode(noise(100_000), base)) < 100_100


def test_a_broken_off_release_leaves_no_blob_and_no_draft(village: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    village.release(1)
    before = {path for path in village.repository.folder.rglob("*") if path.is_file()}

    def stop(target: bytes, reference: bytes) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr(coding, "encode", stop)
    with pytest.raises(KeyboardInterrupt):
        village.release(2, "Something else.")
    assert {path for path in village.repository.folder.rglob("*") if path.is_file()} == before
    assert not (village.repository.folder / ".drafts").exists()


def test_ctrl_c_ends_the_workers(tmp_path: Path) -> None:
    program = (
        "import sys, time\nfrom kiosk.publish import workers\n"
        "if __name__ == '__main__':\n"
        "    found = workers.in_order(time.sleep, [(0,), (0,), (600,), (600,)], 2)\n"
        "    next(found)\n    print('begun', flush=True)\n    list(found)\n"
    )
    script = tmp_path / "program.py"
    script.write_text(program)
    with subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
        env=os.environ | {"PYTHONPATH": str(Path.cwd())},
    ) as running:  # fmt: skip
        assert running.stdout is not None
        assert running.stdout.readline() == b"begun\n"
        time.sleep(0.5)
        os.killpg(running.pid, signal.SIGINT)
        running.wait(timeout=30)
    for _ in range(300):
        if not group_lives(running.pid):
            break
        time.sleep(0.1)
    assert not group_lives(running.pid)


def group_lives(number: int) -> bool:
    try:
        os.killpg(number, 0)
    except ProcessLookupError:
        return False
    return True
