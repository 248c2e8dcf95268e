"""Pictures of lessons, notices and books: what is checked before they go into a pack.

True always: an SVG that passes holds no script, no event handler, no foreign markup and no reference outside itself.
"""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

from kiosk.fields import Problem

ENDINGS = (".svg", ".png", ".jpg", ".jpeg")
MOST_BYTES = 2_000_000
SHAPES = ("path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan")
PAINT = ("clipPath", "mask", "pattern", "linearGradient", "radialGradient", "stop", "marker")
SVG_TAGS = frozenset(("svg", "g", "defs", "symbol", "use", "title", "desc", *SHAPES, *PAINT))
SVG = "{http://www.w3.org/2000/svg}"
XML_DECLARATION = re.compile(
    r"""\s*<\?xml\s+version=["']1\.\d["'](\s+encoding=["']utf-8["'])?(\s+standalone=["'](yes|no)["'])?\s*\?>""",
    re.IGNORECASE,
)
LOADERS = ("javascript:", "@import", "image(", "image-set(", "src(", "\\")
"""What loads or runs something in an attribute; with a backslash, a style can spell them all in another way."""
NO_LINK = "put the file itself there"
SIGNATURES = {".png": b"\x89PNG\r\n\x1a\n", ".jpg": b"\xff\xd8\xff", ".jpeg": b"\xff\xd8\xff"}


def cover_faults(path: Path) -> list[Problem]:
    """Return what is wrong with the cover of a book, which readers of ZIM take as PNG only."""
    if path.suffix.lower() != ".png":
        return [Problem(str(path), "the cover is not a PNG picture", "make one of 48 x 48 points")]
    return faults(path)


def faults(path: Path) -> list[Problem]:
    """Return what is wrong with a picture."""
    if path.stat().st_size > MOST_BYTES:
        return [Problem(str(path), f"the picture has {path.stat().st_size} bytes", f"at most {MOST_BYTES}")]
    data = path.read_bytes()
    ending = path.suffix.lower()
    if ending in SIGNATURES:
        fits = data.startswith(SIGNATURES[ending])
        return [] if fits else [Problem(str(path), f"this is not a {ending[1:].upper()} picture")]
    return [Problem(str(path), fault) for fault in _svg_faults(data)]


def _svg_faults(data: bytes) -> list[str]:
    try:
        text = data.decode("utf-8-sig")  # in another encoding, what is refused here could hide
    except UnicodeDecodeError:
        return ["this SVG is not in UTF-8"]
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        return ["an SVG with a document type or entities is not taken"]
    if declaration := XML_DECLARATION.match(text):
        text = text[declaration.end() :]
    if "<?" in text:
        return ["an SVG with instructions (<?…?>), such as a style sheet or another encoding, is not taken"]
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - entities were refused above
    except ElementTree.ParseError as error:
        return [f"this is not SVG: {error}"]
    found = [] if root.tag == f"{SVG}svg" else ["this is not SVG: its outermost element is not <svg>"]
    for element in root.iter():
        tag = str(element.tag).removeprefix(SVG)
        if tag not in SVG_TAGS or not str(element.tag).startswith(SVG):
            found.append(f"the element <{tag}> is not taken in an SVG")
        for key, value in element.attrib.items():
            name = key.rpartition("}")[2].lower()
            if name.startswith("on") or (name == "href" and not value.startswith("#")) or _reaches_out(value):
                found.append(f'the attribute {name}="{value[:40]}" of <{tag}> is not taken in an SVG')
    return found


def _reaches_out(value: str) -> bool:
    # url(#local) paints with a part of the picture itself; every other url() loads something.
    text = "".join(value.split()).lower()
    return "url(" in text.replace("url(#", "") or any(sign in text for sign in LOADERS)
