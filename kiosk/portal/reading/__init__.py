"""The library's own origin: books read under a thin bar that leads back to the portal.

It stands in front of kiwix-serve, which listens on this machine only. Books bring scripts of their own, so nothing here
knows a cookie of the portal or the console (docs/decisions/0013-reading-books.md).
"""

from kiosk.portal.reading.site import create_library

__all__ = ["create_library"]
