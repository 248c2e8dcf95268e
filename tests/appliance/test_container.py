"""The container starts, is looked at, restarts and goes, and nothing of it is left."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.appliance import container as containers
from tests.appliance import cuts, image, looking, playbook
from tests.appliance.conftest import report
from tests.appliance.container import Container
from tests.appliance.network import KIOSK
from tests.appliance.running import run, until
from tests.appliance.tree import Tree

PLAY = Path(__file__).parent / "smoke" / "play.yml"
BROKEN = "[Service]\nExecStart=false\n[Install]\nWantedBy=multi-user.target\n"
ANSWER = "python3 -m http.server 80 >/dev/null 2>&1 &"


@pytest.fixture(scope="module")
def kiosk(tree: Tree) -> Iterator[Container]:
    with containers.container(tree) as found:
        report(f"container: ready {found.start():.1f} s after its start")
        yield found


def test_it_is_whole_and_only_ssh_listens(kiosk: Container) -> None:
    assert looking.failed_units(kiosk) == []
    assert {(each.port, each.program) for each in looking.listening(kiosk) if each.kind == "tcp"} == {(22, "sshd")}
    memory = looking.memory(kiosk)
    assert "ssh.service" in memory
    assert all(100_000 < size < 100_000_000 for size in memory.values()), memory


def test_a_command_that_fails_is_not_overlooked(kiosk: Container) -> None:
    with pytest.raises(AssertionError, match="no such thing"):
        kiosk.run("sh", "-c", "echo no such thing >&2; exit 1")
    with pytest.raises(AssertionError, match="has not ended"):
        kiosk.run("sleep", "30", seconds=0.5)
    assert kiosk.run("cat", given="what is given") == "what is given"


def test_nothing_in_it_sets_this_machines_clock(kiosk: Container) -> None:
    with pytest.raises(AssertionError, match="not permitted"):
        kiosk.run("python3", "-c", "import time; time.clock_settime(time.CLOCK_REALTIME, time.time())")


@pytest.mark.long
def test_a_play_changes_it_once_and_is_stopped_by_a_wrong_value(kiosk: Container) -> None:
    values = {"number": "one", "package": "hello"}
    wrong = playbook.play(kiosk.ssh, PLAY, values | {"number": "three"})
    assert (wrong.well, wrong.changed, wrong.failed) == (False, 0, 1)
    assert "number must be one or two, not three" in wrong.printed
    tried = playbook.play(kiosk.ssh, PLAY, values, "--check")
    assert tried.failed <= 1, tried.printed  # a unit that was not written can not be started
    assert "hello" not in kiosk.run("ls", "/usr/bin")
    first = playbook.play(kiosk.ssh, PLAY, values)
    assert first.well, first.printed
    assert first.changed == 3, first.printed
    second = playbook.play(kiosk.ssh, PLAY, values)
    assert (second.well, second.changed) == (True, 0), second.printed
    report(f"play into the container: {first.seconds:.1f} s, again {second.seconds:.1f} s")


def test_it_restarts_by_itself_and_keeps_what_it_was_told(kiosk: Container) -> None:
    kiosk.run("tee", "/etc/systemd/system/broken.service", given=BROKEN)
    kiosk.run("systemctl", "enable", "broken.service")
    before = kiosk.run("cat", "/proc/sys/kernel/random/boot_id", "/proc/1/stat").split()[22]
    report(f"container: restarted in {kiosk.restart():.1f} s")
    assert kiosk.run("cat", "/proc/sys/kernel/random/boot_id", "/proc/1/stat").split()[22] != before
    assert looking.failed_units(kiosk) == ["broken.service"]
    assert "status=1/FAILURE" in looking.why(kiosk, "broken.service")
    kiosk.run("systemctl", "disable", "broken.service")


def test_a_phone_reaches_it_by_the_hotspot_and_the_uplink_comes_and_goes(kiosk: Container) -> None:
    kiosk.run("sh", "-c", ANSWER)
    kiosk.run("ip", "address", "add", "192.168.4.1/24", "dev", "wlan0")
    kiosk.run("ip", "link", "set", "wlan0", "up")
    run("ip", "-n", kiosk.network.phone, "address", "add", "192.168.4.9/24", "dev", "hotspot")
    there = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "5", "--noproxy", "*"]
    until(lambda: kiosk.phone(*there, "http://192.168.4.1/", check=False) == "200", "an answer to the phone", 20)
    assert kiosk.phone(*there, f"http://{KIOSK}/", check=False) == "000", "the phone has no way to the uplink"

    def carrier() -> str:
        return kiosk.run("ip", "-br", "link", "show", "eth0").split()[1]

    until(lambda: carrier() == "UP", "a cable")
    kiosk.network.uplink(up=False)
    until(lambda: carrier() != "UP", "a cable that is out")
    assert subprocess.run(kiosk.ssh.command("true"), capture_output=True, check=False).returncode == 255
    kiosk.network.uplink(up=True)
    until(
        lambda: subprocess.run(kiosk.ssh.command("true"), capture_output=True, check=False).returncode == 0, "ssh again"
    )


def test_nothing_is_left_of_two_at_once(tree: Tree) -> None:
    with containers.container(tree) as one, containers.container(tree) as two:
        one.start()
        two.start()
        one.power_off()
        assert two.run("hostname") == "card\n", "the one does not end the other"
        names = (one.network.kiosk, two.network.kiosk)
        process = two.process_id()
    assert process
    assert not Path(f"/proc/{process}").exists()
    assert not [name for name in names if name in run("ip", "netns")]
    for place in ("/run/systemd/nspawn", "/sys/fs/cgroup"):
        assert not [path for name in names for path in Path(place).rglob(name)]
    assert str(one.root) not in Path("/proc/mounts").read_text()


@pytest.mark.long
def test_what_was_made_in_a_container_can_go_to_a_machine(tree: Tree, tmp_path: Path) -> None:
    with containers.container(tree) as kiosk:
        kiosk.start()
        kiosk.run("tee", "/etc/made", given="in a container\n")
        kiosk.run("chown", "daemon", "/etc/made")
        kiosk.power_off()
        image.write(kiosk.root, tmp_path / "disk")
    cuts.repaired(tmp_path / "disk")
    with cuts.mounted(tmp_path / "disk", tmp_path / "mounted") as at:
        assert (at / "etc/made").read_text() == "in a container\n"
        assert (at / "etc/made").stat().st_uid == 1
        assert (at / "etc/systemd/system" / image.DOOR).exists()
