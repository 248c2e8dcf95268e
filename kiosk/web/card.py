"""A member's card as a picture to print, and ten of them on a sheet of A4.

Pure. True always: a card shows everything that is needed to sign in but the PIN, and hardly a word, so that it serves
every language.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

import segno

WIDTH_MM, HEIGHT_MM = 85.6, 54.0
"""As bank cards are."""
A4_MM, GAP_MM, A_SHEET = (210.0, 297.0), 2.0, 10
"""The sheet, what is left between two cards for the knife, and how many there are."""
QR_MM, EDGE_MM, QUIET_MM = 32.0, 5.0, 4.5
"""The QR code, what is left free at the card's edge, and beside the code: four of its points."""
TEXT_MM = WIDTH_MM - QR_MM - 2 * EDGE_MM - QUIET_MM + 2
"""What is left for words."""
ON_A_LINE = 12
"""Letters of a name that stand on one line."""
WIDE = {400: 0.6, 700: 0.7}
"""How wide a letter is at most, of its height, by its weight."""


@dataclass(frozen=True)
class Face:
    """What a card shows: the kiosk's name and portal (its URL), the member's name and number, token and typed code."""

    kiosk: str
    portal: str
    name: str
    member: int
    token: str
    code: str

    @property
    def url(self) -> str:
        """The address in the QR code."""
        return f"{self.portal}/c/{self.token}"

    @property
    def typed_at(self) -> str:
        """Where the code is typed, as people type it."""
        return f"{self.portal.removeprefix('http://')}/members"


def grouped(code: str) -> str:
    """Return a code as people read it: 4963 0718 2254."""
    return " ".join(code[at : at + 4] for at in range(0, len(code), 4))


def qr(face: Face) -> segno.QRCode:
    """Return the QR code of a card."""
    return segno.make(face.url, error="m", micro=False)


def svg(face: Face) -> str:
    """Return a card as an SVG of 85.6 x 54 mm, black on white."""
    return _svg(WIDTH_MM, HEIGHT_MM, _drawn(face))


def sheet(faces: Sequence[Face]) -> str:
    """Return up to `A_SHEET` cards as the SVG of a page of A4, each at its size."""
    left, top = (A4_MM[0] - 2 * WIDTH_MM - GAP_MM) / 2, (A4_MM[1] - 5 * HEIGHT_MM - 4 * GAP_MM) / 2
    placed = (
        f'<g transform="translate({left + at % 2 * (WIDTH_MM + GAP_MM):g} {top + at // 2 * (HEIGHT_MM + GAP_MM):g})">'
        f"{_drawn(face)}</g>"
        for at, face in enumerate(faces[:A_SHEET])
    )
    return _svg(*A4_MM, "".join(placed))


def _svg(width: float, height: float, drawn: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}mm" height="{height:g}mm"'
        f' viewBox="0 0 {width:g} {height:g}" font-family="Noto Sans,DejaVu Sans,sans-serif" text-anchor="middle">'
        f"{drawn}</svg>\n"
    )


def _drawn(face: Face) -> str:
    modules = [(x, y) for y, row in enumerate(qr(face).matrix) for x, dark in enumerate(row) if dark]
    scale = QR_MM / len(qr(face).matrix)
    path = "".join(f"M{x} {y}h1v1h-1z" for x, y in modules)
    lines = (
        _line(face.kiosk, 9, 4.2),
        *_name(face.name),
        _line(f"№ {face.member}", 30, 4.6),
        _line(grouped(face.code), 40, 5.2, weight=700),
        _line(face.typed_at, 46, 3.4),
    )
    return (
        f'<rect width="{WIDTH_MM}" height="{HEIGHT_MM}" rx="3" fill="#fff"/>'
        f'<rect x=".2" y=".2" width="{WIDTH_MM - 0.4}" height="{HEIGHT_MM - 0.4}" rx="3" fill="none" stroke="#000"'
        f' stroke-width=".2"/>{"".join(lines)}'
        f'<path transform="translate({WIDTH_MM - QR_MM - EDGE_MM:g} {(HEIGHT_MM - QR_MM) / 2:g}) scale({scale:.5f})"'
        f' shape-rendering="crispEdges" d="{path}"/>'
    )


def _name(name: str) -> list[str]:
    # On two lines where that lets it be written larger.
    words = name.split(" ")
    ways = [(" ".join(words[:at]), " ".join(words[at:])) for at in range(1, len(words))]
    upper, lower = min(ways, key=lambda way: max(map(_letters, way)), default=(name, ""))
    if _letters(name) <= ON_A_LINE or not lower:
        return [_line(name, 22, 5.6, weight=700)]
    height = min(4.6, _fitting(upper, 700), _fitting(lower, 700))
    return [_line(upper, 18.5, height, weight=700), _line(lower, 24, height, weight=700)]


def _letters(text: str) -> int:
    """Return how many letters stand beside each other: those above and below others take no room."""
    return sum(unicodedata.category(letter) not in ("Mn", "Me", "Cf") for letter in text)


def _fitting(text: str, weight: int) -> float:
    """Return the height at which a text fits: a long one is written smaller rather than cut."""
    return TEXT_MM / max(1, _letters(text)) / WIDE[weight]


def _line(text: str, y: float, height: float, weight: int = 400) -> str:
    height = min(height, _fitting(text, weight))
    return (
        f'<text x="{EDGE_MM - 2 + TEXT_MM / 2:g}" y="{y:g}" font-size="{height:.2f}" font-weight="{weight}">'
        f"{escape(text)}</text>"
    )
