"""The icons of both sites: drawn in one colour, that of the words beside them, and part of the page.

Owns: the shapes in `icons/*.svg`, each a file any drawing program opens. A site may have some of its own, which win.
"""

from __future__ import annotations

import re
from pathlib import Path

from flask import Flask
from markupsafe import Markup

SHARED = Path(__file__).parent / "icons"
DRAWING = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)
TURNED = frozenset(("back", "next"))
"""Shapes that point along the line, and so the other way where writing runs from right to left."""


def install(app: Flask) -> None:
    """Give templates `icon_shape("back")`."""
    shapes = {**_read(SHARED), **_read(Path(app.root_path) / "icons")}
    app.jinja_env.globals["icon_shape"] = shapes.__getitem__


def _read(folder: Path) -> dict[str, Markup]:
    return {path.stem: _shape(path) for path in sorted(folder.glob("*.svg"))}


def _shape(path: Path) -> Markup:
    match = DRAWING.search(path.read_text(encoding="utf-8"))
    if match is None:
        raise ValueError(f"{path} is not a drawing")
    kind = "icon turned" if path.stem in TURNED else "icon"
    return Markup(  # noqa: S704 - our own drawings
        f'<svg class="{kind}" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">{match[1].strip()}</svg>'
    )
