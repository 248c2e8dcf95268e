"""A bare machine without internet becomes a kiosk by what the laptop brings, and by nothing that was tampered with."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.appliance import container as containers
from tests.appliance import kiosks, looking, network, playbook
from tests.appliance.conftest import report
from tests.appliance.container import Container
from tests.appliance.federation import Federation
from tests.appliance.running import run
from tests.appliance.tree import Tree

pytestmark = pytest.mark.long
TAMPERED = "hostapd_"


@pytest.fixture
def kiosk(tree: Tree) -> Iterator[Container]:
    """A bare machine; its cable leads to the laptop and no further."""
    with containers.container(tree) as found:
        found.start()
        run("ip", "-n", found.network.laptop, "link", "set", "world", "down")
        yield found


def debs() -> Path:
    """Return Debian's packages for the machines of the rig, fetched anew."""
    run("make", "-C", kiosks.ROOT, "debs", f"ARCH={kiosks.ARCH}", seconds=900)
    return kiosks.ROOT / "build" / "bundle" / f"debian-{kiosks.ARCH}.tar"


def tampered(of: Path, to: Path) -> None:
    """Write packages of which one has a byte more than it should."""
    with tarfile.open(of) as good, tarfile.open(to, "w") as bad:
        for each in good:
            data = good.extractfile(each)
            if data and TAMPERED in each.name:
                path = to.with_name("altered")
                path.write_bytes(data.read()[:-1] + b"?")
                bad.add(path, each.name)
            else:
                bad.addfile(each, data)


def test_a_machine_without_internet_becomes_a_kiosk(kiosk: Container, tree: Tree, tmp_path: Path) -> None:
    good, wheels = debs(), kiosks.bundle()
    shutil.copy(wheels, tmp_path)
    tampered(good, tmp_path / good.name)
    federation = Federation(tmp_path / "federation")
    federation.found()
    values = kiosks.variables(federation) | {"kiosk_fetches_packages": False}

    wrong = playbook.play(kiosk.ssh, kiosks.SITE, values | {"kiosk_bundle": str(tmp_path / wheels.name)})
    assert not wrong.well
    assert "Hash" in wrong.printed, wrong.printed[-3000:]
    left = kiosk.run("sh", "-c", "ls -d /var/tmp/kiosk-* /usr/sbin/hostapd /usr/sbin/nginx", check=False)
    assert left == "", "nothing was installed, and nothing is left"

    right = values | {"kiosk_bundle": str(wheels)}
    first = playbook.play(kiosk.ssh, kiosks.SITE, right)
    assert first.well, first.printed[-6000:]
    report(f"without internet, from bare to whole: {first.seconds:.0f} s")
    assert looking.failed_units(kiosk) == []
    assert "portal and library answer" in kiosk.run("/opt/kiosk/bin/kiosk", "health")
    assert kiosk.run("sh", "-c", "ls -d /var/tmp/kiosk-*", check=False) == "", "nothing of what was brought is left"
    # What had the uplink keeps it until the next start, and systemd still hears it.
    asked = ("systemctl", "show", "-P", "ActiveState", "-P", "LoadState", "systemd-networkd.service")
    assert kiosk.run(*asked).split() == ["loaded", "active"]
    kiosk.restart()
    assert kiosk.run(*asked).split() == ["loaded", "inactive"]
    second = playbook.play(kiosk.ssh, kiosks.SITE, right)
    assert (second.well, second.changed) == (True, 0), second.printed[-3000:]
    assert network.KIOSK in kiosk.run("ip", "address"), "the way to the laptop was there all the time"
