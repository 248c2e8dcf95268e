"""Whether the book that the kiosk wrote is right: by its hash, and by libzim, zimcheck and kiwix-serve, entry by entry.

What is compared is what libzim reads of the publisher's ZIM and of the kiosk's: every entry but the indexes and lists
(namespace X), redirects, metadata and pictures too.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from libzim.reader import Archive, Entry

from kiosk.packs.zim_reader import Zim
from tests.packs.test_zim_judges import fetched, served

FORM = ("-C", "-I", "-F", "-P", "-L")
"""What zimcheck looks at that the writer decides: checksum, structure, favicon, first page; the source's own faults in
its pages are compared instead."""
SUGGESTED = 50
"""So many titles are asked for."""
LEFT_OUT = "XZ"
SHOWN = 3


@dataclass(frozen=True)
class Verdict:
    """What was looked at, whether it is right, and what was found."""

    what: str
    passed: bool
    told: str


def judged(source: Path, result: Path, signed: str) -> list[Verdict]:
    """Hold a kiosk's book against the publisher's and the hash that was signed."""
    with result.open("rb") as file:
        written = hashlib.file_digest(file, "sha256").hexdigest()
    return [
        Verdict("SHA-256 of the kiosk's book is the one signed", written == signed, written),
        _same_entries(source, result),
        _same_front(source, result),
        Verdict("libzim's Archive.check()", bool(Archive(result).check()), ""),
        _zimcheck(source, result),
        *_served(result),
    ]


def numbers(path: Path) -> list[tuple[int, str]]:
    """Return number and namespace of every entry that is neither index nor list."""
    with path.open("rb") as file:
        found = Zim(file, path.name).entries()
        return [(each.number, each.namespace) for each in found if each.namespace not in LEFT_OUT]


def told(entry: Entry) -> tuple[str, str, str, bytes]:
    """Return path, title, type and bytes of an entry as libzim reads it; of a redirect where it leads."""
    if entry.is_redirect:
        return entry.path, entry.title, "redirect", entry.get_redirect_entry().path.encode()
    item = entry.get_item()
    return entry.path, entry.title, item.mimetype, bytes(item.content)


def _same_entries(source: Path, result: Path) -> Verdict:
    left, right = numbers(source), numbers(result)
    theirs, ours = Archive(source), Archive(result)
    wrong: list[str] = []
    redirects = 0
    for (number, letter), (other, other_letter) in zip(left, right, strict=False):
        a, b = told(theirs._get_entry_by_id(number)), told(ours._get_entry_by_id(other))
        redirects += a[2] == "redirect"
        if (letter, a) != (other_letter, b):
            wrong.append(f"{letter}/{a[0]}")
    good = not wrong and len(left) == len(right) and theirs.main_entry.path == ours.main_entry.path
    seen = f"{len(right):,} entries, {redirects:,} of them redirects; {len(left):,} in the source"
    return Verdict("every entry is byte for byte the source's (libzim)", good, f"{seen} {wrong[:SHOWN] or ''}".strip())


def _same_front(source: Path, result: Path) -> Verdict:
    theirs, ours = _front(source), _front(result)
    return Verdict("the same pages are found by title", theirs == ours, f"{len(ours):,} pages")


def _front(path: Path) -> set[str]:
    with path.open("rb") as file:
        zim = Zim(file, path.name)
        return {zim.entry(number).path for number in zim.front()}


def _zimcheck(source: Path, result: Path) -> Verdict:
    form = subprocess.run(["zimcheck", *FORM, result], capture_output=True, text=True, check=False)
    theirs, ours = (
        subprocess.run(["zimcheck", "-M", "-R", "-0", path], capture_output=True, text=True, check=False)
        for path in (source, result)
    )
    version = subprocess.run(["zimcheck", "--version"], capture_output=True, text=True, check=False).stdout.split()
    good = form.returncode == 0 and ours.returncode <= theirs.returncode
    words = "" if good else (form.stdout + ours.stdout)[-300:]
    return Verdict("zimcheck is content", good, f"{' '.join(version[:2])}; {words or 'as with the source'}")


def _served(result: Path) -> Iterator[Verdict]:
    archive = Archive(result)
    with served(result) as url:
        wrong, count = [], 0
        parts = urlsplit(url)
        with closing(http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=120)) as link:
            for number, letter in numbers(result):
                entry = archive._get_entry_by_id(number)
                if letter in "CM":
                    where = "content" if letter == "C" else "meta"
                    count += 1
                    if not _is_served(link, f"/raw/{result.stem}/{where}/{quote(entry.path)}", entry):
                        wrong.append(entry.path)
        yield Verdict(
            "kiwix-serve serves every entry byte for byte", not wrong, f"{count:,} asked {wrong[:SHOWN] or ''}"
        )
        asked, missing = _suggested(url, result)
        yield Verdict("kiwix-serve suggests titles", not missing, f"{asked} asked {missing[:SHOWN] or ''}")
        title = bytes(archive.get_metadata("Title")).decode()
        listed = f"<title>{title}</title>".encode() in fetched(f"{url}/catalog/v2/entries")
        yield Verdict("kiwix-serve's catalogue lists it", listed, title)


def _is_served(link: http.client.HTTPConnection, path: str, entry: Entry) -> bool:
    link.request("GET", path)
    answer = link.getresponse()
    body = answer.read()
    if entry.is_redirect:
        target = unquote(answer.getheader("Location", ""))
        return answer.status in (301, 302) and target.endswith(f"/{entry.get_redirect_entry().path}")
    item = entry.get_item()
    return answer.status == 200 and body == bytes(item.content)


def _suggested(url: str, result: Path) -> tuple[int, list[str]]:
    with result.open("rb") as file:
        zim = Zim(file, result.name)
        front = sorted(zim.front())
        some = [zim.entry(number) for number in front[:: max(1, len(front) // SUGGESTED)][:SUGGESTED]]
    titles = [each.title or each.path for each in some]
    missing = []
    for title in titles:
        answer = json.loads(fetched(f"{url}/suggest?content={result.stem}&term={quote(title)}"))
        if not any(unescape(each["value"]) == title for each in answer):
            missing.append(title)
    return len(titles), missing
