"""Every mistake of a recipe: told with file, place and remedy, all at once, and nothing is built."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kiosk.errors import FormatError
from kiosk.publish.build import build, lint
from tests.making import book_recipe, course_recipe, no_books, recipe, write_recipe

Spoil = Callable[[dict[str, Any]], object]


def lines(folder: Path) -> str:
    return "\n".join(str(problem) for problem in lint(folder))


def test_a_good_recipe_has_no_problems(tmp_path: Path) -> None:
    assert lint(course_recipe(tmp_path)) == []


def test_two_paths_that_are_one_on_a_card_that_ignores_case_are_told(tmp_path: Path) -> None:
    folder, value = course_recipe(tmp_path), recipe()
    for name in ("Rules.txt", "accounts.txt"):
        (folder / "more").mkdir(exist_ok=True)
        (folder / "more" / name).write_text("Others.\n")
    document: Any = value["items"][2]  # type: ignore[index]
    document["translations"]["en"]["files"] = ["rules.txt", "more/accounts.txt", "more/Rules.txt"]
    write_recipe(folder, value)
    told = "paths of rules (en) clash on a card that ignores case: Rules.txt, rules.txt (give one of them another name)"
    assert told in lines(folder)
    with pytest.raises(FormatError, match="clash"):
        build(folder, tmp_path / "out", no_books)


def test_a_file_that_stays_where_it_is_may_not_clash_either(tmp_path: Path) -> None:
    folder, value = course_recipe(tmp_path), recipe()
    stays = {"urls": ["https://a.example/RULES.txt"], "sha256": "0" * 64, "size_bytes": 10**8}
    document: Any = value["items"][2]  # type: ignore[index]
    document["translations"]["en"]["files"] = ["rules.txt", stays]
    write_recipe(folder, value)
    assert "clash on a card that ignores case: RULES.txt, rules.txt" in lines(folder)


SPOILED: list[tuple[str, Spoil, str]] = [
    ("no licence", lambda r: r.pop("licence"), "pack.yaml:1: the key 'licence' is missing (add 'licence: …'"),
    ("bad licence", lambda r: r.update(licence="free for all"), "is not an SPDX licence identifier (such as CC-BY"),
    ("unknown key", lambda r: r.update(licens="x"), "unknown key 'licens' (did you mean 'licence'?)"),
    ("unknown key in an item", lambda r: r["items"][0].update(levl="x"), "unknown key 'levl' (did you mean 'level'?)"),
    ("climbing path", lambda r: r["items"][0].update(folder="../course"), "no . or .. (a path inside"),
    ("absolute path", lambda r: r["items"][0].update(folder="/etc"), "a path is relative"),
    (
        "climbing document",
        lambda r: r["items"][2]["translations"]["en"].update(files=["../../etc/passwd"]),
        "the path '../../etc/passwd' can not be taken",
    ),
    ("missing file", lambda r: r["items"][1]["translations"]["en"].update(source="no.md"), "there is no file 'no.md'"),
    ("bad name", lambda r: r.update(pack="My Pack"), "'My Pack' is not a name (a-z, 0-9 and hyphens"),
    ("bad version", lambda r: r.update(version="one"), "'version' must be a whole number"),
    ("version zero", lambda r: r.update(version=0), "'version' is 0 (a whole number from 1"),
    ("boolean version", lambda r: r.update(version=True), "'version' must be a whole number"),
    ("unknown kind", lambda r: r["items"][0].update(kind="game"), "'kind' is 'game' (take one of: course, document"),
    ("ends before it starts", lambda r: r["items"][1].update(ends="2026-10-01"), "before it starts"),
    ("not a date", lambda r: r["items"][1].update(ends="soon"), "'ends' is not a date (write it as 2026-11-24)"),
    ("bad language", lambda r: r["items"][0].update(translations={"english": {}}), "'english' is not a language code"),
    ("no translation", lambda r: r["items"][0].update(translations={}), "'translations' is empty"),
    ("no items", lambda r: r.update(items=[]), "'items' needs at least 1"),
    ("item twice", lambda r: r["items"].append(copy.deepcopy(r["items"][0])), "is there twice in 'en'"),
    ("no title", lambda r: r["items"][0]["translations"]["en"].pop("title"), "the key 'title' is missing"),
]


@pytest.mark.parametrize(("spoil", "told"), [case[1:] for case in SPOILED], ids=[case[0] for case in SPOILED])
def test_a_mistake_in_pack_yaml_is_told_and_nothing_is_built(tmp_path: Path, spoil: Spoil, told: str) -> None:
    folder = course_recipe(tmp_path / "recipe")
    value: dict[str, Any] = recipe()
    spoil(value)
    write_recipe(folder, value)
    assert told in lines(folder)
    with pytest.raises(FormatError, match=r"pack\.yaml:\d+: "):
        build(folder, tmp_path / "out", no_books)
    assert not (tmp_path / "out").exists()


def test_all_mistakes_come_at_once_with_their_lines(tmp_path: Path) -> None:
    folder = course_recipe(tmp_path)
    text = (folder / "pack.yaml").read_text().replace("licence: CC-BY-SA-4.0\n", "").replace("level:", "levle:")
    (folder / "pack.yaml").write_text(text)
    wrong = text.splitlines().index("  levle: beginner") + 1
    found = lines(folder)
    assert "the key 'licence' is missing" in found
    assert f"pack.yaml:{wrong}: unknown key 'levle' (did you mean 'level'?)" in found


def test_not_yaml_is_told_with_its_line(tmp_path: Path) -> None:
    folder = course_recipe(tmp_path)
    (folder / "pack.yaml").write_text("format: 1\npack: [\n")
    assert "pack.yaml:3: this is not YAML" in lines(folder)


def test_a_key_that_is_there_twice_is_told(tmp_path: Path) -> None:
    folder = course_recipe(tmp_path)
    with (folder / "pack.yaml").open("a") as file:
        file.write("pack: other\n")
    assert "the key 'pack' is there twice" in lines(folder)


def test_no_recipe_is_told(tmp_path: Path) -> None:
    assert "can not be read" in lines(tmp_path)


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    folder = course_recipe(tmp_path)
    (folder / "rules.txt").unlink()
    (folder / "rules.txt").symlink_to("/etc/hostname")
    assert "symbolic link" in lines(folder)


LESSONS: list[tuple[str, str, str]] = [
    ("html", "ok\n\n<script>alert(1)</script>\n", "en.md:8: HTML can not be used here"),
    ("internet link", "\n\n[here](https://example.org)\n", "a link to the internet"),
    ("picture missing", "\n\n![A cow](../pictures/cow.svg)\n", "there is no picture '../pictures/cow.svg'"),
    ("picture outside", "\n\n![A cow](../../../cow.svg)\n", "can not be taken"),
    ("picture without text", "\n\n![](../pictures/hand.svg)\n", "has no text (say in [ ] what it shows)"),
    ("title heading", "\n\n# Big\n", "a heading of this size is not used"),
]


@pytest.mark.parametrize(("text", "told"), [case[1:] for case in LESSONS], ids=[case[0] for case in LESSONS])
def test_a_mistake_in_a_lesson_is_told_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    folder = course_recipe(tmp_path)
    front = "---\ntitle: Members\nsummary: Who owns it.\nminutes: 10\n---\n"
    (folder / "course/01-members/en.md").write_text(front + text)
    found = lines(folder)
    assert told in found
    assert "en.md:" in found


def test_front_matter_and_quiz_are_checked(tmp_path: Path) -> None:
    folder = course_recipe(tmp_path)
    (folder / "course/01-members/en.md").write_text("---\ntitle: Members\nminutes: long\n---\nText\n")
    (folder / "course/01-members/en.quiz.yaml").write_text(
        "questions:\n  - question: Who?\n    choices: [a, b]\n    answer: 3\n    why: so\n"
    )
    found = lines(folder)
    assert "en.md:3: 'minutes' must be a whole number" in found
    assert "the key 'summary' is missing" in found
    assert "en.quiz.yaml:4: 'answer' is 3 (a whole number from 1 to 2)" in found


SVGS = [
    ("script", '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "<script> is not taken"),
    ("handler", '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "onload"),
    ("reference", '<svg xmlns="http://www.w3.org/2000/svg"><use href="http://x/y#z"/></svg>', "href"),
    ("paint", '<svg xmlns="http://www.w3.org/2000/svg"><rect fill="url(http://x/)"/></svg>', "fill"),
    ("foreign", '<svg xmlns="http://www.w3.org/2000/svg"><foreignObject/></svg>', "<foreignObject> is not taken"),
    ("entity", '<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg"/>', "entities is not taken"),
    ("not svg", "hello", "this is not SVG"),
    ("other root", '<g xmlns="http://www.w3.org/2000/svg"/>', "its outermost element is not <svg>"),
    (
        "unknown encoding",
        '<?xml version="1.0" encoding="nope"?><svg xmlns="http://www.w3.org/2000/svg"/>',
        "another encoding",
    ),
    ("style sheet", '<?xml-stylesheet href="http://x/"?><svg xmlns="http://www.w3.org/2000/svg"/>', "instructions"),
    ("escape", '<svg xmlns="http://www.w3.org/2000/svg"><g style="fill:\\75rl(http://x/)"/></svg>', "style"),
    ("tab", '<svg xmlns="http://www.w3.org/2000/svg"><g fill="url&#9;(http://x/)"/></svg>', "fill"),
    ("image-set", '<svg xmlns="http://www.w3.org/2000/svg"><g style="mask:image-set(\'//x\' 1x)"/></svg>', "style"),
]


@pytest.mark.parametrize(("svg", "told"), [case[1:] for case in SVGS], ids=[case[0] for case in SVGS])
def test_a_picture_that_could_act_is_refused(tmp_path: Path, svg: str, told: str) -> None:
    folder = course_recipe(tmp_path)
    (folder / "course/pictures/hand.svg").write_text(svg)
    assert told in lines(folder)


def test_a_picture_in_another_encoding_can_not_hide_its_entities(tmp_path: Path) -> None:
    folder = course_recipe(tmp_path)
    svg = (
        '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE s [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg"/>'
    )
    (folder / "course/pictures/hand.svg").write_bytes(svg.encode("utf-16"))
    assert "this SVG is not in UTF-8" in lines(folder)


@pytest.mark.parametrize("path", ["01-members", "01-members/en.md", "01-members/en.quiz.yaml", "pictures"])
def test_no_part_of_a_course_is_reached_through_a_link(tmp_path: Path, path: str) -> None:
    folder = course_recipe(tmp_path / "recipe")
    (folder / "course" / path).rename(tmp_path / "elsewhere")
    (folder / "course" / path).symlink_to(tmp_path / "elsewhere")
    assert f"course/{path}: this is a symbolic link" in lines(folder)


def test_a_notice_takes_no_picture_through_a_linked_folder(tmp_path: Path) -> None:
    folder = course_recipe(tmp_path / "recipe")
    (folder / "there").symlink_to(folder / "course/pictures")
    (folder / "notice.md").write_text("![A hand](there/hand.svg)\n")
    assert "is reached through the link" in lines(folder)


def html_book_recipe(folder: Path, **labels: str) -> Path:
    """Write a recipe with one book to build from HTML, with `labels` changed, and return its folder."""
    (folder / "pages").mkdir(parents=True)
    (folder / "pages/index.html").write_text("<title>Health</title>")
    (folder / "cover.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (folder / "cover.webp").write_bytes(b"RIFF")
    value: dict[str, Any] = recipe()
    value["items"] = [{"id": "book", "kind": "book", "subject": "health", "translations": {"en": {
        "title": "A book", "summary": "About health.", "html": "pages", "front": "index.html", "cover": "cover.png",
    } | labels}}]  # fmt: skip
    write_recipe(folder, value)
    return folder


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("front", "../pack.yaml", "can not be taken"),
        ("front", "a" * 900, "can not be taken"),
        ("front", "none.html", "is not in the folder"),
        ("cover", "cover.webp", "the cover is not a PNG picture (make one of 48 x 48 points)"),
        ("cover", "pack.yaml", "the cover is not a PNG picture"),
    ],
)
def test_a_mistake_in_a_book_of_pages_is_told(tmp_path: Path, key: str, value: str, told: str) -> None:
    assert told in lines(html_book_recipe(tmp_path, **{key: value}))


def test_pages_are_ordinary_files(tmp_path: Path) -> None:
    folder = html_book_recipe(tmp_path)
    os.mkfifo(folder / "pages/pipe")
    (folder / "pages/link.html").symlink_to("/etc/hostname")
    found = lines(folder)
    assert "pages/pipe: this is not an ordinary file" in found
    assert "pages/link.html: this is not an ordinary file" in found


def test_an_unreadable_zim_is_told(tmp_path: Path) -> None:
    found = lines(book_recipe(tmp_path, b"PK\x03\x04 not a book"))
    assert "book.zim: this is not a ZIM book" in found
    assert "(fetch or build the book again)" in found
