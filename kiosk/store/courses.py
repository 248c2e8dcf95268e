"""Courses of the current generation: outlines from the rows, lessons and quizzes from their files.

Owns: what a course means on the kiosk. Content was verified when it was installed; HTML is sanitised where it is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kiosk.errors import NotFound
from kiosk.fields import parse_json
from kiosk.packs import quiz
from kiosk.store import items
from kiosk.store.db import Connection
from kiosk.store.items import Item
from kiosk.store.state import State


@dataclass(frozen=True)
class LessonOutline:
    """A lesson in its course's table of contents; `minutes` is the time it takes, `sound` the entry in which it is read
    aloud.
    """

    id: str
    title: str
    summary: str
    minutes: int
    page: str
    quiz: str | None
    sound: str | None


@dataclass(frozen=True)
class Course:
    """A course in one language."""

    item: Item
    subject: str
    level: str
    lessons: tuple[LessonOutline, ...]

    @property
    def minutes(self) -> int:
        """Time the whole course takes."""
        return sum(lesson.minutes for lesson in self.lessons)


@dataclass(frozen=True)
class Lesson:
    """A lesson to show: `html` is a fragment not yet sanitised; its pictures are paths of the item's entries."""

    outline: LessonOutline
    html: str
    questions: tuple[quiz.Question, ...]


def all_of(conn: Connection, generation: int) -> list[Course]:
    """Return the courses of a generation in all languages."""
    return [_course(item) for item in items.of_kind(conn, generation, "course")]


def get(conn: Connection, generation: int, pack: str, item: str, language: str) -> Course:
    """Return one course.

    Raises:
        NotFound: there is none.
    """
    return _course(items.get(conn, generation, pack, item, language, "course"))


def lesson(state: State, generation: int, course: Course, lesson_id: str) -> Lesson:
    """Read a lesson with its quiz.

    Raises:
        NotFound: the course has no such lesson.
    """
    for outline in course.lessons:
        if outline.id == lesson_id:
            folder = items.folder(state, generation, course.item)
            return Lesson(outline, (folder / outline.page).read_text(encoding="utf-8"), _questions(folder, outline))
    raise NotFound(f"the course {course.item.item} has no lesson {lesson_id}")


def _questions(folder: Path, outline: LessonOutline) -> tuple[quiz.Question, ...]:
    if outline.quiz is None:
        return ()
    document = parse_json((folder / outline.quiz).read_bytes(), outline.quiz)
    questions = quiz.read(document)
    document.check()
    return questions


def _course(item: Item) -> Course:
    found = item.attributes
    return Course(
        item,
        found["subject"],
        found["level"],
        outlines(item),
    )


def outlines(item: Item) -> tuple[LessonOutline, ...]:
    """Return the table of contents of an item that is a course."""
    return tuple(
        LessonOutline(
            each["id"],
            each["title"],
            each["summary"],
            each["minutes"],
            each["page"],
            each.get("quiz"),
            each.get("sound"),
        )
        for each in item.attributes["lessons"]
    )
