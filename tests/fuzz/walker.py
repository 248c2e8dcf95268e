"""Does on a site what scripts say: opens pages, fills in the forms that are really there, and tries every address.

True always: what there is to send is found in the pages, the route table and the source, so that a new page is tried as
soon as it is there.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule

from tests.fuzz.judge import Judge
from tests.fuzz.phone import Answer, Fields, Files, Phone, Sent, local, multipart, query, quoted
from tests.fuzz.scene import Role
from tests.fuzz.scripts import FORM, RULE, TORN, Script, Step
from tests.portal.crawl import Form, Input, Page, fit, read, starts

SAFE = {"GET", "HEAD", "OPTIONS"}
OF_A_KIND = 6
"""Addresses of one view that are remembered for each who comes."""
TOKEN = "csrf_token"
SOURCES = Path(__file__).parents[2] / "kiosk"
FIT = ("Maize", "7", "a field of maize", "2026-11-25T10:00", "4071", "")
"""What may fit in a field that takes text, or a password."""
DATED = {"datetime-local": "2026-11-25T10:00", "month": "2026-11", "time": "10:00", "file": ""}
CHOSEN = ("submit", "button", "radio", "select", "checkbox")

Known = dict[str, deque[str]]


class Walker:
    """Walks a site in turn as each of `roles`."""

    def __init__(self, app: Flask, site: str, roles: dict[str, Role], judge: Judge) -> None:
        self.app, self.roles, self.judge = app, roles, judge
        self.rules = sorted(app.url_map.iter_rules(), key=str)
        self.names = asked_for(site)
        self.sent: Counter[str] = Counter()
        """How often a token that fits was sent to each view that changes something."""
        self.taken: Counter[str] = Counter()
        """How often such a form was taken."""
        self._pages: dict[str, Known] = {role: {} for role in roles}
        self._forms: dict[str, Known] = {role: {} for role in roles}
        self._arguments: dict[str, deque[str]] = defaultdict(lambda: deque(maxlen=OF_A_KIND))
        self._token = ""

    def explore(self, role: str, restore: Callable[[], None]) -> None:
        """Open every page that links lead to, send each form as it stands, and something to every address."""
        seen, kinds = set[str](), Counter[str]()
        unseen = deque(starts(self.app))
        while unseen:
            address = unseen.popleft()
            seen.add(address)
            endpoint, _ = self._match(address, "GET")
            kinds[endpoint] += 1
            if kinds[endpoint] <= OF_A_KIND:
                self._visit(self.roles[role](), role, address)
                known = {each for addresses in self._pages[role].values() for each in addresses}
                unseen = deque(sorted((known | set(unseen)) - seen))
        for addresses in list(self._forms[role].values()):
            for form in self._forms_on(self.roles[role](), role, addresses[0]):
                for n in range(min(len(form.inputs), len(FIT)) or 1):
                    restore()  # the form of before may have been the one to sign out
                    phone = self.roles[role]()
                    for fresh in self._forms_on(phone, role, form.page)[form.number : form.number + 1]:
                        self._post(phone, role, fresh.action, fresh.method, [*filled(fresh, None, n)], ())
        for rule in self.rules:
            for method in sorted(rule.methods or ()):
                restore()
                phone = self.roles[role]()
                self._find_token(phone, role)
                self._send(phone, role, Sent(method, self._address(rule, None), *self._bodied(method)))

    def follow(self, script: Script) -> None:
        """Do what a script says, as a phone that has just come."""
        role = sorted(self.roles)[script.role % len(self.roles)]
        phone = self.roles[role]()
        self._token = ""
        for step in script.steps:
            if step.act in (FORM, TORN) and self._forms[role]:
                self._do_form(phone, role, step)
            elif step.act == RULE:
                self._do_rule(phone, role, step)
            else:
                address = _one(self._pages[role], step)
                odd = "&".join(f"{name}={quoted(value)}" for name, value in self._odd(step))
                self._visit(phone, role, f"{address}{'&' if '?' in address else '?'}{odd}", step.headers)

    def _do_form(self, phone: Phone, role: str, step: Step) -> None:
        forms = self._forms_on(phone, role, _one(self._forms[role], step))
        if not forms:
            return
        form = forms[step.picks[2] % len(forms)]
        fields, files = twisted([*filled(form, step, step.picks[3])], attached(form, step), step, self._odd(step))
        if step.act == TORN:
            body, kind = multipart(fields, files) if step.mask % 2 else (query(fields).encode(), "")
            cut = body[: step.picks[4] % (len(body) + 1)] + step.file[0]
            self._send(
                phone, role, Sent("POST", form.action, cut, kind or "application/x-www-form-urlencoded", step.headers)
            )
            return
        action = form.action
        if step.twist == "query":
            action += ("&" if "?" in action else "?") + query([pair for pair in fields if pair[0] != TOKEN])
        self._post(phone, role, action, form.method, fields, files, step.headers)

    def _do_rule(self, phone: Phone, role: str, step: Step) -> None:
        self._find_token(phone, role)
        rule = self.rules[step.picks[0] % len(self.rules)]
        listed = sorted(rule.methods or ())
        method = step.method if step.picks[1] % 4 == 0 else listed[step.picks[1] % len(listed)]
        fields = [*self._odd(step), *self._odd(step), (TOKEN, self._token)]
        body, kind = multipart(fields, [(name, step.file) for name, _ in self._odd(step)[:1]])
        self._send(phone, role, Sent(method, self._address(rule, step), body, kind, step.headers))

    def _odd(self, step: Step) -> list[tuple[str, str]]:
        names = self.names or ("x",)
        return [(names[(step.picks[n] + n) % len(names)], value) for n, value in enumerate(step.values)]

    def _post(
        self, phone: Phone, role: str, action: str, method: str, fields: Fields, files: Files,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:  # fmt: skip
        if method == "GET":
            asked = query([(name, value) for name, value in fields if name != TOKEN])
            self._visit(phone, role, f"{action.partition('?')[0]}?{asked}", headers)
            return
        body, kind = (
            multipart(fields, files) if files else (query(fields).encode(), "application/x-www-form-urlencoded")
        )
        self._send(phone, role, Sent(method, action, body, kind, headers))

    def _visit(self, phone: Phone, role: str, address: str, headers: tuple[tuple[str, str], ...] = ()) -> list[Form]:
        """Open a page, remember what it leads to, and return its forms."""
        answer = self._send(phone, role, Sent("GET", address, headers=headers), follow=False)
        if answer is None or answer.code >= 400 or answer.type != "text/html":
            return []
        page = read(Page(address, "", answer.text))
        for link in page.links:
            plain = link.partition("#")[0]
            if local(plain) and "lang=" not in plain:
                self._remember(self._pages[role], plain)
        forms = [form for form in page.forms if local(form.action) and "lang=" not in form.action]
        if forms and not urlsplit(address).query:
            self._remember(self._forms[role], address)
        for form in forms:
            self._token = next((each.value for each in form.inputs if each.name == TOKEN), self._token)
        return forms

    def _forms_on(self, phone: Phone, role: str, address: str) -> list[Form]:
        return self._visit(phone, role, address)

    def _find_token(self, phone: Phone, role: str) -> None:
        for addresses in self._forms[role].values() if not self._token or len(phone.cookies) < 1 else ():
            self._visit(phone, role, addresses[0])
            if self._token:
                return

    def _bodied(self, method: str) -> tuple[bytes, str]:
        if method in SAFE:
            return b"", ""
        return query([(TOKEN, self._token)]).encode(), "application/x-www-form-urlencoded"

    def _send(self, phone: Phone, role: str, sent: Sent, *, follow: bool = True) -> Answer | None:
        endpoint, _ = self._match(sent.address, sent.method)
        try:
            answer = phone.send(sent)
        except Exception as error:  # noqa: BLE001 - whatever breaks off an answer is what is looked for
            self.judge.broke(sent, endpoint, error)
            return None
        self.judge.look(sent, endpoint, answer)
        if sent.method not in SAFE and TOKEN.encode() in sent.body:
            self.sent[endpoint] += 1
            self.taken[endpoint] += answer.code < 400
        where = urljoin(sent.address, answer.headers.get("Location", ""))
        if follow and answer.code in (302, 303) and local(where):
            self._visit(phone, role, where)
        return answer

    def _remember(self, known: Known, address: str) -> None:
        endpoint, values = self._match(address, "GET")
        if endpoint:
            addresses = known.setdefault(endpoint, deque(maxlen=OF_A_KIND))
            if address not in addresses:
                addresses.append(address)
            for name, value in values.items():
                if str(value) not in self._arguments[name]:
                    self._arguments[name].append(str(value))

    def _match(self, address: str, method: str) -> tuple[str, dict[str, object]]:
        try:
            found, values = self.app.url_map.bind("localhost").match(urlsplit(address).path, method=method)
        except (HTTPException, ValueError):
            return "", {}
        return str(found), dict(values)

    def _address(self, rule: Rule, step: Step | None) -> str:
        """Return an address that a rule matches, or nearly, of what is known and of a script's odd values."""
        address = rule.rule
        for n, name in enumerate(sorted(rule.arguments)):
            known = [*self._arguments[name]] or ["1"]
            value = known[step.picks[n % 6] % len(known)] if step else known[0]
            if step and step.mask >> n & 1:
                value = step.values[n % len(step.values)] or "x"
            address = re.sub(rf"<(?:\w+:)?{name}>", quoted(value)[:4000], address)
        return address


def asked_for(site: str) -> tuple[str, ...]:
    """Return the names by which a site's source asks for values of a query, a form or files."""
    paths = [path for part in (site, "web") for path in (SOURCES / part).rglob("*.py")]
    pattern = re.compile(r'\b(?:args|form|values|files)(?:\.get(?:list)?\(|\[)"(\w+)"')
    return tuple(sorted({name for path in paths for name in pattern.findall(path.read_text(encoding="utf-8"))}))


def filled(form: Form, step: Step | None, pick: int) -> list[tuple[str, str]]:
    """Return the fields of a form as a person may send them, where a script says so with an odd value."""
    names = dict.fromkeys(each.name for each in form.inputs if each.type != "file")
    fields = []
    for n, name in enumerate(names):
        same = [each for each in form.inputs if each.name == name]
        odd = step is not None and step.mask >> n & 1 and name != TOKEN
        fields.append((name, step.values[n % len(step.values)] if odd and step else _fit(same, pick)))
    return fields


def attached(form: Form, step: Step) -> list[tuple[str, tuple[bytes, str, str]]]:
    """Return the files that a script puts into a form."""
    return [(each.name, step.file) for each in form.inputs if each.type == "file"]


def _fit(same: Sequence[Input], pick: int) -> str:
    one = same[pick % len(same)]
    choices = one.choices or (one.value,)
    if one.type in CHOSEN or one.value:
        return choices[pick % len(choices)]
    if one.type == "hidden":
        return ""
    return FIT[pick % len(FIT)] if one.type in ("text", "password") else DATED.get(one.type, fit(one.type))


def twisted(
    fields: list[tuple[str, str]],
    files: list[tuple[str, tuple[bytes, str, str]]],
    step: Step,
    odd: list[tuple[str, str]],
) -> tuple[list[tuple[str, str]], list[tuple[str, tuple[bytes, str, str]]]]:
    """Return the form as a script twists it; its token stays."""
    token, rest = [pair for pair in fields if pair[0] == TOKEN], [pair for pair in fields if pair[0] != TOKEN]
    if step.twist == "repeat":
        rest, files = [*rest, *((name, odd[0][1]) for name, _ in rest)], files * 3
    elif step.twist == "drop" and rest:
        rest.pop(step.picks[5] % len(rest))
    elif step.twist == "extra":
        rest += odd
    elif step.twist == "as-files":
        rest, files = [], [*files, *((name, (value.encode("utf-8", "replace"), "x", "")) for name, value in rest)]
    elif step.twist == "as-text":
        rest, files = [*rest, *((name, odd[0][1]) for name, _ in files)], []
    elif step.twist == "reverse":
        rest.reverse()
    return [*token, *rest], files


def _one(known: Known, step: Step) -> str:
    addresses = known[sorted(known)[step.picks[0] % len(known)]]
    return addresses[step.picks[1] % len(addresses)]
