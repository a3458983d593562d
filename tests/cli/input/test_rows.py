"""Reading rows of files, and turning their cells into the fields of the wire."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instasell_cli.exit_codes import UsageProblem
from instasell_cli.input.rows.columns import RowColumns, parse_pairs
from instasell_cli.input.rows.files.reader import ROW_CHARACTERS_MAX, FileForm, RawRow, opened_rows


def read(path: Path, content: bytes, **form: Any) -> list[RawRow]:
    path.write_bytes(content)
    with opened_rows(str(path), FileForm(**form)) as file:
        return list(file.rows)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
def test_csv_of_any_country(tmp_path: Path, delimiter: str, start: bytes) -> None:
    lines = ["title|price", 'A "watch"|12.50', "", "'=B|1"]
    text = "\r\n".join(lines).replace('A "watch"', '"A ""watch"""').replace("|", delimiter)
    rows = read(tmp_path / "a.csv", start + text.encode())
    assert [row.cells for row in rows] == [
        {"title": 'A "watch"', "price": "12.50"},
        {"title": "=B", "price": "1"},
    ]
    assert [row.number for row in rows] == [1, 2]


def test_a_cell_may_have_several_lines(tmp_path: Path) -> None:
    [row] = read(tmp_path / "a.csv", b'title,description\nA,"one\ntwo, three"\n')
    assert row.cells["description"] == "one\ntwo, three"


def test_too_many_cells_are_a_row_of_their_own_trouble(tmp_path: Path) -> None:
    rows = read(tmp_path / "a.csv", b"title,price\nA, small, watch,1\nB,2\n")
    assert rows[0].problem is not None
    assert "quote the commas" in rows[0].problem
    assert rows[1].problem is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "there is no header"),
        (b"title,title\nA,B\n", "twice"),
        (b'title,"price\nA,1\n', "header cannot be read"),
        (b"x" * (ROW_CHARACTERS_MAX + 10), "header cannot be read: it is longer than"),
        (b",".join(b"c%d" % each for each in range(300)), "more than 200 columns"),
    ],
)
def test_a_file_that_is_no_csv_is_refused_by_name(
    tmp_path: Path, content: bytes, said: str
) -> None:
    with pytest.raises(UsageProblem, match=f"a.csv.*{said}"):
        read(tmp_path / "a.csv", content)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="No such file"), opened_rows(str(tmp_path / "no.csv")):
        pass


def test_bad_lines_of_json_are_rows_of_their_own(tmp_path: Path) -> None:
    lines = [
        b'{"title": "A"}',
        b"{nonsense}",
        b"[1]",
        b"",
        b'{"title": "B", "title": "C"}',
        b'{"title": "' + b"x" * (2 * ROW_CHARACTERS_MAX) + b'"}',
        b"[" * 100_000,
        b'{"title": "D"}',
    ]
    rows = read(tmp_path / "a.jsonl", b"\n".join(lines))
    assert [row.problem is None for row in rows] == [True, False, False, False, False, False, True]
    assert [row.number for row in rows] == [1, 2, 3, 4, 5, 6, 7]
    assert rows[-1].cells == {"title": "D"}


@pytest.mark.parametrize(("content", "wanted"), [(b'{"title": "A"}\n', 1), (b"title\nA\nB\n", 2)])
def test_the_kind_is_seen_by_the_start_where_the_name_does_not_tell(
    tmp_path: Path, content: bytes, wanted: int
) -> None:
    assert len(read(tmp_path / "a.dat", content)) == wanted


def test_a_large_file_is_not_read_before_its_rows_are_wanted(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("title\n" + "A watch\n" * 200_000)
    with opened_rows(str(path)) as file:
        next(file.rows)
        assert 0 < file.progress() < 100_000 < file.total


def make_xlsx(path: Path, rows: list[list[str | float]], number_format: str = "") -> None:
    """A workbook as small as the format allows; `number_format` is that of all decimals."""
    cells = "".join(f"<row>{''.join(_xlsx_cell(value) for value in row)}</row>" for row in rows)
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    packages = "http://schemas.openxmlformats.org/package/2006"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{packages}/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{packages}/relationships"><Relationship Id="r1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{space}" xmlns:r="{office}"><sheets>'
        '<sheet name="Stock" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{packages}/relationships">'
        f'<Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/>'
        "</Relationships>",
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{space}"><sheetData>{cells}</sheetData>'
        "</worksheet>",
    }
    if number_format:
        parts["xl/styles.xml"] = (
            f'<styleSheet xmlns="{space}"><numFmts><numFmt numFmtId="164"'
            f" formatCode={quoteattr(number_format)}/></numFmts><cellStyleXfs><xf/></cellStyleXfs>"
            '<cellXfs><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs></styleSheet>'
        )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, f'<?xml version="1.0"?>{text}')
    path.write_bytes(buffer.getvalue())


def _xlsx_cell(value: str | float) -> str:
    if value == "":
        return "<c/>"
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t>{value}</t></is></c>'
    style = int(isinstance(value, float))
    return f'<c s="{style}"><v>{value!r}</v></c>'


def test_excel_numbers_are_what_excel_shows(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    make_xlsx(
        path, [["Name", "Price", "Stock"], ["A", 0.1 + 0.2, 3.0], ["", "", ""], ["B", 1234, 1]]
    )
    with opened_rows(str(path)) as file:
        rows = list(file.rows)
        assert file.progress() == file.total == 3
    columns = RowColumns({"Name": "title"})
    assert [columns.convert(row.cells).values for row in rows] == [
        {"title": "A", "price": 30, "stock": 3},
        {"title": "B", "price": 123400, "stock": 1},
    ]


def test_a_file_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="not an Excel file"):
        read(tmp_path / "a.xlsx", b"PK\x03\x04 and nothing more")


def test_columns_by_their_names_aliases_and_mapping() -> None:
    columns = RowColumns({"Was kostet es": "price"}, {"condition": "New", "type": "direct"})
    found = columns.convert(
        {"TITLE ": "A", "Was kostet es": "$1,234.00", "SKU": "x", "Colour": "red", "row": "3"}
    )
    assert found.values == {
        "condition": "new",
        "type": "direct",
        "title": "A",
        "price": 123400,
        "seller_sku": "x",
    }
    assert columns.ignored == {"Colour"}


@pytest.mark.parametrize("written", ["two\r\nlines", "two\rlines", "two\nlines"])
def test_lines_of_a_cell_end_as_the_market_keeps_them(written: str) -> None:
    assert RowColumns().convert({"description": written}).values == {"description": "two\nlines"}


def test_empty_cells_change_nothing() -> None:
    found = RowColumns().convert({"title": "", "price": None, "stock": "0"})
    assert found.values == {"stock": 0}


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        ({"price": "-1"}, "price"),
        ({"price": 12.5}, "price"),
        ({"price": True}, "price"),
        ({"shipping": "free"}, "shipping_amount"),
        ({"stock": "many"}, "stock"),
        ({"stock": "1e3"}, "stock"),
        ({"stock": "-1"}, "stock"),
        ({"title": 7}, "title"),
        ({"title": "\udcff"}, "title"),
    ],
)
def test_bad_cells_are_reported_by_field(cells: dict[str, object], field: str) -> None:
    found = RowColumns().convert(cells)
    assert [name for name, _ in found.errors] == [field]


def test_json_integers_are_minor_units() -> None:
    assert RowColumns().convert({"price": 1250, "stock": 3}).values == {"price": 1250, "stock": 3}


@pytest.mark.parametrize("pair", ["price", "=price", "cost=", "cost=prize"])
def test_bad_pairs_are_refused(pair: str) -> None:
    with pytest.raises(UsageProblem, match="--map"):
        parse_pairs([pair], "--map", value_is_field=True)


@given(
    st.dictionaries(
        st.text(), st.none() | st.text() | st.integers() | st.floats() | st.lists(st.text())
    )
)
def test_no_row_is_beyond_a_verdict(cells: dict[str, object]) -> None:
    found = RowColumns().convert(cells)
    assert found.values.keys().isdisjoint(name for name, _ in found.errors)
