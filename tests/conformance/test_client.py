"""The client that the conformance suite calls, as a program, over HTTP, against cases of our own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tuf.api.metadata import DelegatedRole, Delegations, Metadata, TargetFile, Targets

from tests.making import MovableClock
from tests.sync.counting import counting_server
from tests.sync.federation import Federation, key

CLIENT = Path(__file__).with_name("client.py")


class Trial:
    """A repository that is served, and a client that was given its root."""

    def __init__(self, folder: Path, federation: Federation, url: str, answers: list[tuple[str, int]]) -> None:
        self.folder, self.federation, self.url, self.answers = folder, federation, url, answers
        self.metadata, self.targets = folder / "metadata", folder / "targets"
        self.targets.mkdir()
        (folder / "root.json").write_bytes(federation.anchor())

    def call(self, *arguments: str | Path) -> int:
        command = [sys.executable, CLIENT, "--metadata-dir", self.metadata, *arguments]
        return subprocess.run(command, capture_output=True, check=False).returncode

    def init(self) -> int:
        return self.call("init", self.folder / "root.json")

    def refresh(self) -> int:
        self.answers.clear()
        return self.call("--metadata-url", f"{self.url}/metadata", "refresh")

    def download(self, name: str) -> int:
        self.answers.clear()
        return self.call(
            "--metadata-url", f"{self.url}/metadata", "--target-name", name, "--target-base-url", f"{self.url}/targets",
            "--target-dir", self.targets, "download",
        )  # fmt: skip

    def trusted(self) -> dict[str, int]:
        paths = sorted(self.metadata.glob("*.json"))
        return {path.stem: Metadata.from_file(str(path)).signed.version for path in paths}

    def asked(self) -> list[str]:
        return [path.removeprefix("metadata/") for path, _ in self.answers]


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Trial]:
    federation = Federation(MovableClock(datetime.now(UTC).replace(microsecond=0)))
    with counting_server(federation.files) as (url, answers):
        made = Trial(tmp_path, federation, url, answers)
        assert made.init() == 0
        assert made.answers == []
        assert made.trusted() == {"root": 1}
        yield made


def test_a_refresh_takes_the_top_roles_byte_for_byte(trial: Trial) -> None:
    assert trial.refresh() == 0
    assert trial.asked() == ["2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json"]
    assert trial.trusted() == {"root": 1, "snapshot": 1, "targets": 1, "timestamp": 1}
    assert (trial.metadata / "timestamp.json").read_bytes() == trial.federation.files["metadata/timestamp.json"]
    assert trial.refresh() == 0
    assert trial.asked() == ["2.root.json", "timestamp.json"]


def test_what_was_taken_before_a_fault_is_trusted(trial: Trial) -> None:
    trial.federation.files["metadata/1.snapshot.json"] = b"{}"
    assert trial.refresh() == 1
    assert trial.asked()[-1] == "1.snapshot.json"
    assert trial.trusted() == {"root": 1, "timestamp": 1}


def test_roots_are_walked_past_expired_ones_to_the_last(trial: Trial) -> None:
    federation = trial.federation
    for days in (-10, 0, 10):
        federation.clock.now = datetime.now(UTC).replace(microsecond=0)
        federation.clock.forward(days=days - 365 * 5)
        federation.rotate()
    assert trial.refresh() == 0
    assert trial.trusted()["root"] == 4
    federation.clock.forward(days=-20)
    federation.rotate()  # the last one has expired: it is taken, and nothing after it
    assert trial.refresh() == 1
    assert trial.trusted() == {"root": 5, "snapshot": 1, "targets": 1, "timestamp": 1}


def test_expired_metadata_is_not_taken(trial: Trial) -> None:
    assert trial.refresh() == 0
    trial.federation.clock.forward(days=-100)
    trial.federation.publish()
    assert trial.refresh() == 1
    assert trial.trusted()["timestamp"] == 1


def test_older_versions_are_not_taken_until_keys_are_rotated(trial: Trial) -> None:
    federation = trial.federation
    federation.number = 99
    federation.publish("targets")
    assert trial.refresh() == 0
    federation.number = 1
    federation.publish()
    assert trial.refresh() == 1
    assert trial.trusted()["timestamp"] == 100
    for role in ("timestamp", "snapshot"):
        federation.name_keys(role, [key(f"new-{role}")])
    federation.rotate()
    federation.publish()
    assert trial.refresh() == 0
    assert trial.trusted() == {"root": 2, "snapshot": 3, "targets": 2, "timestamp": 3}


def delegated(federation: Federation) -> None:
    """Have 'stable' delegate to 'a', terminating, and to 'b'; each names what it may and the other's as well."""
    signer = key("graph")
    roles = {
        "a": DelegatedRole("a", [signer.public_key.keyid], 1, True, paths=["stable/a*"]),
        "b": DelegatedRole("b", [signer.public_key.keyid], 1, False, paths=["stable/*"]),
    }
    federation.roles["stable"].delegations = Delegations({signer.public_key.keyid: signer.public_key}, roles)
    for role in roles:
        federation.roles[role] = Targets(expires=federation.expiry())
        federation.signers[role] = [signer]
    for role, name in (("a", "stable/apple"), ("b", "stable/apple-pie"), ("b", "stable/bread")):
        data = f"{name} of {role}".encode()
        target = TargetFile.from_data(name, data, ["sha256"])
        federation.roles[role].targets[name] = target
        federation.files[f"targets/stable/{target.hashes['sha256']}.{name.rpartition('/')[2]}"] = data
    federation.publish("stable", "a", "b")


def test_targets_are_found_through_delegations(trial: Trial) -> None:
    delegated(trial.federation)
    assert trial.download("stable/apple") == 0
    assert trial.asked()[3:6] == ["1.targets.json", "2.stable.json", "1.a.json"]
    assert trial.download("stable/bread") == 0
    assert trial.asked() == ["2.root.json", "timestamp.json", "1.b.json", trial.asked()[-1]]
    assert sorted(path.read_text() for path in trial.targets.iterdir()) == ["stable/apple of a", "stable/bread of b"]
    assert trial.download("stable/bread") == 0
    assert trial.asked() == ["2.root.json", "timestamp.json"]


def test_a_terminating_role_has_the_last_word(trial: Trial) -> None:
    delegated(trial.federation)
    assert trial.download("stable/apple-pie") == 1
    assert trial.asked()[-1] == "1.a.json"
    assert trial.download("none") == 1


def test_a_target_that_was_changed_is_not_kept(trial: Trial) -> None:
    delegated(trial.federation)
    path = next(path for path in trial.federation.files if path.endswith(".bread"))
    trial.federation.files[path] += b"x"
    assert trial.download("stable/bread") == 1
    assert list(trial.targets.iterdir()) == []
