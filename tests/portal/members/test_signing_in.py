"""Signing in and out: what a card, a PIN and a phone open, what keeps others out, and how long it lasts."""

from __future__ import annotations

import re
from contextlib import closing
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kiosk.store import cards, db
from tests.portal.conftest import NOW
from tests.portal.members.conftest import Hands
from tests.portal.membership import Holder, join, post, press, sign_in, state_of


def wrong(phone: FlaskClient, holder: Holder, times: int, hands: Hands) -> str:
    """Type so many wrong PINs, waiting as long as one must; return the last page."""
    page = ""
    for _ in range(times):
        hands.now += timedelta(minutes=16)
        page = sign_in(phone, holder, "0000").text
    return page


def test_card_and_pin_sign_in_and_a_tap_signs_out(phone: FlaskClient, holder: Holder) -> None:
    answer = sign_in(phone, holder)
    assert (answer.status_code, answer.location) == (303, "/members")
    page = phone.get("/courses").text
    assert "Amina Okello" in page
    assert "minutes for 1" in phone.get("/secret").text
    out = post(phone, "/members/sign-out", "/courses")
    assert (out.status_code, out.location) == (303, "/")
    assert "Amina Okello" not in phone.get("/courses").text
    assert phone.get("/secret").status_code == 303


def test_the_card_alone_signs_nobody_in(phone: FlaskClient, holder: Holder) -> None:
    page = phone.get(f"/c/{holder.token}")
    assert page.status_code == 200
    assert "Amina" not in page.text
    for pin in ("", "4072", "407", "40711", "----"):
        answer = sign_in(phone, holder, pin)
        assert answer.status_code == 422
        assert "The card or the PIN is not right." in answer.text or "Too many wrong PINs" in answer.text
    assert phone.get("/secret").status_code == 303


@pytest.mark.parametrize("grouped", ["{}{}{}", "{} {} {}", "{}-{}-{}", " {}.{}.{} "])
def test_the_number_on_the_card_may_be_typed(phone: FlaskClient, holder: Holder, grouped: str) -> None:
    code = grouped.format(holder.code[:4], holder.code[4:8], holder.code[8:])
    assert post(phone, "/members/sign-in", "/members/sign-in", code=code, pin=holder.pin).status_code == 303


def test_digits_of_other_scripts_are_digits(phone: FlaskClient, holder: Holder) -> None:
    arabic = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
    fields = {"code": holder.code.translate(arabic), "pin": holder.pin.translate(arabic)}
    assert post(phone, "/members/sign-in", "/members/sign-in", **fields).status_code == 303


@pytest.mark.parametrize("code", ["", "0", "000000000000", "x" * 500, "1" * 5000, "4071-٠", "\x00", "-1"])
def test_other_numbers_open_nothing(phone: FlaskClient, holder: Holder, code: str) -> None:
    assert post(phone, "/members/sign-in", "/members/sign-in", code=code, pin=holder.pin).status_code == 422
    assert post(phone, "/members/sign-in", "/members/sign-in", card=code, pin=holder.pin).status_code == 422


def test_a_phone_that_knows_the_card_asks_for_the_pin_only(phone: FlaskClient, site: Flask, holder: Holder) -> None:
    sign_in(phone, holder)
    post(phone, "/members/sign-out", "/members")
    page = phone.get("/members/sign-in").text
    assert "Amina Okello" in page
    match = re.search(r'name="card" value="(\d+)"', page)
    assert match
    other = site.test_client()
    assert "Amina" not in other.get("/members/sign-in").text
    assert post(other, "/members/sign-in", "/members/sign-in", card=match[1], pin=holder.pin).status_code == 422
    assert post(phone, "/members/sign-in", "/members/sign-in", card=match[1], pin=holder.pin).status_code == 303


def test_a_copy_of_the_card_needs_the_pin_and_is_seen(
    phone: FlaskClient, site: Flask, holder: Holder, hands: Hands
) -> None:
    sign_in(phone, holder)
    copy = site.test_client()
    assert sign_in(copy, holder, "0000").status_code == 422
    hands.now += timedelta(minutes=1)
    assert sign_in(copy, holder).status_code == 303
    wrong(site.test_client(), holder, 2, hands)
    sign_in(phone, holder)
    page = phone.get("/members").text
    assert "your card was used on another phone" in page
    assert "2 wrong PINs were typed for your card elsewhere." in page
    assert page.count("Forget this phone") == 2
    assert "Another phone" in page


def test_wrong_pins_are_slowed_then_locked_for_the_card_and_no_other(
    site: Flask, phone: FlaskClient, holder: Holder, hands: Hands
) -> None:
    for _ in range(3):
        assert "not right" in sign_in(phone, holder, "0000").text
    assert "Please wait a few minutes." in sign_in(phone, holder).text, "also the right one waits"
    hands.now += timedelta(seconds=31)
    assert "not right" in sign_in(phone, holder, "0000").text
    hands.now += timedelta(seconds=31)
    assert "Please wait" in sign_in(phone, holder).text, "the next wait is longer"
    assert "not right" in wrong(phone, holder, 6, hands)
    hands.now += timedelta(days=30)
    assert "This card is locked." in sign_in(phone, holder).text
    assert "This card is locked." in sign_in(site.test_client(), holder).text, "whatever phone, whatever address"
    second = join(state_of(site), "Juma", "5082")
    assert sign_in(phone, second).status_code == 303, "the same phone, another card"


def test_a_stranger_with_the_card_locks_out_nobody_who_has_used_it(
    site: Flask, phone: FlaskClient, holder: Holder, hands: Hands
) -> None:
    sign_in(phone, holder)
    stranger = site.test_client()
    assert "not right" in wrong(stranger, holder, 10, hands)
    assert "This card is locked." in sign_in(stranger, holder).text
    assert sign_in(phone, holder).status_code == 303
    assert "This card is locked." in sign_in(stranger, holder).text, "the owner's right PIN gives the stranger no more"


def test_a_stranger_without_a_card_can_lock_nothing(site: Flask, phone: FlaskClient, holder: Holder) -> None:
    stranger = site.test_client()
    for code in range(50):
        post(stranger, "/members/sign-in", "/members/sign-in", code=f"{code:012}", pin="0000")
    for number in range(1, 20):
        post(stranger, "/members/sign-in", "/members/sign-in", card=str(number), pin="0000")
    with closing(db.connect(state_of(site).database)) as rows:
        assert cards.all_of(rows, holder.member)[0].failures == 0
    assert sign_in(phone, holder).status_code == 303


def test_idle_minutes_end_a_session(phone: FlaskClient, holder: Holder, hands: Hands) -> None:
    sign_in(phone, holder)
    for _ in range(4):
        hands.now += timedelta(minutes=14)
        assert phone.get("/secret").status_code == 200
    hands.now += timedelta(minutes=16)
    assert phone.get("/secret").status_code == 303
    hands.now -= timedelta(minutes=16)
    assert phone.get("/secret").status_code == 303, "what is over stays over, whatever the clock says then"


def test_no_session_is_longer_than_the_limit(phone: FlaskClient, holder: Holder, hands: Hands) -> None:
    sign_in(phone, holder)
    for _ in range(24):
        hands.now += timedelta(minutes=10)
        assert phone.get("/secret").status_code == 200
    hands.now += timedelta(minutes=10)
    assert phone.get("/secret").status_code == 303


def test_a_clock_that_is_set_back_keeps_nobody_signed_in(phone: FlaskClient, holder: Holder, hands: Hands) -> None:
    sign_in(phone, holder)
    hands.now -= timedelta(days=900)
    assert phone.get("/secret").status_code == 303


def test_a_card_that_is_revoked_or_reissued_ends_its_sessions(site: Flask, phone: FlaskClient, holder: Holder) -> None:
    state = state_of(site)
    sign_in(phone, holder)
    with closing(db.connect(state.database)) as rows, db.transaction(rows):
        assert cards.revoke(rows, holder.member, NOW)
    assert phone.get("/secret").status_code == 303
    assert sign_in(phone, holder).status_code == 422
    with closing(db.connect(state.database)) as rows, db.transaction(rows):
        cards.issue(rows, press(state), holder.member, "6093", NOW)
        fresh = cards.printed(rows, press(state), holder.member)
    assert fresh.token != holder.token
    assert sign_in(phone, holder, "6093").status_code == 422
    assert sign_in(phone, Holder(holder.member, fresh.token, fresh.code, "6093")).status_code == 303


def test_a_changed_pin_ends_the_sessions_elsewhere(site: Flask, phone: FlaskClient, holder: Holder) -> None:
    other = site.test_client()
    sign_in(phone, holder)
    sign_in(other, holder)
    answer = post(phone, "/members/pin", "/members", old=holder.pin, new="58 20")
    assert (answer.status_code, answer.location) == (303, "/members")
    assert phone.get("/secret").status_code == 200
    assert other.get("/secret").status_code == 303
    assert sign_in(other, holder).status_code == 422
    assert sign_in(other, holder, "5820").status_code == 303


def test_signing_in_leads_back_and_never_elsewhere(phone: FlaskClient, holder: Holder) -> None:
    asked = phone.get("/secret?page=2&q=a b")
    assert asked.status_code == 303
    page = phone.get(asked.location).text
    match = re.search(r'name="next" value="([^"]+)"', page)
    assert match
    answer = sign_in(phone, holder, next=match[1].replace("&amp;", "&"))
    assert answer.location == "/secret?page=2&q=a+b"
    for evil in (
        "//evil.example",
        "/\\evil.example",
        "http://evil.example",
        "\\\\evil",
        "/\t/evil",
        "javascript:x",
        "",
    ):
        assert sign_in(phone, holder, next=evil).location == "/members", evil


@pytest.mark.parametrize("token", ["x", "x" * 3000, "%00", "ü", "..%2f..", "<b>"])
def test_strange_cards_only_show_the_form(phone: FlaskClient, token: str) -> None:
    answer = phone.get(f"/c/{token}")
    assert answer.status_code in (200, 404)
    assert "<b>" not in answer.text
