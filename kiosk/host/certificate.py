"""The console's certificate, as browsers show it. Pure."""

from __future__ import annotations

import hashlib
import ssl


def fingerprint(pem: str) -> str:
    """Return the SHA-256 fingerprint of a certificate as browsers write it: 32 pairs of hex digits between colons.

    Raises:
        ValueError: this is no certificate.
    """
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).digest().hex(":").upper()
