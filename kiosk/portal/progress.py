"""What whoever asks has done of the courses: the member who is signed in, else this phone.

Owns: the cookie `progress`. True always: of a phone nothing is kept on the kiosk, and of a member nothing on the phone,
which may be another's tomorrow; that something can not be noted never keeps a lesson from being shown.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

from flask import Response, after_this_request, g, request

from kiosk.errors import StoreError
from kiosk.portal import counting, phone_progress
from kiosk.portal.membership import signed_in
from kiosk.portal.phone_progress import Kept, course_key, lesson_key
from kiosk.store import progress
from kiosk.store.counts import Kind
from kiosk.store.courses import Course, LessonOutline
from kiosk.store.db import transaction
from kiosk.store.progress import Done, Mark
from kiosk.web.db import conn
from kiosk.web.i18n import YEAR

COOKIE = "progress"


@dataclass(frozen=True)
class Standing:
    """What was done of a course: a mark for each lesson, by its id; and the first lesson that is not done, if any."""

    done: dict[str, Mark] = field(default_factory=dict)
    ahead: LessonOutline | None = None

    @property
    def correct(self) -> int:
        """How many questions were answered right in all."""
        return sum(mark.correct for mark in self.done.values())

    @property
    def asked(self) -> int:
        """How many questions there were in the lessons that were done."""
        return sum(mark.asked for mark in self.done.values())


def standing(course: Course) -> Standing:
    """Return what whoever asks has done of a course; of lessons it no longer has, nothing."""
    member = signed_in()
    name = course.item.pack, course.item.item
    if member is None:
        kept = _kept().get(course_key(*name), {})
        found = {lesson.id: kept.get(lesson_key(lesson.id)) for lesson in course.lessons}
    else:
        mine = _done(member).get(name, {})
        found = {lesson.id: mine.get(lesson.id) for lesson in course.lessons}
    done = {lesson: mark for lesson, mark in found.items() if mark}
    return Standing(done, next((lesson for lesson in course.lessons if lesson.id not in done), None))


def note(course: Course, lesson: str, mark: Mark) -> None:
    """Note that whoever asks did a lesson of a course; one that becomes whole by it is counted."""
    ahead = standing(course).ahead
    _note(course, lesson, mark)
    if ahead and standing(course).ahead is None:
        counting.tally().count(Kind.COURSES, f"{course.item.pack}/{course.item.item}")


def _note(course: Course, lesson: str, mark: Mark) -> None:
    member = signed_in()
    name = course.item.pack, course.item.item
    if member is None:
        _keep(phone_progress.with_mark(_kept(), course_key(*name), lesson_key(lesson), mark))
        return
    best = mark.better(_done(member).get(name, {}).get(lesson))
    if _done(member).get(name, {}).get(lesson) != best:
        with suppress(StoreError), transaction(conn()):
            progress.note(conn(), member, *name, lesson, best)
        g.pop("lessons_done", None)


def forget() -> None:
    """Forget all that whoever asks has done."""
    member = signed_in()
    if member is None:
        _keep({})
        return
    with transaction(conn()):
        progress.forget(conn(), member)


def _done(member: int) -> Done:
    if "lessons_done" not in g:
        g.lessons_done = progress.of(conn(), member)
    found: Done = g.lessons_done
    return found


def _kept() -> Kept:
    if "kept_progress" not in g:
        g.kept_progress = phone_progress.read(request.cookies.get(COOKIE, ""))
    found: Kept = g.kept_progress
    return found


def _keep(courses: Kept) -> None:
    g.kept_progress = courses
    text = phone_progress.write(courses)

    @after_this_request
    def remember(response: Response) -> Response:
        if not text:
            response.delete_cookie(COOKIE, httponly=True, samesite="Lax", path="/")
        elif text != request.cookies.get(COOKIE):
            response.set_cookie(COOKIE, text, max_age=YEAR, httponly=True, samesite="Lax", path="/")
        return response
