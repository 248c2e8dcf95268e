"""The texts of the packs in `content-packs/`, as far as a machine can judge them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PACKS = Path(__file__).parents[1] / "content-packs"
FRENCH = sorted(path for path in PACKS.rglob("*") if re.search(r"(^|\.)fr(\.quiz)?\.(md|yaml)$", path.name))
LOOSE = re.compile(r"(?<=[^\s|:-]) [:;?!»%](?=[\s*_.,)»|\"']|$)|« ")


@pytest.mark.parametrize("path", [*FRENCH, *PACKS.glob("*/pack.yaml")], ids=lambda path: str(path.relative_to(PACKS)))
def test_french_punctuation_stays_with_its_word(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [f"{number}: {line}" for number, line in enumerate(lines, 1) if LOOSE.search(line)] == []
