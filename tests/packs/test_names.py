"""What paths and names may look like."""

from __future__ import annotations

import pytest

from kiosk.packs import names


@pytest.mark.parametrize("path", ["a.html", "lessons/01-a.html", "Ünïcode/日本.html", "a b/c.txt", "-._/x"])
def test_ordinary_paths_are_taken(path: str) -> None:
    assert names.fault_in_path(path) is None


@pytest.mark.parametrize(
    "path",
    [
        "", "/etc/passwd", "../x", "a/../x", "a//b", "./a", "a/.", "a\\b", "a:b", "a\0b", "a\nb", "a\u202eb",
        "nul?", "x" * 241, "cafe\u0301.txt", " a", "a ", "dir./x", "a/b ", "\ud800",
    ],
)  # fmt: skip
def test_paths_that_lead_elsewhere_or_do_not_travel_are_refused(path: str) -> None:
    assert names.fault_in_path(path)


@pytest.mark.parametrize(
    ("text", "ok"), [("en", True), ("pt-BR", True), ("zh-Hant-TW", True), ("EN", False), ("e", False)]
)
def test_language_codes(text: str, ok: bool) -> None:
    assert names.is_language(text) is ok


@pytest.mark.parametrize(
    ("text", "ok"), [("prices-2026", True), ("a", False), ("-a", False), ("a_b", False), ("a" * 65, False)]
)
def test_names(text: str, ok: bool) -> None:
    assert names.is_name(text) is ok
