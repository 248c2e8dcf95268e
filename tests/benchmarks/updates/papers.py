"""Folders of PDF and ODT: the product's own model papers, and longer ones, each in two versions with small edits."""

from __future__ import annotations

import random
import re
from pathlib import Path

from kiosk.publish import paper, paper_odt, paper_pdf
from tests.benchmarks.updates.sources import sentences
from tests.benchmarks.updates.trees import Series, settle

SOURCES = Path(__file__).parents[3] / "content-packs" / "model-papers" / "papers"
SEED = 20261125
HANDBOOKS, CHAPTERS, PARAGRAPHS = 12, 10, 24
EDITS_IN_LONG = 6


def model_papers(cache: Path) -> Series:
    """Return the model papers as PDF and ODT; in the second version a word or two of each English one differs."""
    old = {path.stem: path.read_text("utf-8") for path in sorted(SOURCES.glob("*.md"))}
    seeded = random.Random(SEED)
    new = {name: _reworded(text, seeded, 2) if name.endswith(".en") else text for name, text in old.items()}
    told = f"{len(old)} model papers as PDF and ODT, two small edits in each English one"
    return _series(cache, "papers", told, old, new)


def handbooks(cache: Path, prose: Path) -> Series:
    """Return a dozen handbooks of some sixty pages; half of them get six small edits and a new paragraph."""
    fresh = sentences(prose)
    random.Random(SEED).shuffle(fresh)
    old = {f"handbook-{number:02}": _handbook(number, fresh) for number in range(HANDBOOKS)}
    seeded = random.Random(SEED + 1)
    new = dict(old)
    for name in list(old)[::2]:
        blocks = _reworded(old[name], seeded, EDITS_IN_LONG).split("\n\n")
        blocks.insert(seeded.randrange(len(blocks) // 2, len(blocks)), _plain(fresh.pop()))
        new[name] = "\n\n".join(blocks)
    return _series(
        cache, "handbooks", f"{HANDBOOKS} long papers as PDF and ODT, seven edits in every second one", old, new
    )


def _handbook(number: int, fresh: list[str]) -> str:
    blocks = [f"# Handbook {number}"]
    for chapter in range(1, CHAPTERS + 1):
        blocks.append(f"## Chapter {chapter}")
        blocks += [" ".join(_plain(fresh.pop()) for _ in range(3)) for _ in range(PARAGRAPHS)]
    return "\n\n".join(blocks)


def _plain(sentence: str) -> str:
    # Nothing that Markdown or the fonts of a PDF would take for something else.
    return re.sub(r"[^A-Za-z0-9 .,;:'()-]", "", sentence).strip().lstrip("-0123456789.) ")


def _reworded(text: str, seeded: random.Random, edits: int) -> str:
    for _ in range(edits):
        words = list(re.finditer(r"(?<= )[a-z]{5,}(?= [a-z])", text))
        old, new = seeded.choice(words), seeded.choice(words)[0]
        text = text[: old.start()] + new + text[old.end() :]
    return text


def _series(cache: Path, name: str, told: str, old: dict[str, str], new: dict[str, str]) -> Series:
    folders = (cache / "series" / name / "v1", cache / "series" / name / "v2")
    for folder, texts in zip(folders, (old, new), strict=True):
        if folder.exists():
            continue
        part = folder.with_suffix(".part")
        part.mkdir(parents=True, exist_ok=True)
        for stem, text in texts.items():
            parsed = paper.parse(text)
            (part / f"{stem}.pdf").write_bytes(paper_pdf.render(parsed, title=stem, language="en"))
            (part / f"{stem}.odt").write_bytes(paper_odt.render(parsed, title=stem, language="en"))
        part.rename(folder)
    settle(folders)
    return Series(name, told, folders)
