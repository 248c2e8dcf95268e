"""What is left of a form that was too large to be taken: its words, which stand before its files.

True always: of the body no more is read than its beginning, and whatever it holds, the answer is texts.
"""

from __future__ import annotations

from flask import request
from werkzeug.sansio.multipart import Data, Field, MultipartDecoder, NeedData

BEGINNING_BYTES = 65_536
MOST_PARTS = 20


def words() -> dict[str, str]:
    """Return the fields that stand whole before the first file; none if it is no such form."""
    boundary = request.mimetype_params.get("boundary", "")
    found: dict[str, str] = {}
    if request.mimetype != "multipart/form-data" or not boundary:
        return found
    decoder = MultipartDecoder(boundary.encode(), BEGINNING_BYTES, max_parts=MOST_PARTS)
    name, value = "", b""
    try:
        decoder.receive_data(request.environ["wsgi.input"].read(BEGINNING_BYTES))
        while not isinstance(event := decoder.next_event(), NeedData):
            if isinstance(event, Field):
                name, value = event.name, b""
            elif isinstance(event, Data):
                value += event.data
                if not event.more_data:
                    found[name] = value.decode("utf-8", "replace")
            elif name:  # a file, or the end
                break
    except ValueError:
        return found
    return found
