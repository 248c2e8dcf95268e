"""Reading a document key by key, so that every mistake is told with its place and none is told twice.

Owns: how a wrong key, type or value in a YAML or JSON document is named to the person who wrote it.
True always: reading never raises for content; problems are collected, and a caller who goes on must first ask `check`.
"""

from __future__ import annotations

import difflib
import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from kiosk import texts
from kiosk.errors import FormatError, KioskError
from kiosk.texts import Place

MOST_PROBLEMS = 200
"""How many mistakes of one document are told: nobody reads on, and a hostile one could have a million."""


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake: `place` is "file", "file:line" or "file: key.path"; `hint` says what to write instead."""

    place: str
    message: str
    hint: str | None = None

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" + (f" ({self.hint})" if self.hint else "")


def problem_of(error: KioskError) -> Problem:
    """Return an error whose message begins with its place as a problem among others."""
    place, _, message = error.message.partition(": ")
    return Problem(place, message, error.hint)


def as_detail(problems: Iterable[Problem]) -> dict[str, Any]:
    """Return problems as the detail of an error: {"problems": [{"place", "message", "hint"}]}."""
    return {"problems": [{"place": each.place, "message": each.message, "hint": each.hint} for each in problems]}


@dataclass
class Document:
    """A parsed file: its value, the lines of its keys (none for JSON) and the problems found so far."""

    name: str
    value: Any
    lines: dict[Place, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def place(self, path: Place) -> str:
        """Return where `path` stands, as a reader would look for it."""
        probe = path
        while probe and probe not in self.lines:
            probe = probe[:-1]
        if probe in self.lines:
            return f"{self.name}:{self.lines[probe]}"
        return f"{self.name}: {dotted(path)}" if path else self.name

    def complain(self, path: Place, message: str, hint: str | None = None) -> None:
        """Note a problem at `path`."""
        problem = Problem(self.place(path), message, hint)
        if len(self.problems) < MOST_PROBLEMS and problem not in self.problems:
            self.problems.append(problem)

    def root(self) -> Fields:
        """Return the document's top as fields; complains when it is not a mapping."""
        if not isinstance(self.value, Mapping):
            self.complain((), "this is not a list of keys and values")
            return Fields(self, (), {})
        return Fields(self, (), self.value)

    def check(self, kind: type[KioskError] = FormatError) -> None:
        """Raise `kind` with every problem found, one a line, or return when there is none."""
        if self.problems:
            raise kind("\n".join(str(problem) for problem in self.problems), detail=as_detail(self.problems))


def dotted(path: Place) -> str:
    """Return ("items", 2, "title") as "items[2].title"."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else (f".{step}" if text else step)
    return text


class Fields:
    """The keys of one mapping. Each reader returns a value of its type, a harmless one where there is a problem."""

    def __init__(self, document: Document, path: Place, value: Mapping[Any, Any]) -> None:
        self.document = document
        self.path = path
        self.value = value
        self._read: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self.value

    def complain(self, key: str, message: str, hint: str | None = None) -> None:
        """Note a problem at one key of this mapping, or at the mapping itself for ""."""
        self.document.complain((*self.path, key) if key else self.path, message, hint)

    def get(self, key: str, kind: type | tuple[type, ...], wanted: str, default: Any = None) -> Any:
        """Return the value of `key` if it is of `kind`, else complain and return None."""
        self._read.add(key)
        if key not in self.value:
            if default is None:
                self.complain(key, f"the key '{key}' is missing", f"add '{key}: …', {wanted}")
            return default
        value = self.value[key]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            self.complain(key, f"'{key}' must be {wanted}")
            return default
        return value

    def text(self, key: str, default: str | None = None, most: int = 1000) -> str:
        """Return a text of 1 to `most` characters without control characters."""
        value = self.get(key, str, "a text", default)
        if value is None or value == default:
            return default or ""
        if not value.strip():
            self.complain(key, f"'{key}' is empty")
        elif len(value) > most:
            self.complain(key, f"'{key}' has {len(value)} characters; at most {most} are taken")
        elif _has_control_signs(value):
            self.complain(key, f"'{key}' holds a control character")
        else:
            return str(value).strip()
        return default or ""

    def choice(self, key: str, choices: Sequence[str], default: str | None = None) -> str:
        """Return one of `choices`."""
        value = self.text(key, default)
        if value and value not in choices:
            self.complain(key, f"'{key}' is '{value}'", f"take one of: {', '.join(choices)}")
        return value if value in choices else choices[0]

    def whole(self, key: str, least: int, most: int, default: int | None = None) -> int:
        """Return a whole number from `least` to `most`."""
        value = self.get(key, int, "a whole number", default)
        if value is None:
            return least
        if not least <= value <= most:
            self.complain(key, f"'{key}' is {value}", f"a whole number from {least} to {most}")
            return least
        return int(value)

    def flag(self, key: str, default: bool) -> bool:
        """Return true or false."""
        return bool(self.get(key, bool, "true or false", default))

    def day(self, key: str) -> date:
        """Return a date, written 2026-11-24."""
        value = self.get(key, (date, str), "a date such as 2026-11-24")
        if isinstance(value, datetime):
            self.complain(key, f"'{key}' has a time of day", "write the date alone, such as 2026-11-24")
            return value.date()
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value or "2000-01-01")
        except ValueError:
            self.complain(key, f"'{key}' is not a date", "write it as 2026-11-24")
            return date(2000, 1, 1)

    def texts(
        self, key: str, least: int = 1, most: int = 1000, default: tuple[str, ...] | None = None
    ) -> tuple[str, ...]:
        """Return a list of texts of up to `most` characters without control characters, at least `least` of them."""
        values = self.get(key, list, "a list", list(default) if default else None)
        if values is None:
            return ()
        if len(values) < least or not all(isinstance(value, str) and value.strip() for value in values):
            self.complain(key, f"'{key}' must be a list of at least {least} texts")
            return ()
        for number, value in enumerate(values):
            if len(value) > most or _has_control_signs(value):
                fault = f"has more than {most} characters" if len(value) > most else "holds a control character"
                self.document.complain((*self.path, key, number), f"number {number + 1} of '{key}' {fault}")
                return ()
        return tuple(values)

    def fields(self, key: str) -> Fields:
        """Return the mapping under `key`."""
        value = self.get(key, Mapping, "a list of keys and values")
        return Fields(self.document, (*self.path, key), value or {})

    def keyed(self, key: str) -> dict[str, Fields]:
        """Return a mapping of mappings, such as language -> fields; complains when it is empty."""
        outer = self.fields(key)
        if key in self and not outer.value:
            self.complain(key, f"'{key}' is empty")
        return {str(name): outer.fields(str(name)) for name in outer.value}

    def sequence(self, key: str, least: int = 0) -> list[Fields]:
        """Return a list of mappings, at least `least` of them."""
        values = self.get(key, list, "a list")
        found = []
        for number, value in enumerate(values or []):
            path = (*self.path, key, number)
            if isinstance(value, Mapping):
                found.append(Fields(self.document, path, value))
            else:
                self.document.complain(path, f"each of '{key}' must be a list of keys and values")
        if values is not None and len(values) < least:
            self.complain(key, f"'{key}' needs at least {least}")
        return found

    def translated(self, key: str, most: int = 500) -> dict[str, str]:
        """Return a mapping of language code to text."""
        inner = self.fields(key)
        return {str(language): inner.text(str(language), most=most) for language in inner.value}

    def finish(self) -> None:
        """Complain about every key that was not asked for, with the nearest one that exists."""
        for key in self.value:
            if str(key) not in self._read and len(self.document.problems) < MOST_PROBLEMS:
                near = difflib.get_close_matches(str(key), sorted(self._read), n=1)
                hint = f"did you mean '{near[0]}'?" if near else f"known keys: {', '.join(sorted(self._read))}"
                self.complain(str(key), f"unknown key '{key}'", hint)


def _has_control_signs(text: str) -> bool:
    # Halves of surrogate pairs (Cs) can not be written in UTF-8 at all.
    return any(unicodedata.category(sign) in ("Cc", "Cs") and sign not in "\n\t" for sign in text)


def read_yaml(path: Path, name: str | None = None) -> Document:
    """Read a YAML file with the line of every key.

    Raises:
        FormatError: the file can not be read, is not UTF-8 or is not YAML; with file and line.
    """
    return parse_yaml(texts.read(path, name), name or str(path))


def parse_yaml(text: str, name: str, first_line: int = 1) -> Document:
    """Parse YAML text; `first_line` is where the text starts in the file called `name`.

    Raises:
        FormatError: it is not YAML; with file and line.
    """
    found = texts.parse_yaml(text, name, first_line)
    document = Document(name, found.value, found.lines)
    for path in found.twice:
        document.complain(path, f"the key '{path[-1]}' is there twice")
    return document


def parse_json(data: bytes, name: str) -> Document:
    """Parse JSON bytes.

    Raises:
        FormatError: not UTF-8, not JSON, nested too deeply, or not numbers that JSON has.
    """
    try:
        return Document(name, json.loads(data.decode("utf-8"), parse_constant=_no_constant))
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{name}: this is not JSON: {error}") from error


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is not a JSON value")


def all_problems(documents: Iterable[Document]) -> list[Problem]:
    """Return the problems of several documents in one list."""
    return [problem for document in documents for problem in document.problems]
