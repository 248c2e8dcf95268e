"""A part of a file, as players of films and sounds ask for it, is sent as a whole file is: without a thread that waits.

True always: a phone that asks for a part and then reads it slowly, or not at all, as one does whose film was paused,
keeps nobody else waiting. A server that reads files by itself is told where to begin; it ends at Content-Length.
"""

from __future__ import annotations

from flask import Flask, Response, request


def install(app: Flask) -> None:
    """Hand each part of a file to the server, if it has a way to send files."""
    app.after_request(_hand_over)


def _hand_over(response: Response) -> Response:
    server = request.environ.get("wsgi.file_wrapper")
    # Werkzeug's range, which would read the file piece by piece in the thread of the request.
    whole = getattr(response.response, "iterable", None)
    start = response.content_range.start if response.status_code == 206 else None
    if start is not None and isinstance(server, type) and isinstance(whole, server):
        whole.seek(start)  # type: ignore[attr-defined]
        response.response = whole  # type: ignore[assignment]
    return response
