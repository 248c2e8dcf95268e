"""Documents in a form whose updates are small, where that loses nothing.

PDF and zip-like files (ODT, DOCX, EPUB …) compress their parts, so one changed word changes every byte after it. Here
the parts are unpacked; on the link the whole route is compressed anyway. True always: what is signed or encrypted is
left alone, and so is whatever does not come out the same: pages, streams and members are compared before it counts.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pikepdf
from pikepdf import ObjectStreamMode, Pdf, PdfError, StreamDecodeLevel

PDF = "application/pdf"
OFFICE = "application/vnd.openxmlformats-officedocument."
ZIPPED = ("application/epub+zip", "application/vnd.oasis.opendocument.", OFFICE)
"""Media types, or how they begin, of files that are zip archives."""
MOST_BYTES = 32 * 1024 * 1024
"""An entry of a route has no more (docs/formats/pack.md); what would be larger stays as it is."""
FIXED_TIME = (1980, 1, 1, 0, 0, 0)
ENCRYPTED = 0x1
XREF_KEYS = ("/Length", "/Filter", "/DecodeParms", "/Prev", "/XRefStm")


def normalised(content: bytes | Path, media_type: str) -> bytes | None:
    """Return a document unpacked, or None if it must stay, or better stays, as it is.

    Args:
        content: its bytes, or the file that has them.
        media_type: decides what it is taken for.
    """
    form = _pdf if media_type == PDF else _zip if media_type.startswith(ZIPPED) else None
    data = None if form is None else _bytes(content)
    if form is None or data is None:
        return None
    found = form(data)
    return None if found is None or found == data or len(found) > MOST_BYTES else found


def _bytes(content: bytes | Path) -> bytes | None:
    if isinstance(content, bytes):
        return content
    try:
        return content.read_bytes() if content.stat().st_size <= MOST_BYTES else None
    except OSError:  # told where the file is taken into the pack
        return None


def _pdf(data: bytes) -> bytes | None:
    try:
        with pikepdf.open(io.BytesIO(data)) as document:
            if document.is_encrypted or _is_signed(document):
                return None
            for stream in _streams(document):
                if stream.get("/Subtype") != "/Image":  # opaque, and most are of a kind that can not be unpacked
                    _unpack(stream)
            target = io.BytesIO()
            document.save(
                target, compress_streams=False, stream_decode_level=StreamDecodeLevel.none,
                object_stream_mode=ObjectStreamMode.disable, deterministic_id=True,
            )  # fmt: skip
        result = target.getvalue()
        return result if _contents(result) == _contents(data) else None
    except (PdfError, pikepdf.PasswordError, ValueError, RuntimeError):
        return None  # a broken file is the publisher's own affair; readers may still open it


def _is_signed(document: Pdf) -> bool:
    if "/Perms" in document.Root:
        return True
    form = document.Root.get("/AcroForm")
    if form is not None and int(form.get("/SigFlags", 0)) & 1:
        return True
    return any(isinstance(each, pikepdf.Dictionary) and "/ByteRange" in each for each in document.objects)


def _streams(document: Pdf) -> Iterator[pikepdf.Stream]:
    """Yield each stream that the document uses; what earlier versions left in the file is not kept either."""
    seen: set[tuple[int, int]] = set()
    left: list[pikepdf.Object] = [document.trailer]
    while left:
        each = left.pop()
        if each.is_indirect:
            if each.objgen in seen:
                continue
            seen.add(each.objgen)
        if isinstance(each, pikepdf.Stream):
            yield each
        if isinstance(each, pikepdf.Dictionary | pikepdf.Stream):
            left += [value for key, value in each.items() if key not in XREF_KEYS and isinstance(value, pikepdf.Object)]
        elif isinstance(each, pikepdf.Array):
            left += [value for value in each if isinstance(value, pikepdf.Object)]


def _unpack(stream: pikepdf.Stream) -> None:
    if "/Filter" not in stream or "/F" in stream:  # plain, or in a file outside
        return
    try:
        data = stream.read_bytes(StreamDecodeLevel.generalized)
    except PdfError:
        return  # packed in a way that only a viewer knows
    stream.write(data)


def _contents(data: bytes) -> list[tuple[bytes, ...]]:
    """Return what the pages of a PDF draw, and all that they draw it with."""
    with pikepdf.open(io.BytesIO(data)) as document:
        pages = [(_drawn(page), repr(page.get("/MediaBox")).encode()) for page in document.pages]
        return [*pages, tuple(sorted(_digest(stream) for stream in _streams(document)))]


def _drawn(page: pikepdf.Page) -> bytes:
    found = page.obj.get("/Contents", pikepdf.Array())
    parts = list(found.as_list()) if isinstance(found, pikepdf.Array) else [found]
    return b"\n".join(part.read_bytes() for part in parts if isinstance(part, pikepdf.Stream))


def _digest(stream: pikepdf.Stream) -> bytes:
    try:
        data = stream.read_bytes(StreamDecodeLevel.generalized)
    except PdfError:
        data = stream.read_raw_bytes()
    return hashlib.sha256(data).digest()


def _zip(data: bytes) -> bytes | None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as source:
            members = source.infolist()
            if not _may_be_stored(members):
                return None
            contents = [source.read(member) for member in members]
            comment = source.comment
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, OSError, EOFError):
        return None
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as out:
        out.comment = comment
        for member, content in _in_order(list(zip(members, contents, strict=True))):
            plain = zipfile.ZipInfo(member.filename, FIXED_TIME)
            plain.create_system, plain.external_attr = member.create_system, member.external_attr
            plain.comment = member.comment
            out.writestr(plain, content)
    return target.getvalue()


def _may_be_stored(members: list[zipfile.ZipInfo]) -> bool:
    names = [member.filename for member in members]
    if len(set(names)) < len(names) or sum(member.file_size for member in members) > MOST_BYTES:
        return False
    if any(member.flag_bits & ENCRYPTED for member in members):
        return False
    return not any(
        (name.startswith("META-INF/") and "signature" in name.lower()) or name.startswith("_xmlsignatures/")
        for name in names
    )


def _in_order(members: list[tuple[zipfile.ZipInfo, bytes]]) -> list[tuple[zipfile.ZipInfo, bytes]]:
    # Readers know ODF and EPUB by their first member; the order of the others is kept.
    return sorted(members, key=lambda each: each[0].filename != "mimetype")
