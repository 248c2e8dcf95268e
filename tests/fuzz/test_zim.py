"""Two minutes of ZIM books that nobody would make, guided by what code they reach: each is read or refused.

The books begin as those of the other tests, whole and broken, and a real one where there is one. `FUZZ_SECONDS`
changes how long; what is found is printed with the book in Base64, and belongs into tests/packs/test_zim_broken.py.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.packs.test_zim_broken import BROKEN
from tests.packs.test_zim_writer import written
from tests.whole_path.running import REAL_BOOKS
from tests.zims import EXTENDED, LZMA, PLAIN, ZSTD, made

SECONDS = 120
MOST_SECONDS_A_BOOK = 10
MOST_MIB = 300
MOST_BYTES = 50_000


def seeds(folder: Path) -> None:
    """Write the books to begin with."""
    books = [way().whole() for way, _ in BROKEN.values()]
    for codings in ((ZSTD, PLAIN), (LZMA, 0), (PLAIN, PLAIN | EXTENDED), (ZSTD | EXTENDED, LZMA)):
        books += [made(codings=codings, version=version).whole() for version in ((6, 0), (6, 1))]
    books.append(
        written({("text/html", "C", "a"): b"<p>" * 99, ("image/png", "C", "b"): b"png"}, {("C", "c"): ("C", "a")})
    )
    if (REAL_BOOKS / "small.zim").exists():
        books.append((REAL_BOOKS / "small.zim").read_bytes())
    for number, book in enumerate(books):
        if len(book) <= MOST_BYTES:
            (folder / f"{number:03}.zim").write_bytes(book)


def test_no_book_brings_anything_but_a_refusal(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    seeds(corpus)
    seconds = os.environ.get("FUZZ_SECONDS", str(SECONDS))
    flags = [
        f"-max_total_time={seconds}", f"-timeout={MOST_SECONDS_A_BOOK}", f"-rss_limit_mb={MOST_MIB}",
        f"-max_len={MOST_BYTES}", f"-artifact_prefix={tmp_path}/", "-print_final_stats=1",
    ]  # fmt: skip
    command = [sys.executable, "-m", "tests.fuzz.zim_target", *flags, str(corpus)]
    root = Path(__file__).parents[2]
    # By a shell that starts it: a process begins with the most memory that the one before its exec ever took.
    command = ["sh", "-c", '"$@"; exit $?', "sh", *command]
    run = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, cwd=root)
    words = run.stdout + run.stderr
    print(words[-1500:])
    assert run.returncode == 0, words[-6000:]
    done = re.search(r"stat::number_of_executed_units: (\d+)", words)
    assert done
    assert int(done[1]) > 1000
