"""Texts that people write: read from their files, and parsed as YAML with the line of every key.

True always: whatever lies there, reading ends soon and in little memory: what is no ordinary file is not opened, what
is too large is not read, and nothing in a YAML text can stand for more than itself.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml.composer import ComposerError
from yaml.constructor import ConstructorError

from kiosk.errors import FormatError

MOST_BYTES = 2_000_000
"""Largest file that is taken for something a person wrote."""
MOST_DEPTH = 12

Step = str | int
Place = tuple[Step, ...]


def read(path: Path, name: str | None = None) -> str:
    """Return the text in a file, which messages call `name`.

    Raises:
        FormatError: it is not there, not an ordinary file, too large, or not UTF-8.
    """
    name = name or str(path)
    try:
        if path.exists() and not path.is_file():  # to open a named pipe would wait for ever
            raise FormatError(f"{name}: this is not a file", "put a text file there")
        if path.exists() and path.stat().st_size > MOST_BYTES:
            raise FormatError(f"{name}: has more than {MOST_BYTES:,} bytes", "is this the right file?")
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise FormatError(f"{name}: not UTF-8 text (byte {error.start})", "save the file as UTF-8") from error
    except OSError as error:
        raise FormatError(f"{name}: can not be read: {error.strerror}", "is it there, and may you read it?") from error


@dataclass
class ParsedYaml:
    """A YAML text's value, the line of each key in it, and the keys that are there twice."""

    value: Any = None
    lines: dict[Place, int] = field(default_factory=dict)
    twice: list[Place] = field(default_factory=list)


def parse_yaml(text: str, name: str, first_line: int) -> ParsedYaml:
    """Parse YAML text; `first_line` is where the text starts in the file called `name`.

    Raises:
        FormatError: it is not YAML, or uses what our documents do not; with file and line.
    """
    found = ParsedYaml()
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is not None:
            found.value = _value(loader, node, found, (), first_line)
    except yaml.MarkedYAMLError as error:
        line = (error.problem_mark.line if error.problem_mark else 0) + first_line
        raise FormatError(f"{name}:{line}: this is not YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise FormatError(f"{name}: this is not YAML: {error}") from error
    return found


class _Loader(yaml.SafeLoader):
    """YAML without aliases: our documents have no use for them, and ten lines of them can unfold to gigabytes."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            place = self.get_event().start_mark  # type: ignore[no-untyped-call]
            raise ComposerError(None, None, "an alias (*name) is not taken: write the value itself", place)
        return super().compose_node(parent, index)

    def scalar(self, node: yaml.Node) -> Any:
        """Return the value of a node that is neither a mapping nor a sequence."""
        try:
            value = self.construct_object(node, deep=True)
        except (ValueError, LookupError, AttributeError, OverflowError) as error:  # a value that its tag does not fit
            kind = node.tag.rpartition(":")[2]
            raise ConstructorError(None, None, f"this can not be read as {kind}", node.start_mark) from error
        if isinstance(value, str) and any(unicodedata.category(sign) == "Cs" for sign in value):
            raise ConstructorError(None, None, "half a character (\\ud800 to \\udfff)", node.start_mark)
        return value


def _value(loader: _Loader, node: yaml.Node, found: ParsedYaml, path: Place, first: int) -> Any:
    found.lines.setdefault(path, node.start_mark.line + first)
    if len(path) > MOST_DEPTH:
        raise ValueError("nested too deeply")
    if isinstance(node, yaml.MappingNode):
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(loader.scalar(key_node))
            inner = (*path, key)
            found.lines[inner] = key_node.start_mark.line + first
            if key in mapping:
                found.twice.append(inner)
            mapping[key] = _value(loader, value_node, found, inner, first)
        return mapping
    if isinstance(node, yaml.SequenceNode):
        return [_value(loader, each, found, (*path, n), first) for n, each in enumerate(node.value)]
    return loader.scalar(node)
