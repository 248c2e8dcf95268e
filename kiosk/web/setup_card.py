"""The card of a new kiosk, for its operator to print: how phones join, where the portal and the console are, and the
first password.

Pure. True always: one A5 page, black on white; what does not fit a line is made smaller and never cut, for a password
that was cut opens nothing.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import segno
from reportlab.lib.pagesizes import A5
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.pdfgen.canvas import Canvas
from segno import helpers

FONT = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
"""Has the letters of far more languages than the fonts that every PDF reader brings."""
EDGE, QR, LINE = 14 * mm, 42 * mm, 6 * mm
LARGE, SMALL, TINY = 16, 11, 5


@dataclass(frozen=True)
class Face:
    """What the card tells. `wifi` is "" where there is no hotspot, `wifi_password` where it is open to all;
    `fingerprint` is that of the console's certificate, "" where it has none.
    """

    kiosk: str
    wifi: str
    wifi_password: str
    portal: str
    console: str
    fingerprint: str
    operator: str
    password: str

    @property
    def join(self) -> str:
        """What the code on the card says to a phone's camera, "" where there is no hotspot."""
        if not self.wifi:
            return ""
        kind = "WPA" if self.wifi_password else "nopass"
        return helpers.make_wifi_data(ssid=self.wifi, password=self.wifi_password or None, security=kind)


def text(face: Face) -> str:
    """Return the card as plain lines."""
    return "\n".join(f"{word}: {value}" if word else value for word, value in _lines(face)) + "\n"


def pdf(face: Face) -> bytes:
    """Return the card as a PDF of one page."""
    out = io.BytesIO()
    page = Canvas(out, pagesize=A5, invariant=1)
    page.setTitle(face.kiosk)
    font, (width, height) = _font(), A5
    y = height - EDGE
    for word, value in _lines(face):
        line = f"{word}: {value}" if word else value
        size = LARGE if line == face.kiosk else SMALL
        y -= LINE + size / 2
        page.setFont(font, _fitting(line, font, size, width - 2 * EDGE))
        page.drawString(EDGE, y, line)
    codes = [(word, data) for word, data in (("Wi-Fi", face.join), ("Portal", face.portal)) if data]
    page.setFont(font, SMALL)
    for place, (word, data) in enumerate(codes):
        x = EDGE + place * (QR + 20 * mm)
        _draw_code(page, data, x, y - QR - LINE)
        page.drawCentredString(x + QR / 2, y - QR - 2 * LINE, word)
    page.showPage()
    page.save()
    return out.getvalue()


def _lines(face: Face) -> list[tuple[str, str]]:
    lines = [("", face.kiosk)]
    if face.wifi:
        lines += [("Wi-Fi", face.wifi), ("Wi-Fi password", face.wifi_password or "none: open to all")]
    lines += [("Portal", face.portal), ("Console", face.console)]
    if face.fingerprint:
        half = len(face.fingerprint) // 2
        lines += [("Its certificate", face.fingerprint[:half]), ("", face.fingerprint[half + 1 :])]
    return [*lines, ("Name", face.operator), ("First password", face.password)]


def _fitting(line: str, font: str, size: int, room: float) -> float:
    wide = pdfmetrics.stringWidth(line, font, size)
    return max(TINY, min(size, size * room / wide)) if wide else size


def _font() -> str:
    try:
        pdfmetrics.registerFont(TTFont("card", str(FONT)))
    except (TTFError, OSError):
        return "Helvetica"
    return "card"


def _draw_code(page: Canvas, data: str, x: float, y: float) -> None:
    matrix = segno.make(data, error="m", micro=False).matrix
    point = QR / len(matrix)
    for row, dots in enumerate(matrix):
        for column, dark in enumerate(dots):
            if dark:
                page.rect(x + column * point, y + QR - (row + 1) * point, point, point, stroke=0, fill=1)
