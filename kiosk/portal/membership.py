"""Who is signed in on the phone that asks.

True always: what is for members only is asked for here and nowhere else.
"""

from __future__ import annotations


def signed_in() -> int | None:
    """Return the number of the member who is signed in on this phone, or None."""
    return None
