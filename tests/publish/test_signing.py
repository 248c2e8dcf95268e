"""Several holders on several machines: what waits, when it becomes valid, and what a reader sees meanwhile."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kiosk.errors import ConfigError, Conflict, FormatError, TrustError
from kiosk.publish import holders, keys
from kiosk.publish.repository import Repository
from kiosk.publish.signing import Signing
from tests.making import CHANNEL
from tests.publish.holding import Federation, refresh


def test_a_union_publishes_without_the_federations_keys(federation: Federation, tmp_path: Path) -> None:
    public = [federation.key("union", "union-1"), federation.key("union2", "union-2")]
    holders.add_channel(federation.metadata, "prices", public, 2)
    assert federation.sign("safe", "union", "union2") == ()
    assert [(w.role, w.missing) for w in federation.of("keys").waiting()] == [("targets", 0), ("prices", 0)]
    assert federation.sign("keys") == ("1.prices.json", "2.targets.json")
    built = federation.village.release()
    union = federation.of("union")
    union.release([built], "prices")
    assert union.releases("prices") == []
    assert [(w.role, w.missing, w.keys) for w in union.waiting()] == [("prices", 1, ("union-2",))]
    assert federation.sign("union2") == ()
    assert federation.sign("keys") == ("2.prices.json",)
    assert [each.pack for each in federation.of("keys").releases("prices")] == ["members"]
    assert refresh(federation, tmp_path / "state", "prices") == 2


def test_below_the_threshold_nothing_is_seen(federation: Federation, tmp_path: Path) -> None:
    before = sorted(path.name for path in (federation.folder / "metadata").glob("*.json"))
    holders.add_channel(federation.metadata, "prices", [federation.key("union", "union-1")], 1)
    assert federation.sign("union") == ()
    assert sorted(path.name for path in (federation.folder / "metadata").glob("*.json")) == before
    federation.sign("keys")  # only the date
    assert federation.of("keys").channels() == [CHANNEL]
    assert refresh(federation, tmp_path / "state") == 1


def test_a_stranger_can_not_sign(federation: Federation) -> None:
    federation.key("stranger", "mallory")
    with pytest.raises(ConfigError, match="none of the keys here may sign"):
        federation.of("stranger").sign()
    holders.add_channel(federation.metadata, "prices", [federation.key("union", "union-1")], 1)
    with pytest.raises(ConfigError, match="none of the keys here may sign"):
        federation.of("stranger").sign()


def test_root_changes_with_two_of_three(federation: Federation, tmp_path: Path) -> None:
    state = tmp_path / "state"
    refresh(federation, state)
    before, threshold = holders.keys_of(federation.metadata, "root")
    fresh = federation.key("secretary", "secretary")
    holders.set_keys(federation.metadata, "root", [*holders.without("root", before, "root-3"), fresh], threshold)
    assert federation.sign("chair1", "keys") == ()
    assert federation.sign("chair3", "keys") == (), "a key that is on its way out counts for one of the two thresholds"
    assert federation.sign("chair2", "keys") == ("2.root.json",)
    assert {each.name for each in holders.holders(federation.metadata) if each.role == "root"} == {
        "root-1", "root-2", "secretary",
    }  # fmt: skip
    refresh(federation, state)
    refresh(federation, tmp_path / "fresh")


@pytest.mark.parametrize("role", ["timestamp", "snapshot"])
def test_an_online_key_is_replaced_and_readers_on_either_side_go_on(
    federation: Federation, tmp_path: Path, role: str
) -> None:
    refresh(federation, tmp_path / "state")
    (before,), threshold = holders.keys_of(federation.metadata, role)
    holders.set_keys(federation.metadata, role, [federation.key("keys", f"{role}-2")], threshold)
    assert federation.sign("chair1", "chair2", "keys") == ("2.root.json",)
    root = federation.folder / "metadata" / "2.root.json"
    hidden = root.rename(tmp_path / "2.root.json")
    refresh(federation, tmp_path / "between")  # timestamp is there, the new root is not yet
    hidden.rename(root)
    refresh(federation, tmp_path / "state")
    refresh(federation, tmp_path / "between")
    (federation.village.folder / "keys" / f"{role}.pem").unlink()
    federation.sign("keys")
    refresh(federation, tmp_path / "state")
    assert before.keyid not in federation.metadata.root().signed.keys


def test_root_waits_until_the_targets_hold_under_it(federation: Federation, tmp_path: Path) -> None:
    refresh(federation, tmp_path / "state")
    fresh = federation.key("safe2", "targets-2")
    holders.set_keys(federation.metadata, "targets", [fresh], 1)
    assert federation.sign("chair1", "chair2", "keys") == ()
    assert [(w.role, w.missing) for w in federation.of("keys").waiting()] == [("root", 0), ("targets", 1)]
    assert federation.sign("safe2", "keys") == ("2.targets.json", "2.root.json")
    refresh(federation, tmp_path / "state")


def test_a_channel_waits_for_its_new_keys_unless_told_not_to(federation: Federation, tmp_path: Path) -> None:
    federation.village.release()
    fresh = federation.key("union", "union-1")
    holders.set_keys(federation.metadata, CHANNEL, [fresh], 1)
    assert federation.sign("safe", "keys") == ()
    assert refresh(federation, tmp_path / "state") == 2
    assert federation.sign("keys", at_once=True) == ("2.targets.json",)
    with pytest.raises(TrustError):
        federation.of("keys").releases(CHANNEL)
    assert ["stable was signed by 0/1 keys" in fault.message for fault in federation.of("keys").verify()] == [True]
    assert [each.version for each in holders.channels(federation.metadata)] == [2]
    assert federation.sign("union", "keys") == ("3.stable.json",)
    assert [each.pack for each in federation.of("keys").releases(CHANNEL)] == ["members"]
    assert refresh(federation, tmp_path / "state") == 3


def test_a_revoked_key_signs_nothing_more(federation: Federation) -> None:
    public = [federation.key("union", "union-1"), federation.key("union2", "union-2")]
    holders.add_channel(federation.metadata, "prices", public, 1)
    federation.sign("safe", "union", "keys")
    holders.set_keys(federation.metadata, "prices", holders.without("prices", public, "union-1"), 1)
    federation.sign("safe", "union2", "keys")
    built = federation.village.release()
    with pytest.raises(ConfigError, match="none of the keys"):
        federation.of("union").release([built], "prices")
    assert federation.sign("keys") == ()


@pytest.mark.parametrize("threshold", [0, 3, -1])
def test_a_threshold_that_can_not_be_reached_is_refused(federation: Federation, threshold: int) -> None:
    with pytest.raises(ConfigError, match="can not sign"):
        holders.add_channel(federation.metadata, "prices", [federation.key("union", "union-1")], threshold)


def test_other_mistakes_are_told(federation: Federation, tmp_path: Path) -> None:
    key = federation.key("union", "union-1")
    with pytest.raises(Conflict, match="there is a channel 'stable'"):
        holders.add_channel(federation.metadata, CHANNEL, [key], 1)
    with pytest.raises(ConfigError, match="can not be the name of a channel"):
        holders.add_channel(federation.metadata, "snapshot", [key], 1)
    with pytest.raises(ConfigError, match="there is no role 'prices'"):
        holders.keys_of(federation.metadata, "prices")
    with pytest.raises(ConfigError, match="signs at every release, with one key"):
        holders.set_keys(federation.metadata, "timestamp", [key, federation.key("union", "union-2")], 2)
    with pytest.raises(ConfigError, match="none of its keys is called 'nobody'"):
        holders.without("root", [key], "nobody")
    (tmp_path / "x.pub").write_text("{}")
    with pytest.raises(FormatError, match="not a public key"):
        keys.read_public(tmp_path / "x.pub")


def test_a_public_key_is_known_by_itself_not_by_the_id_it_claims(federation: Federation, tmp_path: Path) -> None:
    made = federation.key("union", "union-1")
    path = federation.village.folder / "union" / "union-1.pub"
    path.write_text(path.read_text().replace(made.keyid, "0" * 64))
    found = keys.read_public(path)
    assert (found.keyid, keys.name_of(found)) == (made.keyid, "union-1")


def test_what_expires_soon_is_signed_anew_when_asked(federation: Federation) -> None:
    federation.village.clock.forward(days=2 * 365 - 100)
    before = federation.metadata.channel(CHANNEL).signed.expires
    federation.of("keys").sign()
    assert federation.metadata.channel(CHANNEL).signed.expires == before
    federation.of("keys").sign(renew=True)
    assert (federation.metadata.channel(CHANNEL).signed.expires - before).days == 2 * 365 - 100
    assert [each.role for each in Signing(federation.metadata, {}).waiting()] == ["targets"]


def test_metadata_alone_is_enough_to_sign(federation: Federation, tmp_path: Path) -> None:
    federation.village.release()
    holders.add_channel(federation.metadata, "prices", [federation.key("union", "union-1")], 1)
    shutil.copytree(federation.folder / "metadata", tmp_path / "stick" / "metadata")
    done = Repository(tmp_path / "stick", federation.village.folder / "safe", federation.village.clock).sign()
    assert done.added == ("2.targets.json",)


def test_a_union_with_online_keys_of_its_own_publishes_alone(federation: Federation, tmp_path: Path) -> None:
    online = federation.key("union", "union-online")
    for role in ("snapshot", "timestamp"):
        before, threshold = holders.keys_of(federation.metadata, role)
        holders.set_keys(federation.metadata, role, [*before, online], threshold)
    holders.add_channel(federation.metadata, "prices", [federation.key("union", "union-1")], 1)
    federation.sign("chair1", "chair2", "safe", "union", "keys")
    refresh(federation, tmp_path / "state", "prices")
    built = federation.village.release()
    federation.of("union").release([built], "prices")
    assert [each.pack for each in federation.of("union").releases("prices")] == ["members"]
    assert refresh(federation, tmp_path / "state", "prices") == 2
    federation.sign("keys")
    assert refresh(federation, tmp_path / "state", "prices") == 2
