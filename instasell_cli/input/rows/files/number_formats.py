"""Units that a workbook shows beside its numbers: the cell holds 12, and Excel shows "€ 12.00".

The reader of workbooks gives values only, so the formats are read here, row by row beside it. A
file without a format that shows a unit, which is most of them, is not read a second time.
"""

from __future__ import annotations

import re
import unicodedata
import zipfile
from collections.abc import Iterator, Mapping
from typing import IO
from xml.etree import ElementTree

Units = Mapping[int, str]
"""What is shown beside the number, by the position of its cell in the row, from 0."""

_BOOK = "xl/workbook.xml"
_BOOK_LINKS = "xl/_rels/workbook.xml.rels"
_STYLES = "xl/styles.xml"
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"'
    r"|\\(?P<escaped>.)"
    r"|\[\$(?P<currency>[^\]-]*)[^\]]*\]"
    r"|[_*].|\[[^\]]*\]"
    r"|(?P<end>;)"
    r"|(?P<bare>.)",
    re.DOTALL,
)
_REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})")


def unit_of(number_format: str) -> str:
    """Return what a number format shows beside a number: "€" of `#,##0.00 [$€-407]`, or "".

    Only the section for positive numbers counts. Colours, conditions and padding show nothing.
    """
    shown = []
    for token in _TOKEN.finditer(number_format):
        if token["end"]:
            break
        text = token["quoted"] or token["escaped"] or token["currency"] or token["bare"] or ""
        if token["bare"] and unicodedata.category(text) != "Sc":
            continue
        shown.append(text)
    unit = "".join(shown).strip()
    is_unit = any(char.isalpha() or unicodedata.category(char) == "Sc" for char in unit)
    return unit if is_unit else ""


def knows_formats(archive: zipfile.ZipFile) -> bool:
    """Return whether the formats can be read: .xlsx has them as XML, .xlsb in another form."""
    return _BOOK in archive.namelist()


def shown_units(archive: zipfile.ZipFile, sheet: str) -> Iterator[tuple[int, Units]]:
    """Yield the rows that show units, with their numbers from 0; none where no format shows one.

    Raises ElementTree.ParseError, KeyError and ValueError for a workbook that is broken.
    """
    units = _units_of_styles(archive)
    if units:
        yield from _rows(archive, _part_of(archive, sheet), units)


def _units_of_styles(archive: zipfile.ZipFile) -> Mapping[str, str]:
    if _STYLES not in archive.namelist():
        return {}
    formats: dict[str, str] = {}
    cells: list[str] = []
    with archive.open(_STYLES) as file:
        for parents, element in _elements(file):
            if element.tag == "numFmt":
                unit = unit_of(element.get("formatCode", ""))
                formats[element.get("numFmtId", "")] = unit
            elif element.tag == "xf" and parents[-1:] == ["cellXfs"]:
                cells.append(element.get("numFmtId", ""))
    found = ((str(number), formats.get(each, "")) for number, each in enumerate(cells))
    return {number: unit for number, unit in found if unit}


def _part_of(archive: zipfile.ZipFile, sheet: str) -> str:
    with archive.open(_BOOK) as file:
        [link] = [
            value
            for _, element in _elements(file)
            if element.tag == "sheet" and element.get("name") == sheet
            for name, value in element.attrib.items()
            if name.endswith("}id")
        ]
    with archive.open(_BOOK_LINKS) as file:
        [target] = [
            element.get("Target", "")
            for _, element in _elements(file)
            if element.tag == "Relationship" and element.get("Id") == link
        ]
    return target.removeprefix("/") if target.startswith("/") else f"xl/{target}"


def _rows(
    archive: zipfile.ZipFile, part: str, units: Mapping[str, str]
) -> Iterator[tuple[int, Units]]:
    with archive.open(part) as file:
        row, column, found = -1, -1, dict[int, str]()
        for _, element in _elements(file):
            if element.tag == "c":
                # A cell without a reference is beside the one before it.
                column = _column(element.get("r"), column + 1)
                if (unit := units.get(element.get("s", ""))) is not None:
                    found[column] = unit
            elif element.tag == "row":
                row = int(element.get("r", row + 2)) - 1
                if found:
                    yield row, found
                column, found = -1, {}


def _column(reference: str | None, following: int) -> int:
    matched = _REFERENCE.fullmatch(reference or "")
    if matched is None:
        return following
    number = 0
    for letter in matched[1]:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _elements(file: IO[bytes]) -> Iterator[tuple[list[str], ElementTree.Element]]:
    """Yield each element at its end, with the names of those around it; none is kept.

    Names are without their namespace: there are two, of one meaning.
    """
    parents: list[ElementTree.Element] = []
    for event, element in ElementTree.iterparse(file, ("start", "end")):
        if event == "start":
            element.tag = element.tag.rpartition("}")[2]
            parents.append(element)
            continue
        parents.pop()
        yield [parent.tag for parent in parents[-1:]], element
        if parents:
            # Its attributes stay: those of a row are asked for when its cells are gone.
            del parents[-1][:]
