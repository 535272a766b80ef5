"""An answer's body: at most so large, in one coding, of a type that holds text."""

from __future__ import annotations

import codecs
import zlib

from workflows.fetch.refusals import unreachable, wrong_type

RAW_MAX = 2 * 1024 * 1024
DECODED_MAX = 8 * 1024 * 1024
# 16: a gzip head and tail around it; 32: gzip or zlib, whichever it is.
_WINDOW = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
_TEXT = {
    "text/html", "application/xhtml+xml", "text/plain", "text/markdown", "text/xml",
    "application/xml", "application/rss+xml", "application/atom+xml",
}  # fmt: skip
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
_BINARY = (b"%PDF", b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"PK\x03\x04", b"\x1f\x8b", b"\x00asm")


def decoded(raw: bytes, coding: str, *, cut: bool = False) -> bytes:
    """Unpacked. Raises Refused when it is packed twice, badly, or becomes too large: 1.8 KB can
    become a gigabyte. `cut`: then its beginning is enough."""
    name = coding.strip().lower()
    if name in ("", "identity"):
        return raw
    if name not in _WINDOW:
        raise unreachable("it is packed in a way that we do not open", retryable=False)
    unpack = zlib.decompressobj(_WINDOW[name])
    try:
        body = unpack.decompress(raw, DECODED_MAX + 1)
    except zlib.error:
        raise unreachable("it is packed wrongly", retryable=False) from None
    if cut:
        return body[:DECODED_MAX]
    if len(body) > DECODED_MAX:
        raise unreachable("it is too large", retryable=False)
    if not unpack.eof:
        raise unreachable("it broke off", retryable=True)
    return body


def media_type(header: str) -> str:
    return header.partition(";")[0].strip().lower()


def charset(header: str) -> str:
    """As the server says it, if it is one that we know; else empty."""
    for part in header.split(";")[1:]:
        name, _, value = part.partition("=")
        if name.strip().lower() == "charset":
            return _known(value.strip().strip("\"'"))
    return ""


def text(body: bytes, said: str) -> str:
    """Of a file that is nothing but text: by its mark, by what the server says, else as most are;
    its lines end with \\n."""
    for name in (mark(body), said, "utf-8"):
        try:
            found = body.decode(name) if name else None
        except (LookupError, UnicodeError):
            continue
        if found is not None:
            break
    else:
        found = body.decode("cp1252", "replace")
    return found.replace("\r\n", "\n").replace("\r", "\n")


def mark(body: bytes) -> str:
    """The encoding that its first bytes name; else empty."""
    return next((name for mark, name in _BOMS if body.startswith(mark)), "")


def _known(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except (LookupError, ValueError):
        return ""


def check_type(header: str, body: bytes) -> None:
    """By what the server says, and by what the bytes look like. Raises Refused."""
    said = media_type(header)
    if said and said not in _TEXT:
        raise wrong_type(f"a file of the type {said[:60]}")
    head = body[:1024]
    if head.startswith(_BINARY) or (
        b"\x00" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff"))
    ):
        raise wrong_type("something that is no text")
