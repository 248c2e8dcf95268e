"""A wiki that people edit: real MediaWiki pages, and edits made from a seed.

The pages are those of Debian's cppreference-doc-en-html, less the frame around them (as Kiwix's scraper leaves it out).
The edits are synthetic: 3 % of the pages get one to four, 0.5 % are new, 0.3 % go. All text put in is prose that the
wiki does not have, each sentence used once, so that no method finds it in the old version.
"""

from __future__ import annotations

import itertools
import random
import re
import shutil
from html import escape
from pathlib import Path

from tests.benchmarks.updates.sources import debian_versions, sentences, unpacked
from tests.benchmarks.updates.trees import Series, settle

PACKAGE, INSIDE = "cppreference-doc-en-html", "usr/share/cppreference/doc/html/en"
SEED = 20261124
VERSIONS = 4
EDITED, ADDED, REMOVED = 0.03, 0.005, 0.003
PAGE = """<!DOCTYPE html>
<html lang="en" dir="ltr"><head><meta charset="UTF-8"><title>{title}</title>
<link rel="stylesheet" href="{up}style.css"></head>
<body class="mediawiki ltr ns-0">
<h1 id="firstHeading" class="firstHeading">{title}</h1>
<div id="bodyContent">{body}</div>
</body></html>
"""


def wiki(cache: Path, prose: Path) -> Series:
    """Return four versions of the wiki; new text is taken from the HTML pages below `prose`."""
    folders = tuple(cache / "series" / "wiki" / f"v{number}" for number in range(1, VERSIONS + 1))
    if not folders[-1].exists():
        shutil.rmtree(folders[0].parent, ignore_errors=True)
        _first(unpacked(PACKAGE, debian_versions(PACKAGE, 1)[0], cache) / INSIDE, folders[0])
        fresh = sentences(prose)
        seeded = random.Random(SEED)
        seeded.shuffle(fresh)
        for old, new in itertools.pairwise(folders):
            part = new.with_suffix(".part")
            shutil.copytree(old, part)
            _edit(part, seeded, fresh)
            part.rename(new)
    settle(folders)
    return Series("wiki", f"{PACKAGE}, 3 % of pages edited (synthetic, seed {SEED})", folders)


def _first(source: Path, target: Path) -> None:
    for path in sorted(source.rglob("*.html")):
        text = path.read_text("utf-8")
        title = re.search(r"<title>(.*?)( - cppreference.com)?</title>", text, re.DOTALL)
        body = re.search(r"<!-- bodycontent -->(.*?)<!-- /bodycontent -->", text, re.DOTALL)
        if title and body:
            inside = path.relative_to(source)
            (target / inside).parent.mkdir(parents=True, exist_ok=True)
            (target / inside).write_text(_page(title[1], _without_menus(body[1]), inside))
    (target / "style.css").write_text("body{font-family:sans-serif;max-width:60em;margin:auto}\n")


def _without_menus(body: str) -> str:
    # The menus of a whole language stand on each page; they are the frame's, not the page's.
    body = re.sub(r"<!--.*?-->", "", body, flags=re.DOTALL)
    while (start := body.find('<div class="t-navbar"')) >= 0:
        depth = end = 0
        for tag in re.finditer(r"<(/?)div\b", body[start:]):
            depth += -1 if tag[1] else 1
            if depth == 0:
                end = body.index(">", start + tag.start()) + 1
                break
        body = body[:start] + body[end or start + 1 :]
    return body


def _page(title: str, body: str, inside: Path) -> str:
    return PAGE.format(title=title, body=body, up="../" * (len(inside.parts) - 1))


def _edit(folder: Path, seeded: random.Random, fresh: list[str]) -> None:
    pages = sorted(folder.rglob("*.html"))
    chosen = seeded.sample(pages, int(len(pages) * (EDITED + REMOVED)))
    gone = int(len(pages) * REMOVED)
    for path in chosen[:gone]:
        path.unlink()
    for path in chosen[gone:]:
        text = path.read_text("utf-8")
        for _ in range(seeded.randint(1, 4)):
            text = _edited(text, seeded, fresh)
        path.write_text(text)
    for number in range(int(len(pages) * ADDED)):
        name = "-".join(re.findall(r"[a-z]{4,}", fresh[-1].lower())[:3]) + f"-{number}.html"
        inside = seeded.choice(pages).relative_to(folder).with_name(name)
        body = "".join(f"<p>{escape(fresh.pop())}</p>\n" for _ in range(seeded.randint(4, 16)))
        (folder / inside).parent.mkdir(parents=True, exist_ok=True)
        (folder / inside).write_text(_page(escape(name.removesuffix(".html").capitalize()), body, inside))


def _edited(text: str, seeded: random.Random, fresh: list[str]) -> str:
    paragraphs = list(re.finditer(r"<(p|td|li|dd)\b[^>]*>[^<]{20,}", text))
    if not paragraphs:
        return text.replace("</div>\n</body>", f"<p>{escape(fresh.pop())}</p>\n</div>\n</body>")
    found = seeded.choice(paragraphs)
    kind = seeded.random()
    if kind < 0.4:  # a few words are said otherwise
        words = found[0].split(" ")
        at = seeded.randrange(1, len(words)) if len(words) > 1 else 0
        words[at : at + seeded.randint(1, 3)] = escape(fresh.pop()).split(" ")[: seeded.randint(1, 6)]
        new = " ".join(words)
    elif kind < 0.75:  # something is added
        new = f"{found[0]} {escape(fresh.pop())}"
    elif kind < 0.9:  # a passage goes
        new = found[0][: found[0].index(">") + 1]
    else:  # a paragraph is new
        new = f"<p>{escape(fresh.pop())} {escape(fresh.pop())}</p>\n{found[0]}"
    return text[: found.start()] + new + text[found.end() :]
