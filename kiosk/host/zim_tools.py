"""zimwriterfs (Debian's zim-tools), which builds a ZIM book from a folder of HTML; kiosks index it themselves."""

from __future__ import annotations

import shutil
import tempfile
import textwrap
from dataclasses import dataclass
from pathlib import Path

import sh

from kiosk.errors import FormatError, HostError

PROGRAM = "zimwriterfs"
ISO_639_3 = {
    "am": "amh", "ar": "ara", "be": "bel", "bn": "ben", "de": "deu", "en": "eng", "es": "spa", "fr": "fra", "ha": "hau",
    "hi": "hin", "id": "ind", "ig": "ibo", "ln": "lin", "mg": "mlg", "my": "mya", "ne": "nep", "ny": "nya", "om": "orm",
    "pt": "por", "rw": "kin", "sn": "sna", "so": "som", "sw": "swa", "ta": "tam", "ti": "tir", "ur": "urd", "wo": "wol",
    "yo": "yor", "zu": "zul",
}  # fmt: skip
"""ZIM books name their language in three letters; packs in two where BCP 47 has two."""

# What a ZIM book may say of itself, in characters. Older zimwriterfs take more, that of Debian 13 refuses the book. The
# portal shows the pack's own words, which have room.
MOST_TITLE = 30
MOST_DESCRIPTION = 80


@dataclass(frozen=True)
class BookLabels:
    """The metadata of a book; `front` is the first page, relative to the folder of HTML."""

    name: str
    front: str
    title: str
    summary: str
    language: str
    publisher: str


def is_installed() -> bool:
    """Tell whether zimwriterfs is on this machine."""
    return shutil.which(PROGRAM) is not None


def write_book(html: Path, cover: Path, labels: BookLabels, out: Path) -> None:
    """Build the book `out` from the pages in `html`, with the 48 x 48 PNG `cover`.

    Raises:
        HostError: zimwriterfs is not installed.
        FormatError: the language has no three-letter code here, or zimwriterfs refused the pages; with its words.
    """
    if not is_installed():
        raise HostError("zimwriterfs is not installed", "apt-get install zim-tools")
    base = labels.language.partition("-")[0]
    language = base if len(base) == 3 else ISO_639_3.get(base)
    if language is None:
        raise FormatError(f"{html}: no three-letter code is known for the language '{labels.language}'")
    with tempfile.TemporaryDirectory() as scratch:
        pages = Path(scratch) / "pages"
        shutil.copytree(html, pages)
        shutil.copyfile(cover, pages / "cover.png")
        _run(pages, language, labels, out)


def _run(pages: Path, language: str, labels: BookLabels, out: Path) -> None:
    try:
        sh.Command(PROGRAM)(
            f"--welcome={labels.front}", "--illustration=cover.png", f"--language={language}",
            f"--title={shortened(labels.title, MOST_TITLE)}",
            f"--description={shortened(labels.summary, MOST_DESCRIPTION)}",
            f"--creator={labels.publisher}", f"--publisher={labels.publisher}", f"--name={labels.name}",
            "--threads=2", "--withoutFTIndex",
            str(pages), str(out),
            _err_to_out=True,
        )  # fmt: skip
    except sh.ErrorReturnCode as error:
        words = error.stdout.decode(errors="replace").strip().splitlines()[-5:]
        raise FormatError(f"{labels.name}: zimwriterfs refused the book:\n" + "\n".join(words)) from error
    if not out.is_file():
        raise FormatError(f"{labels.name}: zimwriterfs wrote no book")


def shortened(text: str, most: int) -> str:
    """Return a text in at most `most` characters, cut between words where there are any."""
    if len(text) <= most:
        return text
    by_words = textwrap.shorten(text, most, placeholder="…", break_on_hyphens=False)
    return by_words if len(by_words) > most // 2 else text[: most - 1] + "…"
