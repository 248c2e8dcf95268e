"""Passing packs on: from kiosk to stick to kiosk, and what is told when something is missing."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from kiosk.errors import Conflict, NoSpace, NotFound
from kiosk.packs.blobs import Blob, location
from kiosk.store.state import State
from kiosk.sync import carry
from kiosk.sync.carry import export_to, keep
from kiosk.sync.fetch import Fetcher
from kiosk.sync.holdings import BLOB, METADATA, TARGET, Cut, Held, Holdings
from kiosk.sync.mirrors import Mirror
from tests.making import CHANNEL, Village
from tests.sync.origin import Origin, noise

FORMS = (BLOB, METADATA, TARGET)
"""Names that any file system of a stick can hold: small letters, digits, hyphens and dots, whatever their case."""
HEAD = b'{"a head": "as it was signed"}'
FULL, PATCH, FILM = noise(300_000, 1), noise(90_000, 2), noise(200_000, 3)


@dataclass
class Carrier:
    """A kiosk with the verified metadata of a federation, that fetched some blobs from its server."""

    village: Village
    server: Origin
    state: State
    held: Held

    def refresh(self) -> None:
        """Have in `trust/` what a refresh leaves there: the newest metadata, and the heads it names."""
        shutil.rmtree(self.state.trust, ignore_errors=True)
        self.state.prepare()
        source, target = self.village.repository.folder / "metadata", self.state.trust / "metadata"
        target.mkdir()
        newest = max(int(path.name.split(".")[0]) for path in source.glob("*.snapshot.json"))
        names = [
            "timestamp.json",
            "1.root.json",
            "1.targets.json",
            f"{newest}.snapshot.json",
            f"{newest}.{CHANNEL}.json",
        ]
        for name in names:
            shutil.copyfile(source / name, target / name)
        head = self.state.trust / self.held.head_path
        head.parent.mkdir(parents=True)
        head.write_bytes(HEAD)

    def fetch(self, *blobs: Blob) -> None:
        for blob in blobs:
            Fetcher([self.server.mirror()], self.state.parts).blob(blob)

    def keep(self) -> None:
        keep(self.state, [self.held])


@pytest.fixture
def carrier(village: Village, tmp_path: Path) -> Carrier:
    village.release()
    server = Origin(tmp_path / "server")
    film = server.blob(FILM)
    state = State(tmp_path / "carrier")
    (state.objects / "fi").mkdir(parents=True)
    (state.objects / "fi" / "film").write_bytes(FILM)
    held = Held(
        "stable/members.json", "members", 1, hashlib.sha256(HEAD).hexdigest(),
        (server.blob(FULL),), (server.blob(PATCH),), (Cut(film, "objects/fi/film", 0),),
    )  # fmt: skip
    carrier = Carrier(village, server, state, held)
    carrier.refresh()
    return carrier


def everything(held: Held) -> list[Blob]:
    return [*held.full, *held.other, *(cut.blob for cut in held.media)]


def routes(held: Held) -> list[Blob]:
    """What stays in `parts/` after a sync; media were made into files."""
    return [*held.full, *held.other]


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_what_was_fetched_is_kept_as_a_repository(carrier: Carrier) -> None:
    carrier.fetch(*routes(carrier.held))
    carrier.keep()
    holdings = Holdings(carrier.state.folder)
    for data in (FULL, PATCH, FILM):
        sha256 = hashlib.sha256(data).hexdigest()
        assert b"".join(holdings.read(location(sha256))) == data
    repository = carrier.village.repository.folder
    for path in [*(repository / "metadata").glob("2*"), repository / "metadata" / "timestamp.json"]:
        assert (holdings.folder / "metadata" / path.name).read_bytes() == path.read_bytes()
    assert b"".join(holdings.read(carrier.held.head_path)) == HEAD


def test_a_pack_whose_head_was_replaced_since_is_not_kept(carrier: Carrier) -> None:
    carrier.fetch(*routes(carrier.held))
    (carrier.state.trust / carrier.held.head_path).unlink()
    carrier.keep()
    assert Holdings(carrier.state.folder).packs() == ()
    assert {path.name for path in carrier.state.parts.iterdir()} == {blob.sha256 for blob in routes(carrier.held)}


def test_what_no_pack_names_any_more_goes_and_roots_stay(carrier: Carrier) -> None:
    carrier.fetch(*routes(carrier.held))
    carrier.keep()
    before = names(Holdings(carrier.state.folder).folder)
    carrier.village.release(version=2, text="Each has one vote.")
    carrier.refresh()
    gone = {str(blob.leaves) for blob in everything(carrier.held)[1:]} | {carrier.held.other[0].sha256}
    carrier.held = Held("stable/members.json", "members", 2, carrier.held.head_sha256, carrier.held.full, (), ())
    carrier.keep()
    after = names(Holdings(carrier.state.folder).folder)
    assert before - after == {
        *(location(sha256) for sha256 in gone),
        "metadata/2.snapshot.json", "metadata/2.stable.json",
    }  # fmt: skip
    assert "metadata/1.root.json" in after


def test_a_stick_becomes_a_full_mirror(carrier: Carrier, tmp_path: Path) -> None:
    carrier.fetch(*routes(carrier.held))
    carrier.keep()
    stick = tmp_path / "stick"
    stick.mkdir()
    told: list[tuple[int, int, str]] = []
    done = export_to(stick, carrier.state, tell=lambda *each: told.append(each))
    assert done.is_complete
    assert [(pack.pack, pack.from_nothing, pack.missing) for pack in done.packs] == [("members", True, 0)]
    assert told[-1][0] == told[-1][1]
    kept = names(Holdings(carrier.state.folder).folder) - {"holdings.json"}
    assert names(stick) == kept | {location(blob.sha256) for blob in everything(carrier.held)} | {
        location(str(blob.leaves)) for blob in everything(carrier.held) if blob.leaves
    }
    assert all(form.fullmatch(name) for name in names(stick) for form in FORMS if form.pattern.startswith(name[:4]))
    for data in (FULL, PATCH, FILM):
        assert (stick / location(hashlib.sha256(data).hexdigest())).read_bytes() == data


def test_a_second_export_copies_nothing(carrier: Carrier, tmp_path: Path) -> None:
    carrier.fetch(*routes(carrier.held))
    carrier.keep()
    (tmp_path / "stick").mkdir()
    export_to(tmp_path / "stick", carrier.state)
    again = export_to(tmp_path / "stick", carrier.state)
    assert (again.copied_blobs, again.copied_bytes) == (0, 0)
    assert again.is_complete


def test_an_export_that_was_cut_goes_on_at_the_byte(carrier: Carrier, tmp_path: Path) -> None:
    carrier.fetch(*routes(carrier.held))
    carrier.keep()
    stick = tmp_path / "stick"
    stick.mkdir()
    counted: list[int] = []

    def pulled_out(mirror: Mirror, count: int) -> None:
        counted.append(count)
        if sum(counted) > 200_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_to(stick, carrier.state, meter=pulled_out)
    assert not (stick / "metadata").exists()  # until all is there it is no mirror
    before = sum(counted)
    total: list[int] = []
    assert export_to(stick, carrier.state, meter=lambda mirror, count: total.append(count)).is_complete
    assert before + sum(total) == len(FULL) + len(PATCH) + len(FILM) + 32 * (5 + 2 + 4)
    assert not (stick / "parts").exists()


def test_what_the_kiosk_does_not_hold_comes_from_elsewhere_or_is_told(carrier: Carrier, tmp_path: Path) -> None:
    carrier.fetch(carrier.held.other[0])  # it was updated by the patch, and never had the full route
    carrier.keep()
    stick = tmp_path / "stick"
    stick.mkdir()
    (pack,) = export_to(stick, carrier.state).packs
    assert not pack.from_nothing
    assert pack.missing_bytes >= len(FULL)
    done = export_to(stick, carrier.state, [carrier.server.mirror()])
    assert done.is_complete
    assert done.copied_bytes == pack.missing_bytes


def test_a_copy_that_rotted_is_not_passed_on(carrier: Carrier, tmp_path: Path) -> None:
    carrier.fetch(*routes(carrier.held))
    carrier.keep()
    place = Holdings(carrier.state.folder).folder / location(carrier.held.full[0].sha256)
    place.write_bytes(bytes(len(FULL)))
    (tmp_path / "stick").mkdir()
    (pack,) = export_to(tmp_path / "stick", carrier.state).packs
    assert (pack.missing, pack.from_nothing) == (1, False)
    assert not (tmp_path / "stick" / location(carrier.held.full[0].sha256)).exists()


def test_a_kiosk_with_nothing_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="holds no packs"):
        export_to(tmp_path, State(tmp_path / "empty"))


def test_a_newer_stick_is_not_set_back(carrier: Carrier, tmp_path: Path) -> None:
    carrier.keep()
    stick = tmp_path / "stick"
    stick.mkdir()
    export_to(stick, carrier.state)
    carrier.village.release(version=2, text="Each has one vote.")
    newer = carrier.village.repository.folder / "metadata" / "timestamp.json"
    (stick / "metadata" / "timestamp.json").write_bytes(newer.read_bytes())
    with pytest.raises(Conflict, match=r"version 3.*newer.*version 2"):
        export_to(stick, carrier.state)


def test_another_federations_stick_is_left_alone(carrier: Carrier, tmp_path: Path) -> None:
    carrier.keep()
    other = Village(tmp_path / "elsewhere")
    with pytest.raises(Conflict, match="another federation"):
        export_to(other.repository.folder, carrier.state)


@pytest.mark.parametrize("path", ["metadata", "metadata/timestamp.json.new", "blobs/ab", "parts"])
def test_nothing_is_written_through_a_link_on_a_stick(carrier: Carrier, tmp_path: Path, path: str) -> None:
    carrier.keep()
    secret = tmp_path / "secret"
    secret.mkdir()
    (tmp_path / "stick" / path).parent.mkdir(parents=True)
    (tmp_path / "stick" / path).symlink_to(secret)
    with pytest.raises(Conflict, match="is a link"):
        export_to(tmp_path / "stick", carrier.state)
    assert list(secret.iterdir()) == []


def test_a_stick_that_is_too_small_is_told_with_the_figures(
    carrier: Carrier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    carrier.fetch(*routes(carrier.held))
    carrier.keep()
    (tmp_path / "stick").mkdir()
    monkeypatch.setattr(carry, "SPARE_BYTES", 1 << 60)
    with pytest.raises(NoSpace, match=r"590,352 bytes are to be copied"):
        export_to(tmp_path / "stick", carrier.state)
