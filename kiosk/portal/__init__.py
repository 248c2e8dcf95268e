"""The public site: what anyone who joins the hotspot sees. It has no rights on the machine and installs nothing."""

from kiosk.portal.site import create_portal

__all__ = ["create_portal"]
