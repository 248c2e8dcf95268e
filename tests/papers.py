"""Papers that tests make: good ones, and those that someone made to do harm."""

from __future__ import annotations

import io
import re
import zipfile
import zlib

from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen import canvas

SENTENCE = "The assembly met on Friday: maïs at 40"
ODT = "application/vnd.oasis.opendocument.text"


def pdf(pages: int = 1, *, text: str = SENTENCE, locked_with: str | None = None) -> bytes:
    """Return a PDF; `locked_with` is the password that opens it."""
    out = io.BytesIO()
    lock = None if locked_with is None else StandardEncryption(locked_with, ownerPassword="owner")
    drawing = canvas.Canvas(out, encrypt=lock, invariant=True)
    for number in range(pages):
        drawing.drawString(100, 700, f"{text}, page {number + 1}")
        drawing.rect(60, 60, 400, 500, fill=1)
        drawing.showPage()
    drawing.save()
    return out.getvalue()


def boasting_pdf(pages: int) -> bytes:
    """Return a PDF of one page that claims to have many."""
    return re.sub(rb"/Count 1\b", b"/Count %d" % pages, pdf())


def bomb_pdf(unpacked_bytes: int) -> bytes:
    """Return a PDF whose page is drawn by a stream that unpacks to very much."""
    packer = zlib.compressobj(9)
    piece = b"0 0 m 9 9 l S\n" * 70_000
    stream = b"".join(packer.compress(piece) for _ in range(unpacked_bytes // len(piece))) + packer.flush()
    return _one_page(b"[0 0 595 842]", stream)


def vast_pdf() -> bytes:
    """Return a PDF whose page is larger than a village."""
    return _one_page(b"[0 0 2000000000 2000000000]", zlib.compress(b"0 0 99 99 re f"))


def _one_page(box: bytes, stream: bytes) -> bytes:
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox%s/Contents 4 0 R/Resources<<>>>>" % box,
        b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(stream), stream),
    ]
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"xref\n0 5\n0000000000 65535 f \n%strailer<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (
        table,
        len(out),
    )
    return bytes(out)


def archive(entries: dict[str, bytes], level: int = 6) -> bytes:
    """Return a ZIP; the entry `mimetype` is stored as it is."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as packed:
        for name, data in entries.items():
            packed.writestr(name, data, zipfile.ZIP_STORED if name == "mimetype" else None)
    return out.getvalue()


def odt(text: str = SENTENCE, *, pages: int = 2, kind: str = ODT, before: str = "") -> bytes:
    """Return an office paper of two paragraphs; `before` stands ahead of its XML."""
    content = f'{before}<office:document-content xmlns:office="o" xmlns:text="t"><text:h>Minutes</text:h>'
    content += f"<text:p>{text}</text:p></office:document-content>"
    meta = f'<m xmlns:meta="m"><meta:document-statistic meta:page-count="{pages}"/></m>'
    return archive({"mimetype": kind.encode(), "content.xml": content.encode(), "meta.xml": meta.encode()})


def docx(text: str = SENTENCE) -> bytes:
    """Return a paper of a word processor."""
    body = f'<w:document xmlns:w="w"><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:document>'
    types, app = b"<Types/>", b"<Properties><Pages>7</Pages></Properties>"
    return archive({"[Content_Types].xml": types, "word/document.xml": body.encode(), "docProps/app.xml": app})


def xlsx(text: str = SENTENCE) -> bytes:
    """Return a spreadsheet."""
    strings = f'<sst xmlns="s"><si><t>{text}</t></si><si><t>second</t></si></sst>'
    return archive(
        {"[Content_Types].xml": b"<T/>", "xl/workbook.xml": b"<w/>", "xl/sharedStrings.xml": strings.encode()}
    )
