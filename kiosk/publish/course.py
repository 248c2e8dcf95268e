"""A course: its folder of lessons into entries.

Owns: the layout of a course's folder (docs/formats/recipe.md).
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import Any

from kiosk.errors import FormatError
from kiosk.fields import Problem, parse_yaml, problem_of, read_yaml
from kiosk.packs import names, quiz
from kiosk.packs.manifest import canonical
from kiosk.publish import sounds
from kiosk.publish.draft import Draft, DraftItem, readable_text
from kiosk.publish.illustrations import Illustrations
from kiosk.publish.markdown import to_html
from kiosk.publish.pictures import NO_LINK
from kiosk.publish.recipe import CourseSource

LESSON_FOLDER = re.compile(r"(\d\d)-(.+)")


def draft(source: CourseSource, language: str, problems: list[Problem]) -> DraftItem:
    """Return a course in one language; every mistake in its sources is added to `problems`."""
    shown = Illustrations(source.folder, language, problems)
    lessons: list[dict[str, Any]] = []
    entries: list[Draft] = []
    for folder in _lesson_folders(source.folder, problems):
        lesson, drafts = _lesson(folder, language, shown, problems)
        lessons.append(lesson)
        entries += drafts
    if not lessons:
        problems.append(Problem(str(source.folder), "there is no lesson", "make a folder 01-name-of-the-lesson"))
    attributes = {"subject": source.subject, "level": source.level, "lessons": lessons}
    return DraftItem(attributes, (*entries, *shown.drafts.values()))


def _lesson_folders(folder: Path, problems: list[Problem]) -> list[Path]:
    found = []
    for path in sorted(folder.iterdir()):
        match = LESSON_FOLDER.fullmatch(path.name)
        if links := [each for each in (path, *path.glob("*")) if each.is_symlink()]:
            problems += [Problem(str(link), "this is a symbolic link", NO_LINK) for link in links]
        elif path.is_dir() and match and names.is_name(match[2]):
            found.append(path)
        elif path.is_dir() and path.name not in ("pictures", "sounds", "media"):
            problems.append(Problem(str(path), "a lesson's folder is named like 01-name-of-the-lesson"))
    return found


def _lesson(
    folder: Path, language: str, shown: Illustrations, problems: list[Problem]
) -> tuple[dict[str, Any], list[Draft]]:
    page = f"lessons/{folder.name}.html"
    path = folder / f"{language}.md"
    text = readable_text(path, problems)
    front, body, first_line = _split(text or "", path, problems) if text is not None else ({}, "", 1)
    html = to_html(body, str(path), first_line, partial(shown.take, folder), problems)
    lesson = {"id": folder.name[3:], "page": page, **front}
    drafts = [Draft(page, "text/html", "", html.encode())]
    quiz_path = folder / f"{language}.quiz.yaml"
    if quiz_path.exists():
        lesson["quiz"] = f"quizzes/{folder.name}.json"
        drafts.append(Draft(lesson["quiz"], "application/json", "", _quiz(quiz_path, problems)))
    if recording := lesson.pop("sound", None):
        sound = sounds.take(folder.parent, folder, recording, f"sounds/{folder.name}", f"{path}:1", problems)
        lesson |= {"sound": sound.path} if sound else {}
        drafts += [sound] if sound else []
    return lesson, drafts


def _split(text: str, path: Path, problems: list[Problem]) -> tuple[dict[str, Any], str, int]:
    match = re.match(r"---\n(.*?\n)---\n", text, re.DOTALL)
    if match is None:
        problems.append(
            Problem(f"{path}:1", "the front matter is missing", "start with --- title, summary, minutes ---")
        )
        return {}, text, 1
    try:
        document = parse_yaml(match[1], str(path), first_line=2)
    except FormatError as error:
        problems.append(problem_of(error))
        return {}, "", 1
    root = document.root()
    front = {
        "title": root.text("title", most=200),
        "summary": root.text("summary", most=1000),
        "minutes": root.whole("minutes", 1, 600),
        **({"sound": root.text("sound")} if "sound" in root else {}),
    }
    root.finish()
    problems += document.problems
    return front, text[match.end() :], text[: match.end()].count("\n") + 1


def _quiz(path: Path, problems: list[Problem]) -> bytes:
    try:
        document = read_yaml(path)
    except FormatError as error:
        problems.append(problem_of(error))
        return b""
    questions = quiz.read(document)
    problems += document.problems
    return canonical(quiz.to_value(questions))
