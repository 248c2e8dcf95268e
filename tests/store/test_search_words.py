"""How words are compared: accents, scripts and ways of typing make no difference, and no question is syntax."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from kiosk.store.search_words import excerpt, fold, holds, marked, match, tidy, words

TOKENS = "prefix = '2 3', tokenize = \"unicode61 categories 'L* N* Co Mn Mc'\""
"""As in the schema."""


@pytest.mark.parametrize(
    ("typed", "written"),
    [("elevage", "Élevage"), ("COOPERATIVE", "coopérative"), ("nino", "niño"), ("pao", "pão"), ("ngombe", "ng’ombe"),
     ("ngombe", "Ng'ombe"), ("coeur", "cœur"), ("مدرسه", "المدرسة"), ("المدرسة", "مدرسة"), ("اسره", "أُسْرَة"),
     ("हिन्दी", "हिन्दी"), ("गांव", "गाँव"), ("7", "٧"), ("2019", "२०१९"), ("kenya", "ｋｅｎｙａ")],
)  # fmt: skip
def test_the_same_word(typed: str, written: str) -> None:
    with closing(sqlite3.connect(":memory:")) as conn:
        conn.execute(f"CREATE VIRTUAL TABLE f USING fts5 (body, {TOKENS})")
        conn.execute("INSERT INTO f VALUES (?)", (fold(tidy(f"before {written} after")),))
        assert conn.execute("SELECT count(*) FROM f WHERE f MATCH ?", (match(words(typed)),)).fetchone()[0] == 1
        begun = words(typed)[0][: max(2, len(words(typed)[0]) - 1)]
        assert conn.execute("SELECT count(*) FROM f WHERE f MATCH ?", (match(words(begun)),)).fetchone()[0] == 1


def test_other_words_are_other() -> None:
    assert fold("किताब") != fold("कताब"), "vowel signs make words"
    assert fold("ana") != fold("ano")


def test_a_question_is_quoted_words() -> None:
    assert words('members" OR (NEAR) *^') == ("members", "or", "near")
    assert match(words('a" OR b*')) == '"or"*'
    assert match(words("ab c7"), exact_first=True) == '("ab" OR "ab"*) AND ("c7" OR "c7"*)'
    assert words("…—!?") == ()
    assert len(words("w" * 1000)[0]) == 40
    assert len(words(" ".join(f"w{n}" for n in range(100)))) == 8


def test_an_excerpt_shows_the_words_where_they_are() -> None:
    text = tidy("zero " * 500 + "the Élevage of goats " + "more " * 500)
    pieces = excerpt(text, words("elevage goats"))
    assert [piece for piece, asked in pieces if asked] == ["Élevage", "goats"]
    assert pieces[0][0].startswith("…")
    assert pieces[-1][0].endswith("…")
    assert len("".join(piece for piece, _ in pieces)) < 300
    assert holds(text, words("elev"))
    assert not holds(text, words("sheep"))


def test_marking_changes_no_letter() -> None:
    text = "l’Élevage <b>& نساءُ गाँव</b> elevage"
    pieces = marked(text, words("elevage gaanv गांव نساء"))
    assert "".join(piece for piece, _ in pieces) == text
    assert [piece for piece, asked in pieces if asked] == ["Élevage", "نساءُ", "गाँव", "elevage"]
