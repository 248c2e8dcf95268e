"""A member's card as a picture to print.

Pure. True always: a card shows everything that is needed to sign in but the PIN, and hardly a word, so that it serves
every language.
"""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape

import segno

WIDTH_MM, HEIGHT_MM = 85.6, 54.0
"""As bank cards are."""
QR_MM, EDGE_MM, QUIET_MM = 32.0, 5.0, 4.5
"""The QR code, what is left free at the card's edge, and beside the code: four of its points."""
TEXT_MM = WIDTH_MM - QR_MM - 2 * EDGE_MM - QUIET_MM + 2
"""What is left for words."""
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
    modules = [(x, y) for y, row in enumerate(qr(face).matrix) for x, dark in enumerate(row) if dark]
    scale = QR_MM / len(qr(face).matrix)
    path = "".join(f"M{x} {y}h1v1h-1z" for x, y in modules)
    lines = (
        _line(face.kiosk, 9, 4.2),
        _line(face.name, 22, 5.6, weight=700),
        _line(f"№ {face.member}", 29, 4.6),
        _line(grouped(face.code), 40, 5.2, weight=700),
        _line(face.typed_at, 46, 3.4),
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH_MM}mm" height="{HEIGHT_MM}mm"'
        f' viewBox="0 0 {WIDTH_MM} {HEIGHT_MM}" font-family="Noto Sans,DejaVu Sans,sans-serif" text-anchor="middle">'
        f'<rect width="{WIDTH_MM}" height="{HEIGHT_MM}" rx="3" fill="#fff"/>'
        f'<rect x=".2" y=".2" width="{WIDTH_MM - 0.4}" height="{HEIGHT_MM - 0.4}" rx="3" fill="none" stroke="#000"'
        f' stroke-width=".2"/>{"".join(lines)}'
        f'<path transform="translate({WIDTH_MM - QR_MM - EDGE_MM:g} {(HEIGHT_MM - QR_MM) / 2:g}) scale({scale:.5f})"'
        f' shape-rendering="crispEdges" d="{path}"/></svg>\n'
    )


def _line(text: str, y: float, height: float, weight: int = 400) -> str:
    # A long name is written smaller rather than cut.
    height = min(height, TEXT_MM / max(1, len(text)) / WIDE[weight])
    return (
        f'<text x="{EDGE_MM - 2 + TEXT_MM / 2:g}" y="{y:g}" font-size="{height:.2f}" font-weight="{weight}">'
        f"{escape(text)}</text>"
    )
