"""Keys: wrong, too few, another's, stolen, taken away; and the root that names them.

Each is refused with a message of its own that names the file, and what was accepted before stays.
"""

from __future__ import annotations

import re

import pytest

from tests.sync.federation import Federation, Kiosk, key, refused

THIEF = [key("thief")]


# Keys


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "stable"])
def test_the_wrong_key(settled: Kiosk, role: str) -> None:
    path = settled.federation.write(role, THIEF)
    refused(settled, rf"mirror/{re.escape(path)}: its signature does not hold .*signed by 0/1 keys")


def test_the_wrong_key_for_targets(settled: Kiosk) -> None:
    settled.federation.signers["targets"] = THIEF
    settled.federation.publish("targets")
    refused(settled, r"mirror/metadata/2\.targets\.json: its signature does not hold")


def test_a_threshold_that_is_not_reached(settled: Kiosk) -> None:
    federation = settled.federation
    federation.delegate("stable", [key("stable-0"), key("stable-2")], threshold=2)
    federation.signers["stable"] = [key("stable-0")]
    federation.publish("targets", "stable")
    refused(settled, r"mirror/metadata/5\.stable\.json: its signature does not hold .*signed by 1/2 keys")


def test_one_key_that_signs_twice_does_not_reach_a_threshold(settled: Kiosk) -> None:
    federation = settled.federation
    federation.delegate("stable", [key("stable-0"), key("stable-2")], threshold=2)
    federation.signers["stable"] = [key("stable-0"), key("stable-0")]
    federation.publish("targets", "stable")
    refused(settled, r"mirror/metadata/5\.stable\.json: .*")


def test_a_key_of_one_role_does_not_sign_another(settled: Kiosk) -> None:
    path = settled.federation.write("timestamp", [key("snapshot-1")])
    refused(settled, rf"mirror/{re.escape(path)}: its signature does not hold")


def test_a_channel_that_lists_what_is_not_its_own(settled: Kiosk) -> None:
    settled.federation.put("stable", "members", 4, path="prices/members.json")
    settled.federation.publish("stable")
    refused(settled, r"mirror/metadata/5\.stable\.json: it lists 'prices/members\.json', which is not this channel's")


@pytest.mark.parametrize("path", ["stable/../../x.json", "stable/.json", "stable/A.json", "stable/a", "../a.json"])
def test_a_channel_that_lists_a_path_that_leads_elsewhere(settled: Kiosk, path: str) -> None:
    settled.federation.put("stable", "members", 4, path=path)
    settled.federation.publish("stable")
    refused(settled, r"mirror/metadata/5\.stable\.json: it lists .* not this channel's to sign")


def test_a_head_under_the_name_of_another_pack(settled: Kiosk) -> None:
    settled.federation.roles["stable"].targets.clear()
    settled.federation.put("stable", "members", 4, path="stable/prices.json")
    settled.federation.publish("stable")
    refused(settled, r"targets/stable/[0-9a-f]{64}\.prices\.json: this head is of the pack 'members'")


def test_a_channel_that_nobody_delegated_to(settled: Kiosk) -> None:
    settled.channels = ("prices",)
    refused(settled, "mirror: the federation has no channel 'prices'")
    settled.channels = ("snapshot",)
    refused(settled, "mirror: the federation has no channel 'snapshot'")


# The root


def test_a_root_that_others_signed(settled: Kiosk) -> None:
    federation = settled.federation
    federation.name_keys("root", THIEF)
    federation.roles["root"].version = 2
    federation.write("root", THIEF)
    refused(settled, r"mirror/metadata/2\.root\.json: its signature does not hold")


def test_a_root_that_only_half_of_the_old_keys_signed(settled: Kiosk) -> None:
    federation = settled.federation
    federation.name_keys("root", [key("root-1"), key("thief")], threshold=2)
    federation.roles["root"].version = 2
    federation.write("root", [key("root-1"), key("thief")])
    refused(settled, r"mirror/metadata/2\.root\.json: its signature does not hold .*1/2 keys")


def test_a_root_that_skips_a_version(settled: Kiosk) -> None:
    federation = settled.federation
    federation.roles["root"].version = 7
    files = federation.files | {"metadata/2.root.json": federation.files[federation.write("root")]}
    refused(settled, r"mirror/metadata/2\.root\.json: it is not the next root .*Expected root version 2", files)


def test_an_older_root_is_not_gone_back_to(settled: Kiosk) -> None:
    federation = settled.federation
    old = dict(federation.files)
    federation.name_keys("root", [key("root-3"), key("root-4")], threshold=2)  # the keys of before are gone altogether
    federation.rotate()
    settled.refresh()
    for path in settled.folder.rglob("*.root.json"):
        path.write_bytes(b"")
    refused(settled, r"mirror/metadata/2\.root\.json: missing: the root is version 1, and 2 was seen before", old)
    assert settled.poll() == {"members": 3}


# Keys that were stolen, and taken away


@pytest.mark.parametrize("role", ["timestamp", "snapshot"])
def test_a_stolen_online_key_that_the_root_took_away(settled: Kiosk, role: str) -> None:
    federation = settled.federation
    federation.name_keys(role, [key("new")])
    federation.rotate()
    federation.publish()
    settled.refresh()
    path = federation.write(role, [key(f"{role}-1")])
    if role == "snapshot":
        federation.number += 1
        federation.signers["snapshot"] = [key("snapshot-1")]
        federation.online(federation.number)
        path = f"metadata/{federation.number}.snapshot.json"
    else:
        federation.roles["timestamp"].version += 1
        federation.write("timestamp", [key("timestamp-1")])
    refused(settled, rf"mirror/{re.escape(path)}: its signature does not hold")


def test_a_stolen_channel_key_that_was_taken_away(settled: Kiosk) -> None:
    federation = settled.federation
    federation.delegate("stable", [key("new")])
    federation.publish("targets", "stable")
    assert settled.poll() == {"members": 3}
    federation.signers["stable"] = [key("stable-0")]
    federation.release("stable", "members", 4)
    refused(settled, r"mirror/metadata/6\.stable\.json: its signature does not hold")


def test_a_thief_of_the_channel_key_alone_gets_nowhere(settled: Kiosk) -> None:
    federation = settled.federation
    settled.refresh()
    federation.put("stable", "members", 9)
    federation.roles["stable"].version = 5
    federation.write("stable")  # but no snapshot names it
    assert settled.poll() == {"members": 3}


def test_a_fast_forward_is_recovered_from_by_new_online_keys(settled: Kiosk) -> None:
    federation = settled.federation
    honest = federation.number
    federation.number = 4_000_000_000
    federation.roles["stable"].version = federation.versions["stable"] = 3_000_000_000
    federation.write("stable")
    federation.online(federation.number)
    settled.refresh()  # the thief has the channel's and the online keys
    federation.number, federation.versions["stable"] = honest, 4
    federation.release("stable", "members", 4)
    refused(settled, r"mirror/metadata/timestamp\.json: it is older than what was seen before")
    for role in ("timestamp", "snapshot"):
        federation.name_keys(role, [key(f"{role}-new")])
    federation.delegate("stable", [key("stable-new")])
    federation.rotate()
    federation.publish("targets", "stable")
    assert settled.poll() == {"members": 4}
    old = dict(federation.files)
    federation.release("stable", "members", 5)
    settled.refresh()
    refused(settled, r"mirror/metadata/timestamp\.json: it is older than what was seen before", old)


def test_a_root_of_another_federation_put_in_by_hand_starts_anew(settled: Kiosk) -> None:
    federation = Federation(settled.federation.clock)
    for role in ("timestamp", "snapshot", "targets"):
        federation.name_keys(role, [key(f"{role}-of-others")])
    federation.name_keys("root", [key("other-root")])
    federation.files.clear()
    federation.write("root")
    federation.number = 0
    federation.versions["stable"] = 0
    federation.publish("targets", "stable")
    settled.anchor = federation.anchor()
    settled.federation = federation
    assert settled.poll() == {}
