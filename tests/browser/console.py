"""A console on which every page has something to show, as a manager sees it, an editor, and who is not in."""

from __future__ import annotations

from collections import Counter, deque
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask
from flask.testing import FlaskClient

from kiosk.config import Config, Site
from kiosk.console import create_console
from kiosk.console.session import OPEN_TO_ALL
from kiosk.host.machine import Helped
from kiosk.store import (
    audit,
    backups,
    bans,
    board_settings,
    cards,
    copies,
    counts,
    db,
    events,
    guesses,
    members,
    moderation,
    offers,
    operators,
    own_notices,
    papers,
    restore_orders,
    sealed,
    settings,
    threads,
    uploads,
    usage,
)
from kiosk.store.counts import Kind
from kiosk.store.moderation import Act
from kiosk.store.offers import Offered
from kiosk.store.operators import Rights
from kiosk.store.own_notices import Days, Text
from kiosk.store.restore_orders import Asked
from kiosk.store.settings import SyncSettings
from kiosk.store.state import State
from kiosk.store.usage import Link
from tests.browser.everything import Seen, filled
from tests.console.entering import HOST, let_in
from tests.portal.conftest import NOW, Packer, village
from tests.portal.crawl import ENOUGH_OF_A_KIND, Page, endpoint_of, read
from tests.portal.membership import join
from tests.sounds import silence

NOT_PAGES = {"healthz", "static", "icon", "board.small", "board.voice", "documents.send", "notices.sound"}
"""What a GET brings that stands within a page. A new page is not to be added here, but to be led to by a link."""
RESTORE = "/backup/restore/look"
"""Where a form leads that was given a backup."""
ASKED = (RESTORE, "/acts?who=manager", "/acts?who=nobody", "/nothing", "/login")
"""Pages that are unlike the first of their kind, and what no link leads to."""
HOST_NAME = "127.0.0.3"
SYNCS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("sync.finished", {"changes": [["village", 0, 1]], "fetched_bytes": 48_000_000}),
    ("sync.failed", {"message": "the mirror does not answer", "hint": "is there a link?"}),
    ("sync.paused", {"reason": "paused", "again": None}),
    ("sync.rolled_back", {"generation": 1}),
    ("sync.finished", {"changes": [], "fetched_bytes": 0}),
)


def everything(config: Config) -> tuple[Flask, list[Seen]]:
    """Return a console that is full, and the pages to be looked at: one of every kind, for each who may see it."""
    filled(config)
    app = create_console(
        replace(config, console=Site(HOST_NAME, 8000, HOST["base_url"])),
        lambda: NOW,
        Helped(config.state / "nobody.sock"),
    )
    state = State(config.state)
    with closing(db.connect(state.database)) as conn:
        manager, editor = (let_in(app, conn, rights, NOW) for rights in (Rights.MANAGER, Rights.EDITOR))
        _fill(conn, state)
    seen, reached = _walk(app, manager)
    pages = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    pages -= NOT_PAGES | set(OPEN_TO_ALL) | {endpoint_of(app, RESTORE)}
    assert pages <= reached, f"lead to them by a link, with something to show: {pages - reached}"
    for_editor, reached = _walk(app, editor)
    closed = {each for each in pages if getattr(app.view_functions[each], "needs", None)}
    assert pages - closed <= reached, f"an editor is not led to {pages - closed - reached}"
    assert not closed & reached
    seen += [Seen(address, cookie_of(manager)) for address in ASKED]
    return app, [*seen, *for_editor, Seen("/acts", cookie_of(editor)), Seen("/login", "")]


def cookie_of(client: FlaskClient) -> str:
    """Return the session cookie of who is signed in."""
    found = client.get_cookie("console_session", HOST_NAME)
    assert found
    return found.value


def _walk(app: Flask, client: FlaskClient) -> tuple[list[Seen], set[str]]:
    """Return the first page of each kind that links and searches lead to from the start, and all that was reached."""
    first: dict[str, str] = {}
    known, kinds, queue = {"/"}, Counter[str](), deque(["/"])
    while queue:
        address = queue.popleft()
        endpoint = endpoint_of(app, address)
        kinds[endpoint] += 1
        if kinds[endpoint] > ENOUGH_OF_A_KIND:
            continue
        with client.get(address, **HOST) as answer:
            assert answer.status_code == 200, (address, answer.status_code)
            if answer.mimetype != "text/html":
                continue
            page = read(Page(address, endpoint, answer.get_data(as_text=True)))
        first.setdefault(endpoint, address)
        links = [*page.links, *(form.action for form in page.forms if form.method == "GET")]
        for link in (link.partition("#")[0] for link in links):
            if link.startswith("/") and "lang=" not in link and link not in known:
                known.add(link)
                queue.append(link)
    return [Seen(address, cookie_of(client)) for address in first.values()], set(kinds)


def _fill(conn: db.Connection, state: State) -> None:
    for number, (kind, detail) in enumerate(SYNCS):
        events.record(conn, kind, NOW - timedelta(hours=40 - 6 * number), **detail)
    events.record(conn, "backup.finished", NOW - timedelta(days=2))
    events.record(conn, copies.REPLACED, NOW - timedelta(days=1), copied_at=db.to_text(NOW - timedelta(days=2)))
    _write(conn)
    _send(conn, state)
    _tell(conn, state)
    _offer(conn)
    holders = [join(state, name) for name in ("محمد بن عبد الله", "श्रीमती कृष्णा त्रिपाठी", "Zoë", "Wanjirũ wa Mũgĩthi")]
    with db.transaction(conn):
        cards.revoke(conn, holders[0].member, NOW)
        members.add(conn, "Without Card", NOW)
        paper = conn.execute("SELECT max(paper) FROM papers").fetchone()[0]
        members.record_reading(conn, holders[1].member, paper, 1, NOW)
        operators.add(conn, "Grace", Rights.EDITOR, NOW)
        operators.add(conn, "a-long-name-without-any-space-in-it-at-a", Rights.EDITOR, NOW)
        operators.shut_out(conn, "Grace", shut=True)
        guesses.count(conn, "manager", NOW, known=True)
        guesses.count(conn, "somebody", NOW, known=False)
        for number in range(60):
            audit.record(conn, "manager", "member.added", f"№ {number}", NOW)


def _send(conn: db.Connection, state: State) -> None:
    """Have a long notice, one that was taken down, a paper that was withdrawn, and a file on its way."""
    days = Days(NOW.date(), NOW.date() + timedelta(days=9), pinned=True)
    text = Text("en", "The-assembly-that-has-a-title-of-one-word" * 3, "At nine.\nBring your card.")
    with db.transaction(conn):
        own_notices.add(conn, state, days, text)
        own_notices.end(conn, own_notices.add(conn, state, days, text), NOW)
        papers.withdraw(conn, 1, NOW)
        wanted = uploads.Wanted("Film", "other", "ar", members_only=False)
        uploads.begin(conn, state, "editor", "a-film-of-the-harvest" * 9, "a" * 64, 300_000_000, wanted, 0, NOW)


def _tell(conn: db.Connection, state: State) -> None:
    """Have an earlier generation, notices, counts, and a backup that is about to be restored."""
    again = Packer(state)
    village(again)
    again.install(2)
    days = Days(NOW.date(), NOW.date() + timedelta(days=9), pinned=True)
    key, recipient = sealed.new_key()
    with db.transaction(conn):
        notice = own_notices.add(conn, state, days, Text("en", "Market day", "It is on Friday."), silence(1))
        own_notices.write(conn, state, notice, Text("ar", "يوم السوق", "يوم الجمعة."))
        hours = {counts.place(f"2026-11-{day:02} 09", kind, ""): 40 + day for day in range(1, 24) for kind in Kind}
        counts.add(conn, hours)
        usage.add(conn, NOW, ZoneInfo("UTC"), Link.INTERNET, 3_000_000, 60_000)
        backups.choose_recipient(conn, recipient)
    with backups.alone(state):
        kept = backups.make(conn, state, "Umoja Telecenter", NOW, 0)
    restore_orders.ask(state, Asked(backups.path_of(state, kept.name), key, "manager", NOW))


def _offer(conn: db.Connection) -> None:
    """Put packs on offer, and use of the internet."""
    names = ("farming-handbook", "a-name-of-a-pack-that-is-as-long-as-a-pack-may-be-called-at-all")
    found = [Offered(name, 3, "stable", ("book", "course"), 9_000_000, 0, 4_000_000, 0, 4_000_000) for name in names]
    offers.remember(conn, found, whole=True)
    events.record(conn, "look.finished", NOW - timedelta(hours=1))
    for days, link in enumerate((Link.INTERNET, Link.METERED, Link.FREE)):
        usage.add(conn, NOW - timedelta(days=days), ZoneInfo("UTC"), link, 3_000_000, 60_000)
    settings.save_sync(conn, SyncSettings(day_bytes=5_000_000, order=names))


def _write(conn: db.Connection) -> None:
    act = Act("manager", NOW, "it insults a neighbour")
    with db.transaction(conn):
        board_settings.save(conn, replace(board_settings.read(conn), first_waits=True))
        rude = threads.open_thread(conn, "Insults", "Juma", "Hear me", NOW, sending=threads.Sending("c" * 32))
        post = threads.first_post(conn, rude)
        bans.ban(conn, post, 7, act, NOW.date())
        moderation.restore(conn, post, Act("editor", NOW))
        sold = threads.open_thread(
            conn, "كراسي للبيع", "محمد", "كرسيان من الخشب", NOW, sending=threads.Sending("d" * 32)
        )
        for number, reason in enumerate(("fraud", "rude")):
            moderation.report(conn, threads.first_post(conn, sold), reason, f"{number}" * 32, f"{number}" * 32, NOW)
        kept = threads.open_thread(conn, "A-title-that-is-one-word-and-does-not-end" * 2, "Li", "x" * 90, NOW)
        moderation.move(conn, kept, "market", act)
