"""What is sent, as pure data: a script is a few steps, each with numbers that choose and values that are typed.

True always: a script knows nothing of the sites, so that the same seed draws the same scripts whatever they answer.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from hypothesis import strategies as st

MARK = "x7f"
"""A tag, or a part of an attribute's name, that only stands in a page where a value got out of its place."""
ODD = (
    "", " ", "0", "-1", "1", "2", "9" * 18, "9" * 19, "9" * 400, "1e999", "NaN", "0x1f", "٣", "²", "1_000", "+1", "1.5",
    "true", "null", "[]", "{}", "\x00", "a\x00b", "\ud800", "\udfff\udbff", "\u202e\u2066\u200f", "\u2028\u2029",
    "\ufeff",
    "\ufffe\uffff", "e\u0301" * 40, "\u0300" * 300, "😀" * 200, "ﷺ" * 50, "İıſK", "\r\nX-Injected: 1",
    "\t\v\f\x1b[31m\x7f",
    f"<{MARK} on{MARK}=1>", f'" on{MARK}=1 {MARK}="', f"' on{MARK}=1 {MARK}='", f"</textarea></title><{MARK}>",
    f"javascript:{MARK}", "{{7*7777777}}", "%(name)s%s%n{0}", "../../../etc/passwd", "..%2f..%2fetc%2fpasswd",
    "/etc/passwd",
    "C:\\boot.ini", "\\\\evil.example\\x", "//evil.example/", "https://evil.example/", "/\\evil.example", "' OR 1=1--",
    '"; DROP TABLE posts; --', "%", "_", "*", 'a" OR b*', "NEAR(a b", "^a", '""""', "=1+1", "@SUM(A1)", "-2+3",
    "+cmd|' /C x'!A1",
    "2026-11-25", "2026-02-30", "0000-00-00", "9999-12-31", "10000-01-01", "2026-11-25T10:00",
    "9999-12-31T23:59:59.999999",
    "0001-01-01T00:00", "-62135596800000", "253402300800000", "[" * 900, "x" * 3000, "a b " * 3000, "x" * 70_000,
)  # fmt: skip
FILES = (
    b"One member, one vote.\n", b"number,name\n77,Amina Okello\n",
    b"", b"\x00", b"x" * 100, b"GIF89a\xff\xff\xff\xff\x00\x00\x00;",
    b"%PDF-1.7\n%\xe2\xe3\n1 0 obj<</Length 99999999999>>stream",
    b"PK\x03\x04" + b"\x00" * 40, b"PK\x05\x06" + b"\x00" * 18, b"\x7fELF", b"<html><script>alert(1)</script>",
    b"<!DOCTYPE x [<!ENTITY a 'b'>]><svg/>", b"ID3\x04" + b"\xff" * 90, b"RIFF\xff\xff\xff\xffWAVEfmt ",
    b"\xff\xd8\xff\xe0" + b"\x00" * 30, b"number,name\n1,Amina\n" + b"\xff\xfe", b"number,name\n" + b'"' * 50,
    b"number,name\n9,a\x00b\n,\n",
    b"number,name\n" + b"=1+1,@x\n" * 3, b"number;name\r1;x\r", b"\xef\xbb\xbfnumber,name\r\n7,<x7f>\r\n",
    b"age-encryption.org/v1\n-> x",
    b"\x1f\x8b\x08\x00" + zlib.compress(bytes(10**6)), b"SQLite format 3\x00" + b"\xff" * 200, b"OggS" + b"\x00" * 60,
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x01\x86\xa0\x00\x01\x86\xa0\x08\x02\x00\x00\x00\xb3\x0e\x9b\x1a",
)  # fmt: skip
"""Two that are good, then of wrong kinds, torn, and boasting of sizes."""
KINDS = (
    "",
    "text/html",
    "image/jpeg",
    "image/png",
    "application/pdf",
    "audio/mpeg",
    "text/csv",
    "x" * 300,
    "a/b; charset=\xff",
)
HEADERS: dict[str, tuple[str, ...]] = {
    "Accept-Language": ("fr", "ar;q=0.9,*;q=0", "xx-" * 500, "en;q=nan", "sw;q=-1", "\xff\xfe", ",,;;=",
    "zh-Hant-TW-x-y;q=2"),
    "Accept-Encoding": ("gzip;q=nan", "*", "gzip;q=1e999", "\xff", "br;;,", "identity;q=0, *;q=0"),
    "Accept": ("*/*", "text/html;q=x", "\xff", "application/json", "image/*;" * 200),
    "Range": ("bytes=0-0", "bytes=-0", "bytes=9-1", "bytes=0-0,1-1,2-2", "bytes=99999999999999999999-", "lines=1-2",
    "bytes=--",
              "bytes=" + "0-," * 500, "bytes=-99999999999999999999", "\xff"),
    "If-Range": ("x", '"', "Wed, 99 Nov 2026 00:00:00 GMT", "W/\"a\""),
    "If-None-Match": ("*", '"', 'W/"', '"' * 99), "If-Match": ("*", "x", '""'),
    "If-Modified-Since": ("x", "Sun, 06 Nov 0001 00:00:00 GMT", "Sun, 06 Nov 9999 23:59:59 -9999", "0"),
    "Content-Type": ("text/plain", "application/json", "application/x-www-form-urlencoded; charset=utf-16",
    "multipart/form-data",
                     'multipart/form-data; boundary="', "multipart/form-data; boundary=" + "x" * 300, "\xff/\xff;=",
                     "application/json; charset=x"),
    "Content-Encoding": ("gzip", "x"), "Transfer-Encoding": ("chunked", "x"), "Expect": ("100-continue", "x"),
    "User-Agent": ("", "\xff" * 50, "CaptiveNetworkSupport-400", "x" * 5000), "Referer": ("http://evil.example/",
    "\xff", "http://[", "//"),
    "Origin": ("null", "http://evil.example", "http://["), "X-Forwarded-For": ("1.2.3.4", "x" * 999, "::::"),
    "X-Forwarded-Host": ("evil.example",), "X-Forwarded-Proto": ("https", "x"), "X-HTTP-Method-Override": ("DELETE",),
    "X-CSRFToken": ("x", "\xff"),
    "Host": ("evil.example", "", "[::::]", "[", "a:99999", "127.0.0.1:0", "\xff", "x" * 70, "a..b", "xn--",
    "127.0.0.1:80:80", "[::1]:x"),
    "Cookie": ("", "=", ";;;", "lang=ar", "lang=../..", "content=en.en.en." + "x." * 99, "content=\xff",
    "portal_session=x", "console_session=.",
               "console_session=.eJw=; portal_session=.eJw=", "console_session=" + "A" * 6000, "flash=\x7f", '"'),
}  # fmt: skip
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "X" * 40)
FORM, RULE, VISIT, TORN = "form", "rule", "visit", "torn"
TWISTS = ("", "", "", "", "repeat", "drop", "extra", "query", "as-files", "as-text", "reverse")


@dataclass(frozen=True)
class Step:
    """One thing to do: `picks` choose what, each taken modulo what there is; bit n of `mask` has the n-th field typed
    with a value of `values` in place of a fit one.
    """

    act: str
    picks: tuple[int, ...]
    mask: int
    values: tuple[str, ...]
    file: tuple[bytes, str, str]
    twist: str
    method: str
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Script:
    """What one phone does."""

    role: int
    steps: tuple[Step, ...]


NUMBERS = st.integers(0, 2**16 - 1)
VALUES = st.one_of(st.sampled_from(ODD), st.text(st.characters(), max_size=12), st.integers().map(str))
HEADER = st.sampled_from([(name, value) for name, values in HEADERS.items() for value in values])
STEPS = st.builds(
    Step,
    act=st.sampled_from((FORM, FORM, FORM, FORM, RULE, RULE, VISIT, TORN)),
    picks=st.tuples(*[NUMBERS] * 6),
    mask=st.one_of(st.just(0), st.sampled_from([1 << n for n in range(16)]), NUMBERS),
    values=st.tuples(*[VALUES] * 4),
    file=st.tuples(st.one_of(st.sampled_from(FILES), st.binary(max_size=40)), VALUES, st.sampled_from(KINDS)),
    twist=st.sampled_from(TWISTS),
    method=st.sampled_from(METHODS),
    headers=st.one_of(st.just(()), st.just(()), st.tuples(HEADER), st.tuples(HEADER, HEADER)),
)
SCRIPTS = st.builds(Script, role=NUMBERS, steps=st.lists(STEPS, min_size=1, max_size=5).map(tuple))
