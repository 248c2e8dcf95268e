"""Who sends files to the console as its script does, for tests: piece by piece, and on after a cut."""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import dataclass
from typing import BinaryIO

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kiosk.store.uploads import PIECE_BYTES
from tests.console.entering import HOST


def digest_of(file: BinaryIO) -> str:
    """Return what tells a file: the SHA-256 of the digests of its pieces."""
    digest = hashlib.sha256()
    while piece := file.read(PIECE_BYTES):
        digest.update(hashlib.sha256(piece).digest())
    return digest.hexdigest()


@dataclass
class Sender:
    """Sends bytes under a name, by Flask's client."""

    client: FlaskClient
    data: bytes
    name: str = "minutes.txt"

    def token(self) -> str:
        page = self.client.get("/documents", **HOST).text
        found = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert found
        return found[1]

    def begin(self, **fields: str) -> TestResponse:
        said = {
            "name": self.name, "size": str(len(self.data)), "digest": digest_of(io.BytesIO(self.data)),
            "category": "reports", "language": "en", "who": "all", **fields,
        }  # fmt: skip
        return self.client.post("/uploads", **HOST, data=said, headers={"X-CSRFToken": self.token()})

    def piece(self, upload: int, at: int, piece: bytes) -> TestResponse:
        headers = {"X-CSRFToken": self.token()}
        return self.client.patch(f"/uploads/{upload}?at={at}", **HOST, data=piece, headers=headers)

    def finish(self, upload: int) -> TestResponse:
        return self.client.post(f"/uploads/{upload}/finish", **HOST, headers={"X-CSRFToken": self.token()})

    def send(self, **fields: str) -> TestResponse:
        """Send it as a whole and return the last answer."""
        answer = self.begin(**fields)
        if answer.status_code != 200:
            return answer
        upload, here = answer.json["upload"], answer.json["here"]  # type: ignore[index]
        while here < len(self.data):
            answer = self.piece(upload, here, self.data[here : here + PIECE_BYTES])
            if answer.status_code != 200:
                return answer
            here = answer.json["here"]  # type: ignore[index]
        return self.finish(upload)
