"""Bytes of a file as text: the encoding, seen by the first bytes or named, and lines of a bound.

Bytes that are no text in the encoding become half characters, which no text has: the row that
they are in is rejected, and the others go on.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

from instasell_cli.exit_codes import UsageProblem
from instasell_cli.input.rows.files.row_file import PROBLEM_CHARACTERS_KEPT, ROW_CHARACTERS_MAX

BYTES_LOOKED_AT = 4096
_MARKS = (
    # UTF-32 comes first, because its mark begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
BINARY_BYTES_MIN = 512
BINARY_SHARE = 0.08
"""Of random bytes a tenth are control characters, of text hardly any."""

_LINE_END = re.compile(rb"[\r\n]")
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\x1b"))
_SIGNATURES = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"%PDF-": "a PDF document",
    b"PK\x03\x04": "a ZIP archive",
    b"\x1f\x8b": "a gzip archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zX": "an xz archive",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
}
"""What people hand over by mistake; some of these may have no NUL byte at their beginning."""

_ESCAPES = "surrogateescape"
_ANY_ENCODING = "instasell.half-characters"


@dataclass(frozen=True)
class TextLine:
    """A line with its end; one that `is_cut` was longer than a row may be."""

    text: str
    is_cut: bool = False


def encoding_of(start: bytes) -> str:
    """Return the encoding that the first bytes of a file speak for.

    UTF-16 without a mark is known by its NUL bytes: Latin letters, digits and commas, which
    every table has, have one in every other place.
    """
    for mark, name in _MARKS:
        if start.startswith(mark):
            return name
    half = len(start) // 2
    even, odd = start[0::2].count(0), start[1::2].count(0)
    if half >= 2 and odd > 0.4 * half and even < 0.1 * half:
        return "utf-16-le"
    if half >= 2 and even > 0.4 * half and odd < 0.1 * half:
        return "utf-16-be"
    return "utf-8-sig"


def check_text(name: str, start: bytes, encoding: str | None) -> None:
    """Raise UsageProblem for the beginning of a file that holds no text: a picture, an archive.

    A NUL byte in the first line tells, or many control characters. A few of them further down
    cost their rows only. In UTF-16 and UTF-32 text has NUL bytes. That an
    encoding does not exist is said where the text is opened.
    """
    for signature, kind in _SIGNATURES.items():
        if start.startswith(signature):
            raise UsageProblem(f"{name}: it is {kind}; give a CSV, JSON, YAML or Excel file")
    try:
        # One encoding has many names: U16 is utf-16.
        spoken = codecs.lookup(encoding or encoding_of(start)).name
    except (LookupError, ValueError):
        return
    if spoken.startswith(("utf-16", "utf-32")):
        return
    controls = len(start) - len(start.translate(None, _CONTROLS))
    is_binary = len(start) >= BINARY_BYTES_MIN and controls > BINARY_SHARE * len(start)
    if is_binary or b"\0" in _LINE_END.split(start, 1)[0]:
        raise UsageProblem(
            f"{name}: it holds no text; give a CSV, JSON, YAML or Excel file, or say with"
            " --encoding how the text is written"
        )


def opened_text(raw: io.BufferedReader, name: str, encoding: str | None) -> io.TextIOWrapper:
    """Return the text of `raw`. Raises UsageProblem for an encoding that does not exist."""
    found = encoding or encoding_of(raw.peek(BYTES_LOOKED_AT)[:BYTES_LOOKED_AT])
    try:
        found = codecs.lookup(found).name
        is_utf8 = found in ("utf-8", "utf-8-sig")
        return io.TextIOWrapper(
            raw,
            encoding="utf-8-sig" if is_utf8 else found,
            errors=_ESCAPES if is_utf8 else _ANY_ENCODING,
            newline="",
        )
    except (LookupError, ValueError) as error:
        raise UsageProblem(
            f"--encoding: {found!r} is not an encoding of {name}; write utf-8, utf-16, cp1252"
            " or another that Python knows"
        ) from error


def bounded_lines(text: TextIO) -> Iterator[TextLine]:
    """Yield the lines; of one that is longer than a row may be, its beginning, and never more.

    A line ends with CR, LF or both. So a file that is a single line of 1 GB is one short line
    here, and takes no more memory.
    """
    while part := text.readline(ROW_CHARACTERS_MAX):
        if len(part) < ROW_CHARACTERS_MAX or _ends(part):
            yield TextLine(part)
            continue
        kept = part[:PROBLEM_CHARACTERS_KEPT]
        while (rest := text.readline(ROW_CHARACTERS_MAX)) and not _ends(rest):
            pass
        yield TextLine(kept, is_cut=True)


def _ends(part: str) -> bool:
    return part.endswith(("\n", "\r"))


def _half_characters(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\udc80" * max(1, error.end - error.start), max(error.end, error.start + 1)


codecs.register_error(_ANY_ENCODING, _half_characters)
