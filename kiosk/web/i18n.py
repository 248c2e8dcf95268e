"""The languages of the interface, and how numbers, sizes, dates and language names are written in them.

Owns: which languages there are, how a visitor's is chosen, and the translations of sentences that lower layers raise.
True always: the choice is `?lang=`, then the cookie, then what the browser asks for, then English; a page is never
left for another site by choosing. In which languages content is shown first is another choice, with a cookie of its
own: people read a lesson in the language of the village and find their way by that of the school.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode

import babel
from babel import Locale, UnknownLocaleError
from flask import Flask, Response, redirect, request
from flask_babel import Babel, format_date, format_datetime, format_decimal, get_locale, gettext
from markupsafe import Markup, escape
from werkzeug.wrappers import Response as AnyResponse

from kiosk.errors import InvalidInput
from kiosk.packs.names import is_language
from kiosk.web import current, names

LANGUAGES = {
    "en": "English",
    "fr": "Français",
    "es": "Español",
    "pt": "Português",
    "sw": "Kiswahili",
    "ar": "العربية",
    "hi": "हिन्दी",
}
"""The interface's languages, each named as its speakers do; the first is used when nothing better is known."""
DAYS = {"es": "d 'de' MMMM 'de' y", "pt": "d 'de' MMMM 'de' y"}
MONTHS = {"es": "LLLL 'de' y", "pt": "LLLL 'de' y"}
MOMENTS = {"ar": "d MMM y، HH:mm"}
"""Patterns of dates where a language differs from the common one. Digits are 0-9 in every language, as on the phones'
own keys and in the prices people write.
"""
NAMES = {"ach": "Acholi", "kdj": "Ŋakarimojoŋ", "lgg": "Lugbara"}
"""Names of languages that Babel does not know."""
COOKIE, CONTENT_COOKIE = "lang", "content"
MOST_CONTENT = 12
"""Most content languages that a visitor's choice holds."""
YEAR = timedelta(days=365)
DOMAIN = "kiosk"
CATALOGUES = Path(__file__).parents[1] / "locale"


def install(app: Flask) -> None:
    """Give an application its languages."""
    Babel(
        app,
        default_locale=next(iter(LANGUAGES)),
        default_domain=DOMAIN,
        default_translation_directories=str(CATALOGUES),
        locale_selector=chosen,
    )
    app.before_request(_switch)
    app.after_request(_vary)
    app.context_processor(_names)
    app.jinja_env.filters.update(
        size=size,
        day=day,
        moment=moment,
        number=number,
        language_name=language_name,
        direction=direction,
        paragraphs=paragraphs,
    )


def offered() -> dict[str, str]:
    """Return the languages that this site offers, with their names: the portal's are an operator's to choose."""
    wanted = names.chosen().languages if current.site().name == "portal" else ()
    return {code: word for code, word in LANGUAGES.items() if code in wanted} or LANGUAGES


def chosen() -> str:
    """Return the code of the language this request is answered in."""
    there = offered()
    cookie = request.cookies.get(COOKIE, "")
    if cookie in there:
        return cookie
    for wish, quality in request.accept_languages:  # the dearest first; fr-CA is served with fr
        language = wish.split("-")[0].lower()
        if quality > 0 and language in there:
            return language
    return next(iter(there))


def content_languages() -> tuple[str, ...]:
    """Return the languages this visitor wants content in, the dearest first: those chosen, else the interface's."""
    wanted = request.cookies.get(CONTENT_COOKIE, "").split(".")[:MOST_CONTENT]
    return tuple(dict.fromkeys(code for code in wanted if is_language(code))) or (chosen(),)


def remember_content(response: AnyResponse, languages: Iterable[str]) -> None:
    """Have the browser keep the choice of content languages; none means those of the interface again."""
    kept = ".".join(list(languages)[:MOST_CONTENT])
    if kept:
        response.set_cookie(CONTENT_COOKIE, kept, max_age=YEAR, httponly=True, samesite="Lax", path="/")
    else:
        response.delete_cookie(CONTENT_COOKIE, httponly=True, samesite="Lax", path="/")


def message(error: InvalidInput) -> str:
    """Return what is wrong with what was typed, in the visitor's language.

    What an InvalidInput is raised with is found and translated as what `gettext` is called with.
    """
    return str(gettext(error.message))


def size(size_bytes: int) -> str:
    """Return a size such as "38 KB" or "1.2 MB" (thousands, not 1024)."""
    if size_bytes < 999_500:
        return str(gettext("%(number)s KB", number=format_decimal(max(1, round(size_bytes / 1000)))))
    if size_bytes < 999_500_000:
        return str(gettext("%(number)s MB", number=_short(size_bytes / 1_000_000)))
    return str(gettext("%(number)s GB", number=_short(size_bytes / 1_000_000_000)))


def _short(value: float) -> str:
    return str(format_decimal(round(value, 1) if value < 10 else round(value)))


def day(value: date) -> str:
    """Return a date such as "24 November 2026"."""
    return str(format_date(value, DAYS.get(chosen(), "d MMMM y")))


def short_day(value: date) -> str:
    """Return a date of a known year, such as "24 Nov"."""
    return str(format_date(value, "d MMM"))


def month(value: date) -> str:
    """Return the month of a date, such as "November 2026"."""
    return str(format_date(value, MONTHS.get(chosen(), "LLLL y")))


def moment(value: datetime) -> str:
    """Return a moment by the village's clocks, such as "24 Nov 2026, 14:05"."""
    pattern = MOMENTS.get(chosen(), "d MMM y, HH:mm")
    return str(format_datetime(value.astimezone(current.config().time_zone), pattern, rebase=False))


def number(value: int) -> str:
    """Return a whole number with the language's separators."""
    return str(format_decimal(value))


def language_name(code: str) -> str:
    """Return a language's name for itself, such as "Français"; the code when nobody knows it."""
    if known := LANGUAGES.get(code) or NAMES.get(code):
        return known
    try:
        name = Locale.parse(code, sep="-").get_display_name()
    except (UnknownLocaleError, ValueError):
        return code
    return name[0].upper() + name[1:] if name else code


def direction(code: str) -> str:
    """Return the direction in which a language is written, "ltr" or "rtl"; "ltr" when nobody knows it."""
    try:
        return str(Locale.parse(code, sep="-").text_direction)
    except (UnknownLocaleError, ValueError):
        return "ltr"


def paragraphs(text: str) -> Markup:
    """Return plain text, escaped, with its line breaks kept."""
    return Markup("<br>\n").join(escape(line) for line in text.split("\n"))


def address_of(path: str, query: Sequence[tuple[str, str]]) -> str:
    """Return the address of a page of this site: a path with a query.

    Built from the path alone, with one slash in front and the rest quoted: it can not name another host.
    """
    return "/" + quote(path.lstrip("/\\")) + ("?" + urlencode(query) if query else "")


def here(path: str, query: Iterable[tuple[str, str]], **more: str) -> str:
    """Return the address of a page of this site, without what its query says of the language."""
    rest = [(key, value) for key, value in query if key != "lang"] + list(more.items())
    return address_of(path, rest)


def switches(address: str) -> list[tuple[str, str, str]]:
    """Return code, name and link of each language of the interface; the links lead to `address`, path and query."""
    path, _, query = address.partition("#")[0].partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    return [(code, name, here(unquote(path), pairs, lang=code)) for code, name in offered().items()]


def _switch() -> AnyResponse | None:
    """Answer `?lang=xx`: remember the language and show the same page again without it."""
    wanted = request.args.get("lang", "")
    if request.method != "GET" or wanted not in offered():
        return None
    answer = redirect(here(request.path, request.args.items(multi=True)), 302)
    answer.set_cookie(COOKIE, wanted, max_age=YEAR, httponly=True, samesite="Lax", path="/")
    return answer


def _vary(response: Response) -> Response:
    if response.mimetype == "text/html":
        response.vary.update(("Accept-Language", "Cookie"))
        if not response.content_language:  # a page of a book has its own
            response.content_language.add(chosen())
    return response


def _names() -> dict[str, object]:
    locale: babel.Locale = get_locale() or Locale("en")
    shown = here(request.path, request.args.items(multi=True)) if request.method == "GET" else request.path
    return {
        "language": chosen(),
        "direction": locale.text_direction,
        "language_word": LANGUAGES[chosen()],
        "language_switches": switches(shown),
        "languages_page": "/languages?" + urlencode({"page": shown}),
    }
