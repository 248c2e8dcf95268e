"""Sanitising: whatever a pack brings, only the listed tags and attributes come out."""

from __future__ import annotations

import pytest

from kiosk.web.security import clean, policy

ENTRIES = {"pictures/a.svg": "/files/p/i/en/pictures/a.svg", "pictures/été 1.png": "/files/p/i/en/1.png"}


def cleaned(html: str) -> str:
    return str(clean(html, ENTRIES.get))


@pytest.mark.parametrize(
    "html",
    [
        "<h2>A</h2><h3>B</h3><h4>C</h4><p>D <strong>e</strong> <em>f</em><br>g</p><hr>",
        "<ul><li>1</li></ul><ol><li>2</li></ol><blockquote><p>q</p></blockquote><pre><code>x</code></pre>",
        "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>b</td></tr></tbody></table>",
        '<p><a href="#part">x</a> <a href="next-lesson">y</a></p>',
    ],
)
def test_what_lessons_are_made_of_is_kept(html: str) -> None:
    assert cleaned(html) == html


@pytest.mark.parametrize(
    ("html", "wanted"),
    [
        ("<script>alert(1)</script>a", "a"),
        ("<style>p{}</style>a", "a"),
        ('<p onclick="x()" style="color:red" class="c" id="i" lang="fr" title="t">a</p>', "<p>a</p>"),
        ("<h1>a</h1><div>b</div><font>c</font>", "abc"),
        ("<svg><script>x</script></svg><math><mi>y</mi></math>", ""),
        ("<iframe src=/x></iframe><object></object><embed><form><input></form>", ""),
        ('<a href="http://x/">a</a><a href="//x">b</a><a href="/x">c</a>', "<a>a</a><a>b</a><a>c</a>"),
        ('<a href="javascript:x">a</a><a href="java&#10;script:x">b</a>', "<a>a</a><a>b</a>"),
        ('<a href="data:text/html,x">a</a><a href="\\\\x">b</a><a href=" //x">c</a>', "<a>a</a><a>b</a><a>c</a>"),
        ('<a href="http://[x">a</a><a href="x" target="_top" download ping="/y">b</a>', '<a>a</a><a href="x">b</a>'),
        ("<noscript><p title='</noscript><img src=x onerror=1>'>", "&lt;p title=''&gt;"),
        ("a<!-- <b> --><![CDATA[x]]>", "a"),
    ],
)
def test_all_else_is_taken_out(html: str, wanted: str) -> None:
    assert cleaned(html) == wanted


def test_pictures_are_entries_or_nothing() -> None:
    assert cleaned('<img src="pictures/a.svg" alt="A &quot;b&quot;" onerror=x width=9>') == (
        '<img src="/files/p/i/en/pictures/a.svg" alt="A &quot;b&quot;" loading="lazy">'
    )
    assert 'src="/files/p/i/en/1.png"' in cleaned('<img src="pictures/%C3%A9t%C3%A9%201.png">')
    for source in ("pictures/b.svg", "http://x/a.png", "data:image/png;base64,AA", "../a.svg", "//x/a.svg", ""):
        assert cleaned(f'a<img src="{source}" alt="&gt; x">b<img>c') == "abc"


def test_the_policy_lets_forms_go_only_where_it_says() -> None:
    assert "form-action 'self';" in policy()
    assert "form-action 'self' http://library.test;" in policy("http://library.test")
    for part in ("unsafe", "script-src", "*"):
        assert part not in policy("http://library.test")
    assert policy().count("data:") == policy().count("img-src 'self' data:") == 1, "only pictures are part of a page"
