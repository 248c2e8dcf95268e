"""Reports on the console: numbers as pictures, tables and CSV, gaps as gaps, and the page for the assembly."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kiosk.clock import Now
from kiosk.console import bars, sheets
from kiosk.errors import InvalidInput, NotFound
from kiosk.store import audit, counts, db, prices, reports, sought
from kiosk.store.counts import Counted
from kiosk.store.operators import Rights
from kiosk.store.reports import Period, State
from tests.console.entering import HOST, enter, send
from tests.making import START, Village

NAIROBI = ZoneInfo("Africa/Nairobi")


def fill(conn: db.Connection, **more: int) -> None:
    """Two mornings of use; the kiosk was off between, and nothing was opened at seven of the second."""
    numbers = {
        ("2026-11-22 08", "visits", ""): 3, ("2026-11-22 08", "pages", "courses"): 12,
        ("2026-11-22 08", "minutes", ""): 55, ("2026-11-24 07", "minutes", ""): 60,
        ("2026-11-24 09", "visits", ""): 1400, ("2026-11-24 09", "pages", "board"): 4,
        ("2026-11-24 09", "bytes", ""): 3_000_000_000, ("2026-11-24 09", "minutes", ""): 75,
        ("2026-11-24", "words", "=cmd glue"): 3, ("2026-10-31 23", "visits", ""): 8,
        ("2026-11?", "pages", "home"): 5,
    }  # fmt: skip
    with db.transaction(conn):
        counts.add(conn, {Counted(*key): number for key, number in numbers.items()})


def local(conn: db.Connection) -> datetime:
    return reports.now(conn, START, NAIROBI)


def test_days_without_power_are_gaps_and_quiet_hours_are_noughts(conn: db.Connection) -> None:
    fill(conn)
    month = reports.read(conn, Period("2026-11"), local(conn))
    states = {part.name[-2:]: part.state for part in month.parts}
    assert (states["21"], states["22"], states["23"], states["24"], states["25"]) == (
        State.GAP, State.KNOWN, State.GAP, State.KNOWN, State.OUTSIDE
    )  # fmt: skip
    assert month.total["visits"] == 1403
    assert month.total["pages"] == 21
    assert month.doubted == {"pages": 5}
    assert month.total["minutes"] == 175  # an hour has sixty, also when the clock went through it twice
    day = reports.read(conn, Period("2026-11-24"), local(conn))
    assert [part.state for part in day.parts][6:11] == ["gap", "known", "gap", "known", "gap"]
    assert day.parts[7].numbers == {"minutes": 60}
    year = reports.read(conn, Period("2026"), local(conn))
    assert [part.state for part in year.parts] == ["outside"] * 9 + ["known", "known", "outside"]


def test_before_the_first_and_after_now_there_is_no_gap(conn: db.Connection) -> None:
    empty = reports.read(conn, Period("2026-11"), local(conn))
    assert {part.state for part in empty.parts} == {State.OUTSIDE, State.KNOWN}  # today goes on


def test_an_hour_that_the_clocks_skip_is_no_gap() -> None:
    assert len(Period("2026-04-24").parts(ZoneInfo("Africa/Cairo"))) == 23
    assert len(Period("2026-04-24").parts(NAIROBI)) == 24


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [("2026", "2025", "2027"), ("2024", "2023", "2025"), ("2026-12", "2026-11", "2027-01"),
     ("2024-02", "2024-01", "2024-03"), ("2024-02-28", "2024-02-27", "2024-02-29"),
     ("2026-12-31", "2026-12-30", "2027-01-01")],
)  # fmt: skip
def test_periods_follow_each_other(name: str, before: str, after: str) -> None:
    found = reports.period(name)
    assert (found.before.name, found.after.name) == (before, after)


@pytest.mark.parametrize(
    "name", ["x", "2026-13", "2026-02-30", "1999", "2026-1", "2026-11-24 09", "２０２６", "2026\n"]
)
def test_what_is_no_period_is_not_found(name: str, inside: FlaskClient) -> None:
    with pytest.raises(NotFound):
        reports.period(name)
    assert inside.get(f"/reports/{name.strip()}x", **HOST).status_code == 404


def test_an_hour_belongs_to_the_villages_day() -> None:
    at = datetime(2026, 11, 24, 22, 30, tzinfo=UTC)
    assert counts.span_of(Now(at, trusted=True), NAIROBI) == "2026-11-25 01"
    assert counts.span_of(Now(at, trusted=False), NAIROBI) == "2026-11?"


def test_the_pages_show_numbers_gaps_and_tables(inside: FlaskClient, conn: db.Connection) -> None:
    fill(conn)
    page = inside.get("/reports", **HOST).text
    assert "Visits: 1,403" in page
    assert page.count('class="gap"') == 22
    assert "off, or the time not known" in page
    assert "Of the pages, 5 were opened when the kiosk did not know the time." in page
    assert "style=" not in page.partition("<main")[2]
    for address in ("/reports/2026?of=bytes", "/reports/2026-11-24?of=pages", "/reports/2031-01"):
        assert inside.get(address, **HOST).status_code == 200
    assert "3 GB" in inside.get("/reports/2026?of=bytes", **HOST).text
    assert 'href="/reports/2026-11/print"' in page


def test_a_csv_is_safe_in_a_spreadsheet_and_leaves_gaps_empty(inside: FlaskClient, conn: db.Connection) -> None:
    fill(conn)
    answer = inside.get("/reports/2026-11/times.csv", **HOST)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="2026-11-times.csv"'
    rows = {row[0]: row for row in csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")))}
    assert rows["2026-11-23"][1:] == [""] * 8
    assert rows["2026-11-22"][1:4] == ["3", "12", "0"]
    assert rows["2026-11-24"][8] == "2.0"
    assert rows["2026-11-24"][7] == "3000000000"
    assert "'=cmd glue,3" in inside.get("/reports/2026-11/words.csv", **HOST).text
    for name in ("sections", "read"):
        assert inside.get(f"/reports/2026-11/{name}.csv", **HOST).status_code == 200
    assert inside.get("/reports/2026-11/x.csv", **HOST).status_code == 404


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@x", " =1", "\t=1", "|x", "\u00a0=1", "\0=1", "\ufeff+1", "\u200b-1", "\uff1d1"]
)
def test_no_cell_is_a_formula(text: str) -> None:
    assert list(csv.reader(io.StringIO(sheets.write(("a",), [(text,)]))))[1] == [f"'{text}"]


def test_the_price_is_a_managers_and_makes_the_cost(
    app: Flask, inside: FlaskClient, conn: db.Connection, village: Village
) -> None:
    fill(conn)
    assert "would have cost" not in inside.get("/reports/2026-11/print", **HOST).text
    assert send(inside, "/reports", "/reports/price", per_mb="0,5", currency=" Ksh ").status_code == 303
    assert prices.read(conn) == prices.Price("0.5", "Ksh")
    assert "would have cost 1,500 Ksh" in inside.get("/reports/2026-11/print", **HOST).text
    assert audit.last(conn, 1)[0].detail == "0.5 Ksh"
    refused = send(inside, "/reports", "/reports/price", per_mb="dear", currency="Ksh")
    assert refused.status_code == 422
    assert "Please write the price like this" in refused.text
    editor = enter(app, conn, village, Rights.EDITOR)
    assert "/reports/price" not in editor.get("/reports", **HOST).text


@pytest.mark.parametrize(
    ("per_mb", "currency"), [("0", "K"), ("-1", "K"), ("1e9", "K"), ("1", ""), ("", "K"), ("9" * 8, "K")]
)
def test_what_is_no_price_is_told(conn: db.Connection, per_mb: str, currency: str) -> None:
    with pytest.raises(InvalidInput):
        prices.save(conn, per_mb, currency)
    assert prices.save(conn, "", " ") == prices.Price()
    assert prices.Price("0.015", "K").of(1_500_000) == Decimal("0.02")


def test_the_page_for_the_assembly_says_it_in_words(inside: FlaskClient, conn: db.Connection) -> None:
    fill(conn)
    page = inside.get("/reports/2026-11/print", **HOST).text
    assert "What the kiosk was used for in November 2026" in page
    assert "October 2026" in page
    assert "=cmd glue" in page
    assert "5 were opened when the kiosk did not know the time" in page
    conn.execute("UPDATE counts SET kind = 'visits' WHERE span = '2026-11?'")
    assert "when the kiosk did not know the time" not in inside.get("/reports/2026-11/print", **HOST).text
    assert inside.get("/reports/2026/print", **HOST).status_code == 404


def test_a_paper_for_members_is_not_named_on_the_printed_page(
    inside: FlaskClient, conn: db.Connection, village: Village
) -> None:
    with db.transaction(conn):
        for number, only in ((1, 0), (2, 1)):
            conn.execute(
                "INSERT INTO papers (paper, category, language, members_only) VALUES (?, 'other', 'en', ?)",
                (number, only),
            )
            conn.execute(
                "INSERT INTO paper_versions VALUES (?, 1, ?, '2026-11-01T00:00:00Z', ?, 'application/pdf', 9)",
                (number, f"Paper {number}", b"a" * 32),
            )
            counts.add(conn, {Counted("2026-11-24", "read", f"paper:{number}"): 7})
        counts.add(conn, {Counted("2026-11-24", "read", "paper:77"): 9, Counted("2026-11-24", "read", "book:gone"): 9})
    assert [top.title for top in reports.most_read(conn, 0, Period("2026-11"), "en")] == ["Paper 1", "Paper 2"]
    page = inside.get("/reports/2026-11/print", **HOST).text
    assert "Paper 1" in page
    assert "Paper 2" not in page


def test_what_is_older_than_two_years_is_a_month(inside: FlaskClient, conn: db.Connection) -> None:
    with db.transaction(conn):
        counts.add(conn, {Counted("2024-03-05 09", "visits", ""): 9})
        counts.fold(conn, date(2026, 11, 24))
    for name in ("2024-03", "2024-03-05"):
        page = inside.get(f"/reports/{name}", **HOST).text
        assert "only the numbers of the month are kept" in page
        assert 'class="gap"' not in page
    assert "Visits: 9" in inside.get("/reports/2024-03", **HOST).text


def test_a_clock_that_fell_back_shows_what_was_counted(conn: db.Connection, village: Village) -> None:
    fill(conn)
    early = reports.read(conn, Period("2026-11"), local(conn) - timedelta(days=20))
    assert early.parts[23].state is State.KNOWN


def test_bars_are_drawn_to_a_round_number_and_always_seen() -> None:
    drawn = bars.draw([0, 1, 730, 0], [State.KNOWN] * 3 + [State.GAP], [("a", "a")] * 4)
    assert drawn.top == 1000
    assert [bar.height for bar in drawn.bars] == [0, bars.LEAST, pytest.approx(96.4, abs=0.1), 132]
    assert [bars.round_up(number) for number in (0, 1, 3, 6, 11, 21, 51)] == [1, 1, 5, 10, 20, 50, 100]


def test_a_manager_has_words_forgotten(inside: FlaskClient, conn: db.Connection, village: Village) -> None:
    key = village.state.secret(sought.KEY)
    with db.transaction(conn):
        for day in (20, 21, 22):
            sought.note(conn, key, ("amina", "otieno"), f"2026-11-{day} 09", date(2026, 11, day))
    assert "amina otieno" in inside.get("/reports", **HOST).text
    assert send(inside, "/reports", "/reports/words", words="amina otieno").status_code == 303
    assert "amina otieno" not in inside.get("/reports", **HOST).text
    assert audit.last(conn, 1)[0].detail == ""  # else they would stand there
    with db.transaction(conn):
        sought.note(conn, key, ("otieno", "amina"), "2026-11-23 09", date(2026, 11, 23))
    assert reports.words(conn, Period("2026-11")) == []
