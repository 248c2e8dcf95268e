"""The questions by which phones find out whether a network leads anywhere, and the answers their makers expect.

Pure. Owns: the table of probes, known by their path, because every maker asks a host of its own; and which requests
come from a window that a person looks at. True always: an answer is what that maker's own server gives, to the byte.
Who asks what, in which order: tests/portal/captive/.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

APPLE_AGENT = "CaptiveNetworkSupport"
"""How the user agent of Apple's probe begins. It also asks for paths made up on the spot."""
OLD_IOS = re.compile(r"(?:iPhone|iPad|iPod).* OS (?:[1-8]|10)_")
OLD_MACOS = re.compile(r"Mac OS X 10[._](?:\d|1[01])(?!\d)")


@dataclass(frozen=True)
class Probe:
    """What is answered once the visitor is in.

    Args:
        status: of HTTP.
        body: to the byte.
        type: of the body; "" for none.
        headers: those the asker looks for.
        shown: whether the phone's window opens the same address as a page, which then must not be answered so.
    """

    status: int
    body: bytes
    type: str
    headers: tuple[tuple[str, str], ...] = ()
    shown: bool = False


NO_CONTENT = Probe(204, b"", "", shown=True)
SUCCESS = Probe(
    200, b"<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>", "text/html", shown=True
)  # fmt: skip
ONLINE = Probe(200, b"NetworkManager is online\n", "text/plain", (("X-NetworkManager-Status", "online"),))
CANONICAL = Probe(
    200,
    b'<meta http-equiv="refresh" content="0;url=https://support.mozilla.org/kb/captive-portal"/>',
    "text/html",
    shown=True,
)
KINDLE = Probe(
    200,
    b"""<!DOCTYPE html PUBLIC "-//W3C//DTD HTML 4.01//EN" "http://www.w3.org/TR/html4/strict.dtd">
<html>
<head>
<title>Kindle Reachability Probe Page</title>
<META http-equiv="Content-Type" content="text/html; charset=iso-8859-1">
<!--81ce4465-7167-4dcb-835b-dcc9e44c112a created with python 2.5 uuid.uuid4()-->
</head>
<body bgcolor="#ffffff" text="#000000">
81ce4465-7167-4dcb-835b-dcc9e44c112a
</body>
</html>
""",
    "text/html",
)
PROBES = {
    # Android of every maker, ChromeOS
    "/generate_204": NO_CONTENT,
    "/gen_204": NO_CONTENT,
    # Apple, beside its user agent
    "/hotspot-detect.html": SUCCESS,
    "/library/test/success.html": SUCCESS,
    "/success.html": SUCCESS,
    # Windows: 10 and 11, and those before
    "/connecttest.txt": Probe(200, b"Microsoft Connect Test", "text/plain"),
    "/ncsi.txt": Probe(200, b"Microsoft NCSI", "text/plain"),
    # Firefox and what is made from it, such as KaiOS
    "/canonical.html": CANONICAL,
    "/success.txt": Probe(200, b"success\n", "text/plain"),
    # NetworkManager: GNOME, Debian, Arch, Fedora
    "/check_network_status.txt": ONLINE,
    "/nm": ONLINE,
    "/nm-check.txt": ONLINE,
    "/static/hotspot.txt": Probe(200, b"OK\n", "text/plain"),
    # Kindle
    "/kindle-wifi/wifistub.html": KINDLE,
}


def probe(path: str, agent: str, accept: str) -> Probe | None:
    """Return the probe that a request is, or None when it is for a page.

    Args:
        path: of its URL.
        agent: its User-Agent, "" for none.
        accept: its Accept, "" for none. Only a window asks for HTML by name.
    """
    if agent.startswith(APPLE_AGENT):
        return SUCCESS
    found = PROBES.get(path)
    if found and found.shown and ("text/html" in accept or "; wv)" in agent):
        return None
    return found


def is_probe_path(path: str) -> bool:
    """Tell whether phones ask for this path to find out whether they are online."""
    return path in PROBES


def lets_links_out(agent: str) -> bool:
    """Tell whether a link on the welcome page leads to the real browser.

    The windows of Android, of iOS before 9 and of iOS 10, and of macOS before 10.12 keep it to themselves, where half
    of the portal does not work: they are given the address as text. Real browsers name themselves.
    """
    if "; wv)" in agent:
        return False
    if "Safari/" in agent:
        return True
    return not (OLD_IOS.search(agent) or OLD_MACOS.search(agent))
