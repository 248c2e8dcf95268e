"""What a phone keeps of its progress in courses: the value of one small cookie, read and written.

Pure. True always: whatever a cookie holds, reading it takes no more than its length and never fails; a value that was
written fits into a cookie, at the cost of the courses in which something was done longest ago. Courses and lessons
stand in it by short digests of their names, so it is short, and the same for all languages of a course.

    COURSE (LESSON CORRECT ASKED)+  joined by dots, the latest course first; the two numbers one sign each
"""

from __future__ import annotations

import hashlib
import re
import string
from base64 import urlsafe_b64encode

from kiosk.store.progress import Mark

MOST_LETTERS = 3500
DIGITS = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
"""Signs for 0 to 63: more than a quiz has questions."""
COURSE, LESSON, MARK = 6, 4, 6
ONE = re.compile(rf"[\w-]{{{COURSE}}}(?:[\w-]{{{MARK}}})+", re.ASCII)

Kept = dict[str, dict[str, Mark]]
"""Marks by the digest of a lesson, by the digest of a course; the latest course first."""


def course_key(pack: str, item: str) -> str:
    """Return the digest of a course's name."""
    return _digest(f"{pack}/{item}")[:COURSE]


def lesson_key(lesson: str) -> str:
    """Return the digest of a lesson's id."""
    return _digest(lesson)[:LESSON]


def read(text: str) -> Kept:
    """Return what is in a cookie; what is not of its form is left out."""
    found: Kept = {}
    for part in text[:MOST_LETTERS].split("."):
        if ONE.fullmatch(part):
            marks = found.setdefault(part[:COURSE], {})
            for at in range(COURSE, len(part), MARK):
                correct, asked = (DIGITS.index(sign) for sign in part[at + LESSON : at + MARK])
                marks[part[at : at + LESSON]] = Mark(min(correct, asked), asked)
    return found


def write(courses: Kept) -> str:
    """Return the cookie's value."""
    parts: list[str] = []
    for course, marks in courses.items():
        part = course + "".join(f"{key}{DIGITS[mark.correct]}{DIGITS[mark.asked]}" for key, mark in marks.items())
        if sum(map(len, parts)) + len(parts) + len(part) > MOST_LETTERS:
            break
        parts.append(part)
    return ".".join(parts)


def with_mark(courses: Kept, course: str, lesson: str, mark: Mark) -> Kept:
    """Return the courses with one more mark; of two for the same lesson the better one stays."""
    marks = courses.get(course, {})
    return {course: {**marks, lesson: mark.better(marks.get(lesson))}} | {
        name: each for name, each in courses.items() if name != course
    }


def _digest(text: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode()
