"""The power goes while people write, operators add papers and packs arrive: it comes up by itself, and keeps its word.

A kiosk whose data lie on a partition of their own is used for a while and every write of that disk is recorded. Then
disks are rebuilt as cuts at random moments may have left them, are repaired as at boot, and each is started: most in a
container, where a start takes seconds and is all of the kiosk's own; a few in an emulated machine, where the kernel,
the check of the disk and the mounts are real too.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import yaml
from PIL import Image

from tests.appliance import container as containers
from tests.appliance import cuts, data, image, kiosks, looking, network, recorder, soundness, visitors
from tests.appliance import federation as federations
from tests.appliance import machine as machines
from tests.appliance.conftest import report
from tests.appliance.container import Container
from tests.appliance.cuts import LOSSES, Loss, Recording
from tests.appliance.federation import Federation
from tests.appliance.kiosks import Provisioned
from tests.appliance.promises import NEVER, Promises
from tests.appliance.running import ENVIRONMENT, INSIDE, Place
from tests.appliance.tree import Tree

SEED = int(os.environ.get("KIOSK_CUTS_SEED") or random.randrange(1 << 32))
"""The chance of a run; the report names it, and the environment repeats it."""
CUTS = int(os.environ.get("KIOSK_CUTS") or 48)
SECONDS = 30
MACHINE_CUTS, MACHINE_SECONDS = 2, 60
KIOSK = "/usr/local/bin/kiosk"
ARCHIVE = "rig-archive"
NEWS = "import urllib.request as r; print(r.urlopen('http://127.0.0.1/notices', timeout=60).read().decode())"


@pytest.mark.long
def test_after_every_cut_it_comes_up_and_has_what_it_said_it_has(provisioned: Provisioned, tmp_path: Path) -> None:
    with kiosks.container(provisioned) as kiosk:
        found, disk, federation = prepared(provisioned, kiosk.root, tmp_path)
        with recorder.recorded(found, disk, kiosk.root / data.PLACE), ExitStack() as stack:
            stack.callback(kiosk.stop)
            kiosk.start()
            laptop = network.inside(kiosk.network.laptop)
            stack.enter_context(federations.served(federation, network.LAPTOP, federations.PORT, laptop))
            promises = used(kiosk, found, federation, inside(kiosk), SECONDS)
            last = found.position()
        assert not promises.failed, json.dumps(promises.failed)[:4000]
        assert all(promises.count().values()), promises.count()
        wrong = [each for each in after_cuts(kiosk, found, promises, last, tmp_path) if each]
    assert wrong == [], f"seed {SEED}"


@pytest.mark.long
def test_a_machine_that_loses_its_power_at_work_comes_up_with_all_it_promised(
    tree: Tree, provisioned: Provisioned, tmp_path: Path
) -> None:
    with containers.container(provisioned.tree, provisioned.changes) as kiosk:
        found, disk, federation = prepared(provisioned, kiosk.root, tmp_path)
        image.write(kiosk.root, tmp_path / "system.disk")
    with federations.served(federation, "127.0.0.1", federations.PORT), ExitStack() as stack:
        machine = stack.enter_context(machines.machine(tree, tmp_path / "system.disk", cuts.options(found, disk)))
        report(f"machine: started in {machine.start():.0f} s")
        promises = used(machine, found, federation, machine.ssh.command(), MACHINE_SECONDS, cut=machine.cut_power)
    report(f"machine: {promises.count()} when its power went; refused or cut off: {len(promises.failed)}")
    chance = random.Random(SEED)
    rebuilding = cuts.Rebuilding(found, tmp_path)
    moments = sorted(chance.randrange(promises.begun, rebuilding.cuts) for _ in range(MACHINE_CUTS - 1))
    for cut in [*moments, rebuilding.cuts]:
        state = rebuilding.after(cut, "sectors" if cut < rebuilding.cuts else "all", chance)
        others = ["-drive", f"file={state},if=none,id=kept,format=raw", "-device", "virtio-blk-pci,drive=kept"]
        with machines.machine(tree, tmp_path / "system.disk", others) as machine:
            seconds = machine.start()
            assert looking.failed_units(machine) == []
            assert promises.broken(cut, look(machine, promises, cut)) == [], f"seed {SEED}, after {cut} writes"
            machine.power_off()
        report(f"machine: up {seconds:.0f} s after the power was cut at write {cut} of {rebuilding.cuts}")


def prepared(provisioned: Provisioned, root: Path, folder: Path) -> tuple[Recording, Path, Federation]:
    """Put the data of a kiosk on a disk to be recorded, and what visitors need into its system."""
    data.move(root, folder / "empty.disk")
    found, disk = cuts.recording(folder, folder / "empty.disk")
    shutil.copytree(provisioned.federation.folder, folder / "federation")
    photos = root / "root" / "photos"
    photos.mkdir()
    for number in range(6):
        dots = random.Random(number).randbytes(160 * 120 * 3)
        Image.frombytes("RGB", (160, 120), dots).resize((1200, 900)).save(photos / f"{number}.jpg")
    shutil.copy(visitors.__file__, root / "root" / "visitors.py")
    return found, disk, Federation(folder / "federation")


def used(
    place: Place, found: Recording, federation: Federation, enter: Sequence[str], seconds: float,
    cut: Callable[[], None] | None = None,
) -> Promises:  # fmt: skip
    """Have a kiosk used for a while; return what it promised, and when. `cut` takes its power away at the end."""
    place.run(KIOSK, "board", "set", "--address-an-hour", "3600", "--phone-an-hour", "3600")
    place.run(KIOSK, "backup", "key")
    told = place.run(KIOSK, "operator", "add", visitors.OPERATOR, "--manager", "--json")
    words = ["python3", "/root/visitors.py", "write", str(seconds if cut is None else 10 * seconds)]
    words += [json.loads(told)["one_time_password"], "/root/photos"]
    promises, over = Promises(), threading.Event()
    releasing = threading.Thread(target=released, args=(place, found, federation, promises, over))
    writer = subprocess.Popen([*enter, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=ENVIRONMENT)
    assert writer.stdout
    with writer.stdout as lines:
        for line in lines:
            promises.note(found.position(), json.loads(line))
            if promises.begun and not releasing.ident:
                releasing.start()
                if cut:
                    threading.Timer(seconds, cut).start()
    over.set()
    writer.wait(30)
    releasing.join(120)
    return promises


def released(place: Place, found: Recording, federation: Federation, promises: Promises, over: threading.Event) -> None:
    """Release news and an archive, sync, look whether visitors see it, and back up, again and again."""
    for number in range(1, 100):
        if over.is_set():
            return
        title = f"Market day {number:03}"
        archive(federation, number)
        federation.new_notice(title, 100 + number)
        promises.releases.append((title, NEVER))
        try:
            place.run("systemctl", "start", "kiosk-sync-now.service", seconds=300)
            assert title in place.run("python3", "-c", NEWS)
            promises.releases[-1] = (title, found.position())
            place.run(KIOSK, "backup", "make", seconds=300)
        except (AssertionError, OSError) as error:
            if not over.wait(5):  # else its power went
                promises.failed.append({"release": title, "why": str(error)})
            return


def archive(federation: Federation, number: int) -> None:
    """Release a pack of some megabytes that are all new."""
    folder = federation.folder / "recipes" / ARCHIVE
    folder.mkdir(exist_ok=True)
    items = []
    for paper in range(12):
        (folder / f"{paper}.txt").write_text(random.Random(number * 100 + paper).randbytes(150_000).hex())
        labels = {"title": f"Archive {paper}", "summary": "Of old.", "files": [f"{paper}.txt"]}
        items.append({"id": f"paper-{paper}", "kind": "document", "category": "law", "translations": {"en": labels}})
    recipe = {
        "format": 1, "pack": ARCHIVE, "version": number, "publisher": "Test federation", "licence": "CC-BY-SA-4.0",
        "title": {"en": "Archive"}, "summary": {"en": "All of it."}, "items": items,
    }  # fmt: skip
    (folder / "pack.yaml").write_text(yaml.safe_dump(recipe))
    federation.release([ARCHIVE])


def inside(kiosk: Container) -> list[str]:
    """Return what a command that is to run in a container begins with."""
    return ["nsenter", "-t", str(kiosk.process_id()), "-m", "-u", "-i", "-n", "-p", *INSIDE]


def after_cuts(kiosk: Container, found: Recording, promises: Promises, last: int, folder: Path) -> Iterator[str]:
    """Cut the power at random moments, start from each disk, and yield what is wrong."""
    chance = random.Random(SEED)
    rebuilding = cuts.Rebuilding(found, folder)
    begun, seconds = time.monotonic(), []
    moments = sorted(chance.randrange(promises.begun, last + 1) for _ in range(CUTS))
    for number, cut in enumerate(moments):
        loss: Loss = LOSSES[number % len(LOSSES)]
        state = rebuilding.after(cut, loss, chance)
        cuts.repaired(state)
        with cuts.mounted(state, kiosk.root / data.PLACE) as at:
            with started(kiosk) as took:
                seconds.append(took)
                wrong = [f"{unit} failed" for unit in looking.failed_units(kiosk)]
                wrong += promises.broken(cut, look(kiosk, promises, cut))
            wrong += soundness.faults(at / "var.lib.kiosk")
        yield from (f"cut at write {cut}, lost {loss}: {each}" for each in wrong)
    told = ", ".join(f"{count} {what}" for what, count in promises.count().items())
    report(
        f"power cuts: {CUTS} disks of {last} writes started in {time.monotonic() - begun:.0f} s, seed {SEED}; {told}"
    )
    report(f"power cuts: up in {min(seconds):.1f} to {max(seconds):.1f} s; lost {', '.join(LOSSES)} in turn")


@contextmanager
def started(kiosk: Container) -> Iterator[float]:
    """Start a container, and end it."""
    try:
        yield kiosk.start()
    finally:
        kiosk.stop()


def look(place: Place, promises: Promises, cut: int) -> dict[str, object]:
    """Return what a phone and an operator see after a cut."""
    told = place.run("python3", "/root/visitors.py", "look", given=json.dumps(promises.asked(cut)), seconds=300)
    return dict(json.loads(told))
