"""A refresh that goes well: what it costs, what it keeps, several mirrors and channels."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from tuf import __version__ as tuf_version
from tuf.api.metadata import TargetFile

from kiosk.errors import ConfigError, FormatError, MirrorError, NoSpace, TrustError
from kiosk.store import trust
from kiosk.sync.mirrors import HttpMirror, Mirror
from tests.making import MovableClock
from tests.sync.counting import counting_server
from tests.sync.federation import LIFE, Federation, Kiosk, MemoryMirror, key, packs


def copied(federation: Federation, name: str = "other", *, metered: bool = True) -> MemoryMirror:
    """Return a mirror that stays as the federation is now."""
    return MemoryMirror(dict(federation.files), name, metered)


def test_the_library_is_the_one_whose_inner_parts_are_used_here() -> None:
    assert tuf_version == "7.0.1"


def test_a_poll_with_nothing_new_costs_one_small_file(kiosk: Kiosk, federation: Federation) -> None:
    for number in range(200):
        federation.put("stable", f"pack-{number}", 1)
    federation.publish("stable")
    with counting_server(federation.files) as (url, answers):
        assert len(kiosk.refresh(HttpMirror(url)).heads) == 200
        answers.clear()
        assert len(kiosk.refresh(HttpMirror(url)).heads) == 200
    assert [path for path, _ in answers] == ["metadata/2.root.json", "metadata/timestamp.json"]
    assert sum(size for _, size in answers) <= 1024


def test_an_update_fetches_its_own_head_alone(kiosk: Kiosk, federation: Federation) -> None:
    federation.put("stable", "members", 1)
    federation.release("stable", "prices", 1)
    kiosk.refresh()
    head = federation.release("stable", "prices", 2)
    kiosk.mirror.asked.clear()
    assert packs(kiosk.refresh()) == {"members": 1, "prices": 2}
    assert kiosk.mirror.fetched() == [
        "metadata/timestamp.json", "metadata/3.snapshot.json", "metadata/3.stable.json", head,
    ]  # fmt: skip


def test_only_the_heads_of_wanted_packs_are_fetched(kiosk: Kiosk, federation: Federation) -> None:
    kiosk.packs = frozenset({"prices", "weather"})
    unwanted = federation.put("stable", "members", 1)
    federation.release("stable", "prices", 1)
    refreshed = kiosk.refresh()
    assert packs(refreshed) == {"prices": 1}
    assert unwanted not in kiosk.mirror.asked
    assert [warning.message for warning in refreshed.warnings] == ["no channel offers the pack 'weather'"]


def test_what_is_kept_is_a_mirror_for_a_neighbour_with_every_root(
    kiosk: Kiosk, federation: Federation, tmp_path: Path
) -> None:
    federation.release("stable", "members", 1)
    kiosk.refresh()
    for _ in range(3):
        federation.rotate()
    federation.release("stable", "members", 2)
    kiosk.refresh()
    kept = {str(p.relative_to(kiosk.folder)): p.read_bytes() for p in kiosk.folder.rglob("*") if p.is_file()}
    neighbour = Kiosk(tmp_path / "neighbour", federation)
    assert neighbour.poll(kept) == {"members": 2}
    neighbour.conn.close()
    kiosk.refresh()
    after = {str(p.relative_to(kiosk.folder)) for p in kiosk.folder.rglob("*") if p.is_file()}
    assert {path for path in after if "stable" in path} == {
        "metadata/3.stable.json", *(path for path in federation.files if path.startswith("targets/") and path in after),
    }  # fmt: skip
    assert len(after) == 9  # four roots, one file of each other role, one head


def test_a_lying_mirror_is_told_and_stops_no_other(kiosk: Kiosk, federation: Federation) -> None:
    federation.release("stable", "members", 1)
    liar = MemoryMirror(federation.files, "liar", spoiled={"metadata/timestamp.json": b"<html>Please log in</html>"})
    gone = MemoryMirror({}, "gone")
    refreshed = kiosk.refresh(liar, gone, kiosk.mirror)
    assert packs(refreshed) == {"members": 1}
    assert refreshed.mirror == "mirror"
    assert [type(warning) for warning in refreshed.warnings] == [TrustError, MirrorError]
    assert refreshed.warnings[0].message.startswith("liar/metadata/timestamp.json: it is not signed metadata")
    assert refreshed.warnings[1].message.startswith("gone/metadata/timestamp.json: ")


def test_when_no_mirror_is_good_all_are_told(kiosk: Kiosk, federation: Federation) -> None:
    liar = MemoryMirror(federation.files, "liar", spoiled={"metadata/timestamp.json": b"{}"})
    with pytest.raises(TrustError, match=r"liar/metadata/timestamp\.json.*gone/metadata/timestamp\.json") as refusal:
        kiosk.refresh(MemoryMirror({}, "gone"), liar)
    assert refusal.value.hint
    with pytest.raises(MirrorError, match="gone"):
        kiosk.refresh(MemoryMirror({}, "gone"))


def test_a_stick_that_is_behind_does_not_hide_news(kiosk: Kiosk, federation: Federation) -> None:
    federation.release("stable", "members", 1)
    stick = copied(federation, "stick", metered=False)
    federation.release("stable", "members", 2)
    refreshed = kiosk.refresh(stick, kiosk.mirror)
    assert (packs(refreshed), refreshed.mirror) == ({"members": 2}, "mirror")
    assert packs(kiosk.refresh(kiosk.mirror, stick)) == {"members": 2}


def test_one_metered_mirror_is_enough_and_what_one_sent_another_need_not(kiosk: Kiosk, federation: Federation) -> None:
    head = federation.release("stable", "members", 1)
    stick = MemoryMirror({path: data for path, data in federation.files.items() if path != head}, "stick", False)
    second = copied(federation, "second")
    assert packs(kiosk.refresh(stick, kiosk.mirror, second)) == {"members": 1}
    assert kiosk.mirror.fetched() == ["metadata/timestamp.json", head]
    assert second.asked == []


def test_a_head_that_one_mirror_lacks_comes_from_another(kiosk: Kiosk, federation: Federation) -> None:
    head = federation.release("stable", "members", 1)
    bad = MemoryMirror(federation.files, "bad", spoiled={head: b"x"})
    refreshed = kiosk.refresh(bad, kiosk.mirror)
    assert packs(refreshed) == {"members": 1}
    assert [f"bad/{head}: its bytes are not those that were signed"] == [w.message for w in refreshed.warnings]


@pytest.fixture
def union(tmp_path: Path) -> Iterator[Kiosk]:
    """A kiosk that follows two channels, each signed by two of its own keys."""
    federation = Federation(MovableClock(), ("stable", "prices"), threshold=2)
    kiosk = Kiosk(tmp_path / "union", federation)
    kiosk.channels = ("stable", "prices")
    yield kiosk
    kiosk.conn.close()


def test_two_channels_are_followed(union: Kiosk) -> None:
    union.federation.put("stable", "members", 1)
    union.federation.put("prices", "maize", 1)
    union.federation.publish("stable", "prices")
    assert packs(union.refresh()) == {"maize": 1, "members": 1}
    assert {head.head.pack: head.channel for head in union.refresh().heads} == {"maize": "prices", "members": "stable"}


def test_a_channel_that_is_not_good_leaves_its_packs_as_they_are(union: Kiosk) -> None:
    federation = union.federation
    federation.put("prices", "maize", 1)
    federation.publish("stable", "prices")
    union.refresh()
    federation.put("stable", "members", 1)
    federation.put("prices", "maize", 2)
    federation.signers["prices"] = federation.signers["prices"][:1]  # two are needed
    federation.publish("stable", "prices")
    for _ in range(2):
        refreshed = union.refresh()
        assert packs(refreshed) == {"maize": 1, "members": 1}
        assert "metadata/3.prices.json: its signature does not hold" in refreshed.warnings[0].message
    federation.signers["prices"].append(federation.signers["stable"][0])
    federation.publish("prices")
    assert "prices.json: its signature does not hold" in union.refresh().warnings[0].message
    federation.delegate("prices", [federation.signers["prices"][0]])
    federation.publish("targets", "prices")
    assert packs(union.refresh()) == {"maize": 2, "members": 1}


def test_a_pack_on_two_channels_is_taken_from_the_first(union: Kiosk) -> None:
    union.federation.put("stable", "members", 1)
    union.federation.put("prices", "members", 9)
    union.federation.publish("stable", "prices")
    refreshed = union.refresh()
    assert packs(refreshed) == {"members": 1}
    assert "on the channels 'stable' and 'prices'" in refreshed.warnings[0].message


def test_a_head_that_can_not_be_read_leaves_its_pack_and_no_other(kiosk: Kiosk, federation: Federation) -> None:
    federation.put("stable", "members", 1)
    federation.release("stable", "prices", 1)
    kiosk.refresh()
    head = federation.put("stable", "members", 2)
    federation.release("stable", "prices", 2)
    kiosk.mirror.files = {path: data for path, data in federation.files.items() if path != head}
    for _ in range(2):
        refreshed = kiosk.refresh()
        assert packs(refreshed) == {"members": 1, "prices": 2}
        assert head in refreshed.warnings[0].message
    assert packs(kiosk.refresh(copied(federation))) == {"members": 2, "prices": 2}


def test_a_head_of_a_newer_format_is_told(
    kiosk: Kiosk, federation: Federation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.sync.federation.head_bytes", lambda pack, version: b'{"format":99}')
    federation.release("stable", "members", 1)
    with pytest.raises(FormatError, match=r"members\.json"):
        kiosk.refresh()


def test_a_meter_hears_every_byte_and_may_stop(kiosk: Kiosk, federation: Federation) -> None:
    federation.release("stable", "members", 1)
    heard = []

    def stop(mirror: Mirror, size: int) -> None:
        heard.append(size)
        if len(heard) == 3:
            raise NoSpace("the budget of today is used up")

    kiosk.meter = stop
    with pytest.raises(NoSpace, match="budget"):
        kiosk.refresh()
    assert sum(heard) == kiosk.mirror.given
    kiosk.meter = lambda mirror, size: heard.append(size)
    assert packs(kiosk.refresh()) == {"members": 1}
    assert sum(heard) == kiosk.mirror.given


def test_nothing_to_follow_and_a_bad_anchor_are_told(kiosk: Kiosk) -> None:
    kiosk.channels = ()
    with pytest.raises(ConfigError, match="no channel"):
        kiosk.refresh()
    kiosk.channels = ("stable",)
    kiosk.anchor = b"{}"
    with pytest.raises(ConfigError, match="put in by hand"):
        kiosk.refresh()


def test_three_hundred_new_roots_after_years_away(kiosk: Kiosk, federation: Federation) -> None:
    federation.release("stable", "members", 1)
    kiosk.refresh()
    for number in range(300):
        federation.clock.forward(days=10)  # each root is good for 90 days: most have expired when they are read
        federation.name_keys(
            "timestamp", [federation.signers["timestamp"][0] if number % 2 else key(f"timestamp-{number}")]
        )
        federation.rotate(LIFE)
    federation.publish("targets")
    federation.release("stable", "members", 2)
    kiosk.clock.now = federation.clock.now
    assert packs(kiosk.refresh()) == {"members": 2}
    assert max(trust.roots(kiosk.conn)) == 301
    kiosk.mirror.asked.clear()
    kiosk.refresh()
    assert kiosk.mirror.fetched() == ["metadata/timestamp.json"]


def test_ten_thousand_packs_on_a_hundred_channels_cost_little(tmp_path: Path) -> None:
    federation = Federation(MovableClock(), [f"channel-{number}" for number in range(100)])
    for channel, number in itertools.product(range(100), range(100)):
        path = f"channel-{channel}/pack-{number}.json"
        federation.roles[f"channel-{channel}"].targets[path] = TargetFile(1000, {"sha256": "0" * 64}, path)
    for pack in ("maize", "beans", "prices"):
        federation.put("channel-7", pack, 1)
    federation.publish(*(f"channel-{number}" for number in range(100)))
    kiosk = Kiosk(tmp_path / "kiosk", federation)
    kiosk.channels, kiosk.packs = ["channel-7"], frozenset({"maize", "beans", "prices"})
    assert len(kiosk.refresh().heads) == 3
    kiosk.mirror.given = 0
    kiosk.refresh()
    assert kiosk.mirror.given <= 1024
    federation.publish("channel-8")  # news for others
    kiosk.mirror.given = 0
    kiosk.refresh()
    assert kiosk.mirror.given <= 5 * 1024
    kiosk.conn.close()


def test_what_came_before_a_cut_is_not_fetched_again(kiosk: Kiosk, federation: Federation) -> None:
    federation.release("stable", "members", 1)
    channel = "metadata/2.stable.json"
    kiosk.mirror.files = {path: data for path, data in federation.files.items() if path != channel}
    with pytest.raises(MirrorError, match="stable"):
        kiosk.refresh()
    assert not (kiosk.folder / "metadata/timestamp.json").exists()  # it does not count yet
    kiosk.mirror.files = federation.files
    kiosk.mirror.asked.clear()
    assert packs(kiosk.refresh()) == {"members": 1}
    assert kiosk.mirror.fetched()[:2] == ["metadata/timestamp.json", channel]
