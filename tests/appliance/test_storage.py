"""The role `storage` on real disks: a kiosk with state gets a data partition and a read-only system, and keeps all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.appliance import image, kiosks, looking, operator, playbook
from tests.appliance import machine as machines
from tests.appliance.conftest import report
from tests.appliance.kiosks import Provisioned
from tests.appliance.machine import Machine
from tests.appliance.running import run, until
from tests.appliance.tree import Tree

KIOSK = "/usr/local/bin/kiosk"
STORAGE = {"kiosk_data_partition": "LABEL=KIOSKDATA", "kiosk_read_only_system": True, "kiosk_fetches_packages": False}


@pytest.fixture(scope="module")
def values(provisioned: Provisioned) -> dict[str, object]:
    return kiosks.variables(provisioned.federation) | {"kiosk_bundle": str(kiosks.bundle())} | STORAGE


@pytest.fixture(scope="module")
def kiosk(tree: Tree, provisioned: Provisioned, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    folder = tmp_path_factory.mktemp("disks")
    with kiosks.container(provisioned) as found:
        shutil.copy((found.root / "initrd.img").resolve(), folder / "initrd")
        image.write(found.root, folder / "system")
    image.empty(folder / "data", 1 << 30)
    run("mkfs.ext4", "-q", "-F", "-L", "KIOSKDATA", folder / "data")
    others = ["-drive", f"file={folder}/data,if=virtio,format=raw,cache=writeback"]
    with machines.machine(tree, folder / "system", others) as machine:
        machine.initrd = folder / "initrd"
        yield machine


def play(kiosk: Machine, values: dict[str, object]) -> playbook.Recap:
    # The roles beside it take a quarter of an hour here, and are tried in the container.
    done = playbook.play(kiosk.ssh, kiosks.SITE, values, "--tags", "storage", seconds=3600)
    assert done.well, done.printed[-6000:]
    return done


def generation(kiosk: Machine) -> str:
    return kiosk.run("readlink", "/var/lib/kiosk/current").strip()


def serves(kiosk: Machine) -> None:
    operator.inside(kiosk).reads_on()
    assert looking.failed_units(kiosk) == []


def source(kiosk: Machine, place: str) -> str:
    return kiosk.run("findmnt", "--noheadings", "--output", "SOURCE", place, check=False).strip()


@pytest.mark.long
def test_its_state_moves_to_the_partition_and_the_system_becomes_read_only(
    kiosk: Machine, values: dict[str, object]
) -> None:
    report(f"storage: machine ready in {kiosk.start():.0f} s")
    before = generation(kiosk)
    assert before == "generations/1"
    kiosk.run(KIOSK, "operator", "add", "amina", "--manager")
    done = play(kiosk, values)
    report(f"storage: playbook {done.seconds:.0f} s, {done.changed} changed")
    for place in ("/var/lib/kiosk", "/opt/kiosk", "/var/lib/kiosk-helper", "/var/lib/systemd/timesync"):
        assert source(kiosk, place).startswith("/dev/vdb"), place
    assert generation(kiosk) == before
    serves(kiosk)
    report(f"storage: restarted, read-only, in {kiosk.restart():.0f} s")
    assert source(kiosk, "/") == "overlayroot"
    assert generation(kiosk) == before
    assert "amina" in kiosk.run(KIOSK, "operator", "list")
    serves(kiosk)


@pytest.mark.long
def test_what_survives_a_restart_and_what_does_not(kiosk: Machine) -> None:
    kiosk.run("tee", "/etc/of-the-layer", given="gone")
    kiosk.run(KIOSK, "operator", "add", "okello")
    password = "/var/lib/kiosk-helper/hostapd.conf"
    kiosk.run("sed", "-i", 's/^ssid2=.*/ssid2="Soko"/', password)
    kept = kiosk.run("cat", password)
    kiosk.run("systemctl", "stop", "systemd-timesyncd.service")
    kiosk.run("sync")
    kiosk.cut_power()
    kiosk.start()
    assert kiosk.run("ls", "/etc/of-the-layer", check=False) == ""
    assert "okello" in kiosk.run(KIOSK, "operator", "list")
    assert kiosk.run("cat", password) == kept
    assert kiosk.run("date", "+%Z").strip() == "EAT"
    serves(kiosk)


@pytest.mark.long
def test_the_partition_is_checked_and_swap_and_journal_are_in_memory(kiosk: Machine) -> None:
    mounted = kiosk.run("findmnt", "--noheadings", "--output", "OPTIONS", "/srv/kiosk")
    assert "noatime" in mounted
    assert "errors=remount-ro" in mounted
    checked = kiosk.run("systemctl", "list-units", "--plain", "--no-legend", "systemd-fsck@*")
    assert "KIOSKDATA" in checked, checked
    swaps = kiosk.run("swapon", "--noheadings", "--show=NAME").split()
    assert swaps == ["/dev/zram0"]
    assert "zram0" in kiosk.run("zramctl", "--noheadings")
    written = kiosk.run("find", "/var/log/journal", "-type", "f", "-newer", "/proc/1", check=False)
    assert written == "", "what is there is from before the kiosk"
    assert int(kiosk.run("du", "-sk", "/run/log/journal").split()[0]) <= 16 * 1024


@pytest.mark.long
def test_another_run_opens_the_system_changes_it_and_closes_it(kiosk: Machine, values: dict[str, object]) -> None:
    boot = kiosk.run("cat", "/proc/sys/kernel/random/boot_id")
    done = play(kiosk, values | {"kiosk_journal_mb": 8})
    report(f"storage: playbook on a read-only system {done.seconds:.0f} s, {done.changed} changed")
    until(lambda: source(kiosk, "/") == "overlayroot", "a system that is read-only again", 600, pause=2)
    kiosk.wait_until_ready()
    assert kiosk.run("cat", "/proc/sys/kernel/random/boot_id") != boot
    assert "RuntimeMaxUse=8M" in kiosk.run("cat", "/etc/systemd/journald.conf.d/kiosk.conf")
    serves(kiosk)
