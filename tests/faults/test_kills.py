"""Killed at each system call of a whole `kiosk sync run`: the old or the new is served, and a later sync ends well."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults import signed, tracing, verdict
from tests.faults.conftest import KILLED, Stage, how_many, later_sync_ends_well, logged, report
from tests.faults.tracing import Point


@pytest.mark.parametrize(("path", "version"), [("", 1), ("1", 2)], ids=["first-install", "update"])
def test_killed_at_each_call_the_old_or_the_new_is_served(stage: Stage, path: str, version: int) -> None:
    found = logged(stage, path, version)
    chosen = tracing.spread(found, how_many(2 * len(found)) // 2)
    served: list[int] = []

    def judge(case: tuple[int, Point]) -> None:
        with stage.copy(path, version) as kiosk:
            with stage.warm() as warm:
                code, told = warm.run(kiosk.sync(), tracing.tampering(case[1], "signal=KILL"))
            assert code == KILLED, f"was not killed: {code} {told}"
            served.append(verdict.served(kiosk, stage.known))
            assert served[-1] in (version - 1, version)
            if case[0] % 2:  # in the meantime there was another release
                later_sync_ends_well(
                    stage, kiosk, version + 1, (f"{path}{version + 1}", f"{path}{version}{version + 1}")
                )
            else:
                later_sync_ends_well(stage, kiosk, version, (f"{path}{version}",))

    wrong = stage.each(list(enumerate(chosen)), judge)
    old, new = served.count(version - 1), served.count(version)
    report(
        f"sync to {version}, killed at {len(chosen)} of {len(found)} calls: {old} old, {new} new, {len(wrong)} wrong"
    )
    assert not wrong, "\n".join(wrong[:20])
    assert old
    assert new


def test_a_forked_command_makes_the_calls_of_one_started_cold(stage: Stage) -> None:
    with stage.copy("1", 2) as kiosk, stage.copy("1", 2) as other:
        logs = stage.fresh_folder()
        with stage.warm() as warm:
            assert warm.run(kiosk.sync(), tracing.watching(logs / "warm"))[0] == 0
        command = [str(Path(sys.executable).with_name("kiosk")), *other.sync()]
        trace = ["strace", "-y", "-s", "0", "-esignal=none", f"-etrace={','.join(tracing.CHANGING)}"]
        subprocess.run([*trace, "-o", str(logs / "cold"), *command], check=True, stdout=subprocess.DEVNULL)
        # How many pages of the database are written, and when, depends on what an event tells and on the time it took.
        names = [
            [
                point.name
                for point in tracing.points(logs / log, each.state)
                if "kiosk.sqlite3" not in point.told and not point.name.startswith(("pwrite", "open", "f"))
            ]
            for log, each in (("warm", kiosk), ("cold", other))
        ]
        assert len(names[0]) > 50
        assert names[0] == names[1]


def test_what_is_known_is_what_was_signed(stage: Stage) -> None:
    for path in ("1", "2", "12", "123"):
        version = int(path[-1])
        kiosk = stage.kiosks[path]
        assert verdict.served(kiosk, stage.known) == version
        heads = {built.head.pack: built.head.manifest_sha256 for built in stage.scene.built[version]}
        signed.check(stage.known[version], kiosk.state / "current", heads)
