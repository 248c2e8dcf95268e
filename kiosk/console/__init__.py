"""The operator's site: behind a login, on a host of its own. It shows; whatever needs root is for the host's helper."""

from kiosk.console.site import create_console

__all__ = ["create_console"]
