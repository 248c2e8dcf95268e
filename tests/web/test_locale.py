"""The catalogues: every sentence of the sites is there in every language, finished, and with its placeholders."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.frontend import CommandLineInterface
from babel.messages.pofile import read_po

from kiosk.web.i18n import CATALOGUES, DOMAIN, LANGUAGES

PACKAGE = CATALOGUES.parent
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]")
TRANSLATED = [language for language in LANGUAGES if language != "en"]


@pytest.fixture(scope="module")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """What is in the sources, found as the documented command finds it."""
    target = tmp_path_factory.mktemp("locale") / "kiosk.pot"
    settings = ["-F", str(CATALOGUES / "babel.cfg"), "-k", "lazy_gettext", "-k", "InvalidInput:1", "-o", str(target)]
    command = CommandLineInterface()
    command.run(["pybabel", "--quiet", "extract", *settings, str(PACKAGE)])  # type: ignore[no-untyped-call]
    with target.open("rb") as file:
        return read_po(file)


def catalogue(language: str) -> Catalog:
    path = CATALOGUES / language / "LC_MESSAGES" / f"{DOMAIN}.po"
    with path.open("rb") as file:
        return read_po(file, locale=language, domain=DOMAIN)


def forms(text: str | tuple[str, ...] | list[str] | None) -> list[str]:
    return [text] if isinstance(text, str) else list(text or [""])


def named(message: Message) -> str:
    return forms(message.id)[0]


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_sentence_is_translated(extracted: Catalog, language: str) -> None:
    known = catalogue(language)
    wanted = [message for message in extracted if message.id]
    assert len(wanted) > 100
    missing = [named(message) for message in wanted if known.get(message.id) is None]
    assert missing == []
    unfinished = [named(m) for m in known if m.id and (m.fuzzy or not all(forms(m.string)))]
    assert unfinished == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_translation_is_left_over(extracted: Catalog, language: str) -> None:
    known = catalogue(language)
    assert [named(m) for m in known if m.id and extracted.get(m.id) is None] == []
    assert list(known.obsolete) == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_placeholders_agree(language: str) -> None:
    for message in catalogue(language):
        wanted = {place for text in forms(message.id) for place in PLACEHOLDER.findall(text)}
        *exact, last = forms(message.string) if message.id else [""]
        assert set(PLACEHOLDER.findall(last)) == wanted, message.id
        for text in [*exact, last]:  # "one page" may do without its number, where a language has a form for one alone
            assert set(PLACEHOLDER.findall(text)) <= wanted, message.id
            assert text.count("%") == len(PLACEHOLDER.findall(text)), message.id


@pytest.mark.parametrize("language", TRANSLATED)
def test_plurals_have_all_forms(language: str) -> None:
    known = catalogue(language)
    for message in known:
        if message.pluralizable:
            assert len(forms(message.string)) == known.num_plurals, message.id


def test_what_is_wrong_with_what_was_typed_is_a_sentence_that_can_be_found(extracted: Catalog) -> None:
    for path in sorted(PACKAGE.rglob("*.py")):
        for sentence in sentences(path):
            assert extracted.get(sentence) is not None, f"{path}: {sentence}"


def sentences(path: Path) -> set[str]:
    """Return the messages of the InvalidInput errors that a module raises."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "InvalidInput":
            assert isinstance(node.args[0], ast.Constant), f"{path}:{node.lineno}: not a plain sentence"
            found.add(str(node.args[0].value))
    return found
