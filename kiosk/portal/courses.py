"""Courses: the shelf by subject and level, a course's outline, and a lesson with its quiz.

The quiz is a form that asks for the lesson's own page again with `?a1=…&a2=…`, so it works on any browser, also one
that keeps no cookies. True always: nothing is kept about who answered what; a lesson is done when all its questions
were answered, right or not, or when whoever read one without questions says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from kiosk.packs.kinds import LEVELS, SUBJECTS
from kiosk.packs.quiz import Question
from kiosk.portal import players, progress
from kiosk.portal.translations import Choice, choose
from kiosk.store import courses
from kiosk.store.courses import Course, LessonOutline
from kiosk.store.progress import Mark
from kiosk.web import current
from kiosk.web.db import conn
from kiosk.web.i18n import content_languages

pages = Blueprint("courses", __name__, url_prefix="/courses")


@dataclass(frozen=True)
class Answered:
    """A question with the number of the choice that was taken, None while it is open."""

    number: int
    question: Question
    taken: int | None

    @property
    def right(self) -> bool:
        """Whether the choice taken is the right one."""
        return self.taken == self.question.answer


@pages.get("")
def shelf() -> str:
    """Show the courses by subject, the easiest first; `?subject=` and `?level=` narrow it down."""
    found = choose(courses.all_of(conn(), current.generation()), content_languages())
    subject, level = _asked("subject", SUBJECTS), _asked("level", LEVELS)
    if not any(_fits(choice.shown, subject, level) for choice in found):
        subject = level = ""  # what was asked for went with an update: all is more than nothing
    shown = [choice for choice in found if _fits(choice.shown, subject, level)]
    shown.sort(key=lambda choice: LEVELS.index(choice.shown.level))
    return render_template(
        "courses.html",
        shelves={name: each for name in SUBJECTS if (each := [c for c in shown if c.shown.subject == name])},
        subjects=_counts(found, SUBJECTS, lambda course, name: _fits(course, name, level)),
        levels=_counts(found, LEVELS, lambda course, name: _fits(course, subject, name)),
        subject=subject,
        level=level,
        standing=progress.standing,
    )


@pages.get("/<pack>/<item>/<language>")
def outline(pack: str, item: str, language: str) -> str:
    """Show a course's outline, with what was done of it, and links to its other languages."""
    course = courses.get(conn(), current.generation(), pack, item, language)
    return render_template(
        "course.html", course=course, others=_in_other_languages(course), standing=progress.standing(course)
    )


@pages.get("/<pack>/<item>/<language>/<lesson>")
def lesson(pack: str, item: str, language: str, lesson: str) -> str:
    """Show a lesson, with links to its other languages; with answers in the query, also what is right and why."""
    course = courses.get(conn(), current.generation(), pack, item, language)
    found = courses.lesson(current.state(), current.generation(), course, lesson)
    place = course.lessons.index(found.outline)
    answers = answered(found.questions, request.args)
    score = sum(answer.right for answer in answers)
    if answers and all(answer.taken is not None for answer in answers):
        progress.note(course, lesson, Mark(score, len(answers)))
    return render_template(
        "lesson.html",
        course=course,
        lesson=found.outline,
        others=[each for each in _in_other_languages(course) if lesson in {one.id for one in each.lessons}],
        number=place + 1,
        previous=course.lessons[place - 1] if place else None,
        next=course.lessons[place + 1] if place + 1 < len(course.lessons) else None,
        html=players.shown(course.item, found.html),
        answers=answers,
        sent=any(answer.taken is not None for answer in answers),
        score=score,
        done=lesson in progress.standing(course).done,
    )


@pages.post("/<pack>/<item>/<language>/<lesson>")
def finish(pack: str, item: str, language: str, lesson: str) -> Response:
    """Note that a lesson without questions was done, and go on to the next. One with questions is done by them."""
    course = courses.get(conn(), current.generation(), pack, item, language)
    found = courses.lesson(current.state(), current.generation(), course, lesson)
    if found.questions:
        return redirect(_address(course, found.outline, "quiz"), 303)
    progress.note(course, lesson, Mark(0, 0))
    after = course.lessons[course.lessons.index(found.outline) + 1 :]
    return redirect(_address(course, after[0] if after else None), 303)


@pages.post("/forget")
def forget() -> Response:
    """Forget what this phone, or the member who is signed in, has done."""
    progress.forget()
    return redirect(url_for("courses.shelf"), 303)


def _address(course: Course, lesson: LessonOutline | None, anchor: str | None = None) -> str:
    item = course.item
    endpoint = "courses.lesson" if lesson else "courses.outline"
    return url_for(
        endpoint, pack=item.pack, item=item.item, language=item.language, lesson=lesson and lesson.id, _anchor=anchor
    )


def _in_other_languages(course: Course) -> list[Course]:
    return [
        each
        for each in courses.all_of(conn(), current.generation())
        if (each.item.pack, each.item.item) == (course.item.pack, course.item.item)
        and each.item.language != course.item.language
    ]


def answered(questions: tuple[Question, ...], query: Mapping[str, str]) -> list[Answered]:
    """Return the questions with the choices found in a query; what is not a choice counts as open."""
    found = []
    for number, question in enumerate(questions, 1):
        choices = {str(n): n for n in range(1, len(question.choices) + 1)}
        found.append(Answered(number, question, choices.get(query.get(f"a{number}", ""))))
    return found


def _asked(key: str, known: tuple[str, ...]) -> str:
    text = request.args.get(key, "")
    return text if text in known else ""


def _fits(course: Course, subject: str, level: str) -> bool:
    return subject in ("", course.subject) and level in ("", course.level)


def _counts(found: list[Choice[Course]], names: tuple[str, ...], fits: Callable[[Course, str], bool]) -> dict[str, int]:
    """Return how many courses there would be under each name, and under "", all; names without any are left out."""
    counts = {name: sum(fits(choice.shown, name) for choice in found) for name in ("", *names)}
    return {name: count for name, count in counts.items() if count}
