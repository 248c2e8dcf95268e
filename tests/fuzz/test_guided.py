"""Books and blocks of patches that nobody would make, guided by what code they reach: each is taken or refused.

Books begin as those of the other tests, whole and broken, and a real one where there is one; blocks as a publisher
makes them. What is shown follows from `FUZZ_SEED` (1), so that a run that fails does so for what was changed; `0` is
another one each time, and `FUZZ_SECONDS` changes how long: both belong to each change of what is shown here. What is
found is printed in Base64, and belongs into a test beside the fix: a book into tests/packs/test_zim_broken.py.
"""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fuzz import block_seeds
from tests.packs.test_zim_broken import BROKEN
from tests.packs.test_zim_writer import written
from tests.whole_path.running import REAL_BOOKS
from tests.zims import EXTENDED, LZMA, PLAIN, ZSTD, made

MOST_SECONDS_EACH = 10
MOST_MIB = 300
MOST_BYTES = 50_000
READS = (0, 5, 20)
"""After how many reads the books of the stick turn, to begin with."""


def books() -> list[bytes]:
    found = [way().whole() for way, _ in BROKEN.values()]
    for codings in ((ZSTD, PLAIN), (LZMA, 0), (PLAIN, PLAIN | EXTENDED), (ZSTD | EXTENDED, LZMA)):
        found += [made(codings=codings, version=version).whole() for version in ((6, 0), (6, 1))]
    found.append(
        written({("text/html", "C", "a"): b"<p>" * 99, ("image/png", "C", "b"): b"png"}, {("C", "c"): ("C", "a")})
    )
    if (REAL_BOOKS / "small.zim").exists():
        found.append((REAL_BOOKS / "small.zim").read_bytes())
    return [book for book in found if len(book) <= MOST_BYTES]


def turning_books() -> list[bytes]:
    return [bytes([reads]) + book for book in books() for reads in READS]


@pytest.mark.parametrize(
    ("target", "seeds", "seconds"),
    [("zim_target", books, 120), ("taking_target", turning_books, 60), ("block_target", block_seeds.seeds, 30)],
)
def test_nothing_that_is_shown_brings_anything_but_a_refusal(
    target: str, seeds: Callable[[], list[bytes]], seconds: int, tmp_path: Path
) -> None:
    corpus, scratch = tmp_path / "corpus", tmp_path / "scratch"
    corpus.mkdir()
    scratch.mkdir()
    for number, seed in enumerate(seeds()):
        (corpus / f"{number:03}").write_bytes(seed)
    flags = [
        f"-seed={os.environ.get('FUZZ_SEED', '1')}", f"-max_total_time={os.environ.get('FUZZ_SECONDS', seconds)}",
        f"-timeout={MOST_SECONDS_EACH}",
        f"-rss_limit_mb={MOST_MIB}", f"-max_len={MOST_BYTES}", f"-artifact_prefix={tmp_path}/", "-print_final_stats=1",
    ]  # fmt: skip
    command = [sys.executable, "-m", f"tests.fuzz.{target}", *flags, str(corpus)]
    # By a shell that starts it: a process begins with the most memory that the one before its exec ever took.
    command = ["sh", "-c", '"$@"; exit $?', "sh", *command]
    run = subprocess.run(
        command, capture_output=True, text=True, errors="replace", check=False, cwd=Path(__file__).parents[2],
        env=os.environ | {"TMPDIR": str(scratch)},
    )  # fmt: skip
    found = [base64.b64encode(path.read_bytes()).decode() for path in tmp_path.iterdir() if path.is_file()]
    assert run.returncode == 0, "\n".join((run.stdout[-6000:], run.stderr[-1500:], *found))
    assert not list(scratch.iterdir())
    done = re.search(r"stat::number_of_executed_units: (\d+)", run.stderr)
    assert done
    assert int(done[1]) > 1000
