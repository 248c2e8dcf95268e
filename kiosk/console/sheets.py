"""A report as a CSV file.

True always: no cell is taken for a formula by the program that opens it, whatever a title or a searched word begins
with; the numbers stand as plain digits.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
"""What a cell may begin with that a spreadsheet calculates."""
MARK = "\ufeff"
"""By which spreadsheets know UTF-8."""


def write(head: Sequence[str], rows: Iterable[Sequence[str | int | None]]) -> str:
    """Return a CSV file; None is an empty cell."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([_cell(each) for each in head])
    writer.writerows([_cell(each) for each in row] for row in rows)
    return MARK + out.getvalue()


def _cell(value: str | int | None) -> str | int:
    if value is None:
        return ""
    if isinstance(value, str) and (value.startswith(FORMULA) or _seen(value).startswith(FORMULA)):
        return f"'{value}"
    return value


def _seen(value: str) -> str:
    # As programs may take it: some leave out what is not seen, and take the wide signs of Asia for the narrow ones.
    narrow = unicodedata.normalize("NFKC", value)
    return "".join(sign for sign in narrow if sign.isprintable()).lstrip()
