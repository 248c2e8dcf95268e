"""Documents unpacked for small updates: nothing is lost, and what is signed, locked or odd stays as it is."""

from __future__ import annotations

import io
import lzma
import zipfile
from collections.abc import Iterator
from pathlib import Path

import bsdiff4
import odfdo
import pikepdf
import pytest
from pypdf import PdfReader

from kiosk.publish import paper, paper_odt, paper_pdf
from kiosk.publish.draft import TYPES
from kiosk.publish.normalise import MOST_BYTES, PDF, normalised

ODT, DOCX, EPUB = TYPES[".odt"], TYPES[".docx"], "application/epub+zip"
TEXT = "# By-laws\n\n" + "\n\n".join(
    f"{n}. Clause {n} says that member number {n * 37} has a vote." for n in range(400)
)


def made_pdf(text: str = TEXT, **options: object) -> bytes:
    plain = paper_pdf.render(paper.parse(text), title="By-laws", language="en")
    if not options:
        return plain
    target = io.BytesIO()
    with pikepdf.open(io.BytesIO(plain)) as document:
        document.save(target, **options)  # type: ignore[arg-type]
    return target.getvalue()


def made_odt(text: str = TEXT) -> bytes:
    return paper_odt.render(paper.parse(text), title="By-laws", language="en")


def zipped(members: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in members.items():
            out.writestr(name, data)
    return target.getvalue()


def pages(data: bytes) -> Iterator[str]:
    yield from (page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)


@pytest.mark.parametrize("options", [{}, {"object_stream_mode": pikepdf.ObjectStreamMode.generate, "linearize": True}])
def test_a_pdf_keeps_its_pages_text_and_metadata(options: dict[str, object]) -> None:
    before = made_pdf(TEXT, **options)
    after = normalised(before, PDF)
    assert after is not None
    assert len(after) > len(before)
    assert list(pages(after)) == list(pages(before))
    old, new = (PdfReader(io.BytesIO(data)) for data in (before, after))
    assert new.metadata == old.metadata
    assert [page.mediabox for page in new.pages] == [page.mediabox for page in old.pages]
    assert new.trailer["/Root"]["/Lang"] == "en"  # type: ignore[index]


def test_an_odt_keeps_its_members_and_opens() -> None:
    before = made_odt()
    after = normalised(before, ODT)
    assert after is not None
    old, new = (zipfile.ZipFile(io.BytesIO(data)) for data in (before, after))
    with old, new:
        assert new.namelist() == old.namelist()
        assert new.namelist()[0] == "mimetype"
        assert all(new.read(name) == old.read(name) for name in old.namelist())
        assert all(member.compress_type == zipfile.ZIP_STORED for member in new.infolist())
    assert after[38:][: len(ODT)] == ODT.encode()  # where readers look for it, as plain text
    assert (
        odfdo.Document(io.BytesIO(after)).get_formatted_text()
        == odfdo.Document(io.BytesIO(before)).get_formatted_text()
    )


@pytest.mark.parametrize(("media_type", "make"), [(PDF, made_pdf), (ODT, made_odt)])
def test_one_changed_word_costs_a_third(media_type: str, make: type[bytes]) -> None:
    pair = [make(TEXT), make(TEXT.replace("number 7400 has", "number 7400 never has"))]  # type: ignore[arg-type]
    unpacked = [normalised(data, media_type) or b"" for data in pair]
    packed_cost, cost = (len(lzma.compress(bsdiff4.diff(old, new))) for old, new in (pair, unpacked))
    assert cost * 3 < packed_cost, (cost, packed_cost)


def test_the_same_document_gives_the_same_bytes_and_is_taken_once() -> None:
    for media_type, data in ((PDF, made_pdf()), (ODT, made_odt())):
        first = normalised(data, media_type)
        assert first is not None
        assert normalised(data, media_type) == first
        assert normalised(first, media_type) in (None, first)


def test_a_file_is_taken_like_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "paper.pdf"
    path.write_bytes(made_pdf())
    assert normalised(path, PDF) == normalised(path.read_bytes(), PDF)


def test_a_locked_pdf_stays() -> None:
    locked = made_pdf(encryption=pikepdf.Encryption(owner="secret", user=""))
    assert normalised(locked, PDF) is None
    assert normalised(made_pdf(encryption=pikepdf.Encryption(owner="secret", user="secret")), PDF) is None


def test_a_signed_pdf_stays() -> None:
    target = io.BytesIO()
    with pikepdf.open(io.BytesIO(made_pdf())) as document:
        document.Root.AcroForm = pikepdf.Dictionary(SigFlags=3, Fields=pikepdf.Array())
        document.save(target)
    assert normalised(target.getvalue(), PDF) is None
    target = io.BytesIO()
    with pikepdf.open(io.BytesIO(made_pdf())) as document:
        value = pikepdf.Dictionary(Type=pikepdf.Name.Sig, ByteRange=[0, 1, 2, 3], Contents=pikepdf.String("00"))
        document.Root.Signed = document.make_indirect(value)
        document.save(target)
    assert normalised(target.getvalue(), PDF) is None


def test_pictures_in_a_pdf_stay_packed() -> None:
    target = io.BytesIO()
    with pikepdf.open(io.BytesIO(made_pdf())) as document:
        picture = document.make_stream(
            bytes(300 * 300), Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=300, Height=300,
            BitsPerComponent=8, ColorSpace=pikepdf.Name.DeviceGray,
        )  # fmt: skip
        document.pages[0].Resources.XObject = pikepdf.Dictionary(Im0=picture)
        document.save(target)
    after = normalised(target.getvalue(), PDF)
    assert after is not None
    with pikepdf.open(io.BytesIO(after)) as document:
        assert document.pages[0].Resources.XObject.Im0.Filter == "/FlateDecode"


@pytest.mark.parametrize("name", ["META-INF/documentsignatures.xml", "META-INF/signatures.xml", "_xmlsignatures/s.xml"])
def test_a_signed_archive_stays(name: str) -> None:
    assert normalised(zipped({"mimetype": b"x", "content.xml": b"y" * 100, name: b"z"}), ODT) is None


def test_the_mimetype_comes_first_and_the_order_is_kept() -> None:
    after = normalised(zipped({"b.xml": b"1", "a.xml": b"2", "mimetype": EPUB.encode()}), EPUB)
    assert after is not None
    with zipfile.ZipFile(io.BytesIO(after)) as found:
        assert found.namelist() == ["mimetype", "b.xml", "a.xml"]


def test_what_would_be_too_large_stays() -> None:
    assert normalised(zipped({"a.xml": bytes(MOST_BYTES + 1)}), DOCX) is None


@pytest.mark.parametrize("media_type", [PDF, ODT])
def test_what_is_broken_stays(media_type: str) -> None:
    for data in (b"", b"nonsense", made_pdf()[:300], made_odt()[:-30]):
        assert normalised(data, media_type) is None


def test_other_types_stay() -> None:
    assert normalised(zipped({"a": b"b"}), "application/zip") is None
    assert normalised(b"<p>", "text/html") is None
