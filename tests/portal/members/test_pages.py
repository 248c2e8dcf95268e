"""A member's own page, and what holds for every page a member sees."""

from __future__ import annotations

import io
from contextlib import closing
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kiosk.portal import membership
from kiosk.store import db, members, papers
from kiosk.web.db import conn
from tests.portal.conftest import NOW
from tests.portal.members.conftest import Hands
from tests.portal.membership import Holder, join, post, sign_in, state_of


def test_a_phone_that_is_forgotten_is_signed_out(phone: FlaskClient, site: Flask, holder: Holder) -> None:
    sign_in(phone, holder)
    copy = site.test_client()
    sign_in(copy, holder)
    assert copy.get("/secret").status_code == 200
    post(phone, "/members/phones/2/forget", "/members")
    assert copy.get("/secret").status_code == 303
    assert "Amina" not in copy.get("/members/sign-in").text
    assert phone.get("/secret").status_code == 200


def test_a_member_can_not_make_anothers_card_forget(phone: FlaskClient, site: Flask, holder: Holder) -> None:
    sign_in(phone, holder)
    second = join(state_of(site), "Juma", "5082")
    stranger = site.test_client()
    sign_in(stranger, second)
    assert post(stranger, "/members/phones/1/forget", "/members").status_code == 303
    assert phone.get("/secret").status_code == 200


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("0000", "5820", "The card or the PIN is not right."),
        ("4071", "582", "A PIN has 4 to 6 digits."),
        ("4071", "5820417", "A PIN has 4 to 6 digits."),
        ("4071", "abcd", "A PIN has 4 to 6 digits."),
        ("4071", "1234", "Please choose another PIN."),
        ("4071", "777777", "Please choose another PIN."),
        ("4071", "4071", "Please choose another PIN."),
    ],
)
def test_a_pin_that_can_not_be_taken(phone: FlaskClient, holder: Holder, old: str, new: str, problem: str) -> None:
    sign_in(phone, holder)
    answer = post(phone, "/members/pin", "/members", old=old, new=new)
    assert answer.status_code == 422
    assert problem in answer.text
    assert sign_in(phone, holder).status_code == 303


def test_changing_the_pin_is_no_way_to_guess_it(phone: FlaskClient, holder: Holder) -> None:
    sign_in(phone, holder)
    for _ in range(3):
        post(phone, "/members/pin", "/members", old="0000", new="5820")
    assert "Too many wrong PINs." in post(phone, "/members/pin", "/members", old=holder.pin, new="5820").text


def test_what_a_member_sees_is_kept_by_no_browser(phone: FlaskClient, holder: Holder) -> None:
    assert phone.get("/open").headers["Cache-Control"] == "no-cache"
    for path in (f"/c/{holder.token}", "/members/sign-in", "/members", "/secret"):
        assert phone.get(path).headers["Cache-Control"] == "no-store", path
    assert sign_in(phone, holder).headers["Cache-Control"] == "no-store"
    for path in ("/", "/courses", "/board", "/open", "/secret", "/members", "/nope"):
        assert phone.get(path).headers["Cache-Control"] == "no-store", path
    post(phone, "/members/sign-out", "/members")
    assert phone.get("/courses").headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("path", ["/members/sign-in", "/members/sign-out", "/members/pin", "/members/phones/1/forget"])
def test_every_act_needs_its_forms_token(phone: FlaskClient, holder: Holder, path: str) -> None:
    sign_in(phone, holder)
    assert phone.post(path, data={"token": holder.token, "pin": holder.pin}).status_code == 400
    assert phone.get("/secret").status_code == 200


@pytest.mark.parametrize("path", ["/members/pin", "/members/phones/1/forget"])
def test_nobody_acts_without_being_signed_in(phone: FlaskClient, holder: Holder, path: str) -> None:
    answer = post(phone, path, "/members/sign-in", old=holder.pin, new="5820")
    assert (answer.status_code, answer.location) == (303, "/members/sign-in")


def test_a_member_sees_what_they_have_read(site: Flask, phone: FlaskClient, holder: Holder, hands: Hands) -> None:
    @site.get("/paper")
    def paper() -> str:
        with db.transaction(conn()):
            members.record_reading(conn(), membership.required(), 7, 2, hands.now)
        return "accounts"

    sign_in(phone, holder)
    assert "No paper for members yet." in phone.get("/members").text
    phone.get("/paper")
    phone.get("/paper")
    assert "read 2 times" not in phone.get("/members").text, "a browser that asks twice reads once"
    hands.now += timedelta(minutes=12)
    phone.get("/paper")
    page = phone.get("/members").text
    assert "read 2 times" in page
    assert "24 Nov 2026, 09:42" in page


def test_papers_that_were_read_have_their_titles_and_are_counted(
    site: Flask, phone: FlaskClient, holder: Holder
) -> None:
    state = state_of(site)
    with closing(db.connect(state.database)) as rows:
        for title, members_only in (("Accounts", True), ("Minutes", True), ("Price list", False)):
            data = f"{title} <b>".encode()
            with papers.drafted(state, io.BytesIO(data), len(data), 0) as draft, db.transaction(rows):
                papers.add(rows, state, draft, title, "reports", "en", NOW, members_only=members_only)
        with db.transaction(rows):
            members.record_reading(rows, holder.member, 1, 1, NOW)
            members.record_reading(rows, holder.member, 99, 4, NOW)
    sign_in(phone, holder)
    page = phone.get("/members").text
    assert "1 of 2 papers for members" in page
    assert "Accounts</strong>" in page
    assert "№ 99</strong>" in page, "also when the paper is not here any more"
    assert "Price list" not in page
    corrected = papers.drafted(state, io.BytesIO(b"corrected"), 9, 0)
    with closing(db.connect(state.database)) as rows, corrected as draft, db.transaction(rows):
        papers.add_version(rows, state, 1, draft, "Accounts, corrected", NOW)
    page = phone.get("/members").text
    assert "0 of 2 papers for members" in page, "the newest version is to be read"
    assert "Accounts</strong>" in page, "what was read is called what it was called"


def test_a_name_is_never_markup(site: Flask, phone: FlaskClient) -> None:
    sign_in(phone, join(state_of(site), "<script>x</script>"))
    page = phone.get("/members").text
    assert "<script" not in page
    assert "&lt;script&gt;x" in page
