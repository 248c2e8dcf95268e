"""The quiz of a lesson: questions, choices, the right one, and why.

Owns: the words of a quiz, the same in a recipe's YAML and in a pack's JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kiosk.fields import Document, Fields

MOST_QUESTIONS = 50


@dataclass(frozen=True)
class Question:
    """A question; `answer` is the number of the right choice, from 1; `why` explains it."""

    question: str
    choices: tuple[str, ...]
    answer: int
    why: str


def read(document: Document) -> tuple[Question, ...]:
    """Read the questions of a parsed quiz; mistakes are left in the document's problems."""
    root = document.root()
    found = root.sequence("questions", least=1)
    if len(found) > MOST_QUESTIONS:
        root.complain("questions", f"{len(found)} questions are too many; at most {MOST_QUESTIONS}")
    questions = tuple(_question(fields) for fields in found)
    root.finish()
    return questions


def _question(fields: Fields) -> Question:
    choices = fields.texts("choices", least=2)
    question = Question(
        question=fields.text("question", most=1000),
        choices=choices,
        answer=fields.whole("answer", 1, max(2, len(choices))),
        why=fields.text("why", most=2000),
    )
    fields.finish()
    return question


def to_value(questions: tuple[Question, ...]) -> dict[str, Any]:
    """Return the quiz as JSON values."""
    return {
        "questions": [
            {"question": q.question, "choices": list(q.choices), "answer": q.answer, "why": q.why} for q in questions
        ]
    }
