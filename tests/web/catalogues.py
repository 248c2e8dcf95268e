"""Compiled catalogues for tests of pages: `make` compiles them for a kiosk, tests must not depend on it."""

from __future__ import annotations

import io

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from kiosk.web.i18n import CATALOGUES, DOMAIN


def compile_catalogues() -> None:
    """Compile each catalogue that is newer than its compiled form, or has none."""
    for source in sorted(CATALOGUES.glob(f"*/LC_MESSAGES/{DOMAIN}.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        compiled = io.BytesIO()
        with source.open("rb") as file:
            write_mo(compiled, read_po(file))
        target.write_bytes(compiled.getvalue())
