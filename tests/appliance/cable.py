"""The hotspot of a kiosk in a container: a phone at the end of a cable instead of a radio's (`phones over the air` are
a machine's). Of the kiosk only hostapd is missing, and with it what starts dnsmasq: it runs here as its unit has it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.appliance.container import Container
from tests.appliance.kiosks import OWN
from tests.appliance.running import run, until

AS_ITS_UNIT = (
    "User=dnsmasq", "Group=kiosk", "SupplementaryGroups=www-data", "RuntimeDirectory=dnsmasq", "ProtectSystem=strict",
    "AmbientCapabilities=CAP_NET_BIND_SERVICE CAP_NET_ADMIN CAP_NET_RAW",
)  # fmt: skip
TAKE = """\
#!/bin/sh
case "$1" in bound | renew)
	ip address replace "$ip/$mask" dev "$interface"
	ip route replace default via "$router"
	for each in $dns; do echo "nameserver $each"; done >"$RIG_RESOLV"
esac
"""


@contextmanager
def joined(kiosk: Container, folder: Path) -> Iterator[str]:
    """Have the phone join the hotspot of a kiosk that runs; gives its address. It leaves when the block ends."""
    kiosk.run("ip", "address", "replace", f"{OWN}/24", "dev", "wlan0")
    kiosk.run("ip", "link", "set", "wlan0", "up")
    properties = [f"--property={each}" for each in AS_ITS_UNIT]
    server = ["/usr/sbin/dnsmasq", "--keep-in-foreground", "--conf-file=/etc/dnsmasq.d/kiosk.conf"]
    kiosk.run("systemd-run", "--unit=rig-dnsmasq", "--collect", *properties, *server)
    settings = Path("/etc/netns") / kiosk.network.phone
    settings.mkdir(parents=True, exist_ok=True)
    try:
        (settings / "resolv.conf").write_text("")
        taken = folder / "take"
        taken.write_text(TAKE)
        taken.chmod(0o755)
        ask: list[str | Path] = ["udhcpc", "-i", "hotspot", "-n", "-q", "-t", "5", "-T", "1", "-s", taken]
        kiosk.phone("env", f"RIG_RESOLV={settings / 'resolv.conf'}", *ask)
        yield _address(kiosk)
    finally:
        shutil.rmtree(settings)
        kiosk.run("systemctl", "stop", "rig-dnsmasq.service", check=False)


def _address(kiosk: Container) -> str:
    def told() -> str:
        return run("ip", "-n", kiosk.network.phone, "-4", "-o", "address", "show", "dev", "hotspot")

    until(lambda: "inet " in told(), "a phone with an address")
    return told().split("inet ")[1].split("/")[0]
