"""Files that are broken, foreign or hostile: each row gets its verdict, in bounded memory."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tracemalloc
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from instasell_cli.exit_codes import UsageProblem
from instasell_cli.input.rows.cell_readers import Notation
from instasell_cli.input.rows.columns import RowColumns
from instasell_cli.input.rows.files import csv_records
from instasell_cli.input.rows.files.csv_records import NOT_CLOSED, CsvRecords, Record
from instasell_cli.input.rows.files.encodings import bounded_lines
from instasell_cli.input.rows.files.reader import FileForm, FileKind, RawRow, opened_rows
from instasell_cli.input.rows.files.row_file import ROW_CHARACTERS_MAX
from tests.cli.input.test_rows import make_xlsx, read

LONG = "x" * 200_000


def cells(rows: Sequence[RawRow]) -> list[object]:
    """The rows as lists of cells, or None for one that cannot be read."""
    return [None if row.problem else [*row.cells.values()] for row in rows]


def test_an_unclosed_quote_costs_its_own_row(tmp_path: Path) -> None:
    lines = ["title,price", "A,1", 'B,"2', "C,3", '"D, d",4', 'E,"5" x', '"F', 'f",6', '"G']
    rows = read(tmp_path / "a.csv", "\n".join(lines).encode())
    assert cells(rows) == [["A", "1"], None, ["C", "3"], ["D, d", "4"], None, ["F\nf", "6"], None]
    assert [row.number for row in rows] == [*range(1, 8)]
    assert rows[1].problem == NOT_CLOSED
    assert rows[1].kept == ["B", "2"]
    assert "written" not in (rows[4].problem or "")


def test_a_quote_does_not_swallow_rows_that_happen_to_close_it(tmp_path: Path) -> None:
    rows = read(tmp_path / "a.csv", b'title,price\nA,"1\nB,2\n",C\nD,4\n')
    assert cells(rows)[-1] == ["D", "4"]
    rows = read(tmp_path / "a.csv", b'title,price\nA,"1\nB,"",2\nC,",",3\nD,4\n')
    assert rows[0].problem == NOT_CLOSED
    assert cells(rows)[-1] == ["D", "4"]


def test_long_cells_and_long_lines_cost_their_own_row(tmp_path: Path) -> None:
    huge = "y" * (ROW_CHARACTERS_MAX + 5)
    text = f'title,price\nA,"{LONG}"\nB,{huge}\nC,"{huge}"\nD,4\n'
    rows = read(tmp_path / "a.csv", text.encode())
    assert [row.problem is None for row in rows] == [True, False, False, True]
    assert rows[0].cells["price"] == LONG
    assert len(rows[1].kept[0]) <= 200
    assert cells(rows)[3] == ["D", "4"]


@pytest.mark.parametrize(
    "encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "utf-8"]
)
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.json", "a.dat"])
def test_encodings_are_seen(tmp_path: Path, encoding: str, name: str) -> None:
    row = {"title": "M\xfcller \u2013 \u6f22\u5b57", "price": "12.50"}
    text = f'title;price\r\n"{row["title"]}";12.50\r\n'
    if name.endswith("l"):
        text = json.dumps(row, ensure_ascii=False) + "\n"
    elif name.endswith("n"):
        text = json.dumps([row], ensure_ascii=False, indent=2)
    rows = read(tmp_path / name, text.encode(encoding))
    assert [(each.cells, each.problem) for each in rows] == [(row, None)]


def test_an_encoding_can_be_named(tmp_path: Path) -> None:
    content = "title,price\nM\xfcller,1\nA,2\n".encode("cp1252")
    seen = read(tmp_path / "a.csv", content)
    assert seen[0].cells["title"] == "M\udcfcller"
    assert seen[1].cells["title"] == "A"
    assert read(tmp_path / "a.csv", content, encoding="cp1252")[0].cells["title"] == "M\xfcller"
    broken = "title\nA\nB\n".encode("utf-16") + b"\x00"
    assert [row.cells["title"] for row in read(tmp_path / "a.csv", broken)][:2] == ["A", "B"]
    for unknown in ("klingon", "hex", "\0"):
        with pytest.raises(UsageProblem, match="--encoding"):
            read(tmp_path / "a.csv", content, encoding=unknown)


def test_a_workbook_is_one_whatever_it_is_called(tmp_path: Path) -> None:
    make_xlsx(tmp_path / "a.csv", [["title", "price"], ["A", 1.25]])
    with opened_rows(str(tmp_path / "a.csv")) as file:
        assert cells([*file.rows]) == [["A", "1.25"]]
    with opened_rows(str(tmp_path / "a.csv"), FileForm(has_header=False, sheet="1")) as file:
        assert [row.cells["1"] for row in file.rows] == ["title", "A"]
    with (
        pytest.raises(UsageProblem, match="has no sheet 'B'; it has: 'Stock'"),
        opened_rows(str(tmp_path / "a.csv"), FileForm(sheet="B")),
    ):
        pass
    with pytest.raises(UsageProblem, match="only workbooks have sheets"):
        read(tmp_path / "b.csv", b"title\nA\n", sheet="Stock")


def test_a_cell_far_out_is_refused_before_it_takes_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    make_xlsx(path, [["title"], ["A"]])
    import zipfile

    with zipfile.ZipFile(path) as archive:
        parts = {each: archive.read(each) for each in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = parts[sheet].replace(
        b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    )
    with zipfile.ZipFile(path, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    with (
        pytest.raises(UsageProblem, match="16384 columns and 1048576 rows, which is too many"),
        opened_rows(str(path)),
    ):
        pass


def test_a_file_without_a_header_and_any_delimiter(tmp_path: Path) -> None:
    rows = read(tmp_path / "a.csv", b"A^1\nB^2\n", has_header=False, delimiter="^")
    assert [row.cells for row in rows] == [{"1": "A", "2": "1"}, {"1": "B", "2": "2"}]
    rows = read(tmp_path / "a.csv", b"sep=;\r\ntitle;price\r\nA,a;1\r\n")
    assert [row.cells for row in rows] == [{"title": "A,a", "price": "1"}]


def test_foreign_bytes_cost_no_more_than_their_rows(tmp_path: Path) -> None:
    content = b'\xef\xbb\xbftitle,text\rA,"x\r\ny"\r\nB,\x00\n\n,\n\xef\xbb\xbfC,3\rD,4'
    rows = read(tmp_path / "a.csv", content)
    assert cells(rows) == [["A", "x\r\ny"], ["B", "\x00"], ["C", "3"], ["D", "4"]]
    wide = b"title,text\n" + b"," * 10_000 + b"A\nB,2\n"
    assert cells(read(tmp_path / "a.csv", wide)) == [None, ["B", "2"]]


class _Letters(io.RawIOBase):
    """A header, then a single line of so many letters."""

    def __init__(self, count: int) -> None:
        self._head = b"title,text\n"
        self._left = count

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = self._head or b"x" * min(len(buffer), self._left)
        part = part[: len(buffer)]
        if self._head:
            self._head = self._head[len(part) :]
        else:
            self._left -= len(part)
        buffer[: len(part)] = part
        return len(part)


@pytest.mark.parametrize("kind", [FileKind.CSV, FileKind.JSONL, FileKind.JSON, FileKind.YAML])
def test_a_line_without_an_end_takes_no_memory(
    kind: FileKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stdin:
        buffer = io.BufferedReader(_Letters(48 * 1024 * 1024))

        def isatty(self) -> bool:
            return False

    monkeypatch.setattr("sys.stdin", Stdin())
    tracemalloc.start()
    try:
        with opened_rows("-", FileForm(kind)) as file:
            rows = [*file.rows]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert rows
    assert all(row.problem for row in rows)
    assert peak < 16 * 1024 * 1024


@pytest.mark.parametrize(
    ("number_format", "currency", "told"),
    [
        ("#,##0.00 [$\u20ac-407]", "USD", "is not"),
        ('_("\u20ac"* #,##0.00_);_("\u20ac"* (#,##0.00)', "USD", "is not"),
        ('0.00\\ "CHF"', "USD", "is not"),
        ("\u00a5#,##0", "USD", "is not"),
        ('"$"#,##0.00', "EUR", "is not"),
        ("#,##0.00 [$\u20ac-407]", "EUR", None),
        ('"$"#,##0.00', "USD", None),
        ("[$USD] 0.00", "USD", None),
        ("[$-409]0.00;[Red]-0.00", "USD", None),
    ],
)
def test_the_currency_that_a_workbook_shows_counts(
    tmp_path: Path, number_format: str, currency: str, told: str | None
) -> None:
    path = tmp_path / "a.xlsx"
    make_xlsx(path, [["title", "price", "stock"], ["A", 12.5, 3]], number_format)
    with opened_rows(str(path)) as file:
        assert not file.notes
        [row] = file.rows
    columns = RowColumns(notation=Notation(currency))
    wish = columns.convert(row.cells)
    errors = [field for field, _ in wish.errors]
    assert errors == ([] if told is None else ["price"]), wish.errors
    assert wish.values.get("stock") == 3
    typed = columns.convert({**row.cells, "price": row.cells["price"].shown})
    assert typed.errors == wish.errors


def test_the_currency_counts_in_a_table_that_begins_further_right(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    make_xlsx(path, [["", "title", "price"], ["", "A", 12.5]], "#,##0.00 [$\u20ac-407]")
    with opened_rows(str(path)) as file:
        assert file.header == ["title", "price"]
        [row] = file.rows
    assert row.cells["price"].shown == "\u20ac12.5"


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "it is a PNG picture"),
        ("a", b"%PDF-1.7\n1,2\n", "it is a PDF document"),
        ("a.csv", gzip.compress(b"title\nA\n", mtime=0), "it is a gzip archive"),
        ("a.csv", b"title\0,price\nA,1\n", "it holds no text"),
        ("a.jsonl", b'{"title": "A\0"}\n', "it holds no text"),
        ("a.yaml", b"- title: A\0", "it holds no text"),
        ("a", b"\n" + bytes(range(1, 256)) * 20, "it holds no text"),
    ],
)
def test_what_is_no_text_is_refused_before_a_row(
    tmp_path: Path, name: str, content: bytes, told: str
) -> None:
    with pytest.raises(UsageProblem, match=told):
        read(tmp_path / name, content)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("listings.csv", "title\nA\n")
    with pytest.raises(UsageProblem, match="not an Excel file"):
        read(tmp_path / name, archive.getvalue())


@pytest.mark.parametrize("encoding", ["U16", "utf_16", "UTF32"])
def test_an_encoding_has_many_names(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("title\nA\n".encode(encoding))
    with opened_rows(str(path), FileForm(encoding=encoding)) as file:
        assert [row.cells for row in file.rows] == [{"title": "A"}]


def test_rows_of_a_document_go_on_behind_a_broken_one(tmp_path: Path) -> None:
    text = (
        '[{"title": "A"},\n {"title": nonsense, "x": [1]},\n {"title": "B", "title": "C"},\n 7,\n'
        ' {"title": "D"}, {"title": "E}, {"title": "F"},\n {"title": "'
        + "z" * (2 * ROW_CHARACTERS_MAX)
        + '"},\n {"title": "G"}\n]\n'
    )
    rows = read(tmp_path / "a.json", text.encode())
    told = [row.cells.get("title") if row.problem is None else None for row in rows]
    assert told == ["A", None, None, None, "D", None, "F", None, "G"]
    assert [row.number for row in rows] == [*range(1, 10)]
    assert "a key is there twice" in (rows[2].problem or "")
    assert all(len(row.line or "") < 1000 for row in rows)


def test_rows_of_yaml_go_on_behind_a_broken_one(tmp_path: Path) -> None:
    text = (
        '- title: A\n  text: |-\n    one\n\n    - two\n- "title: B\n- title: C\n- &x\n  t: *x\n'
        "- [1]\n- title: D\n"
    )
    rows = read(tmp_path / "a.yaml", text.encode())
    told = [row.cells.get("title") if row.problem is None else None for row in rows]
    assert told == ["A", None, "C", None, None, "D"]
    assert rows[0].cells["text"] == "one\n\n- two"


CELL = st.text(
    st.characters(codec="utf-8", exclude_characters="\ufeff"), min_size=1, max_size=8
) | st.sampled_from(['"', '""', 'a"b', "a\nb", "\r\n", ",;\t", "'", "' =1", "\x00", " x "])


@given(
    st.lists(st.lists(CELL, min_size=3, max_size=3), max_size=6),
    st.sampled_from(",;\t|"),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_what_is_well_formed_is_read_as_it_is(
    tmp_path: Path, table: list[list[str]], delimiter: str, end: str
) -> None:
    buffer = io.StringIO(newline="")
    # The module quotes the line ends that it writes itself, and no others.
    quoting = csv.QUOTE_MINIMAL if end == "\r\n" else csv.QUOTE_ALL
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerow(["one", "two", "three"])
    writer.writerows([neutral(cell) for cell in row] for row in table)
    rows = read(tmp_path / "a.csv", buffer.getvalue().encode(), delimiter=delimiter)
    assert cells(rows) == table


def neutral(cell: str) -> str:
    from instasell_cli.output.csv_cells import neutralize

    return neutralize(cell)


def naive(lines: list[str], cells_max: int) -> list[tuple[list[str], bool]]:
    """The records by trying each line after each start: slow, and easy to believe."""
    found = []
    while lines:
        for count in range(1, len(lines) + 1):
            text = "".join(lines[:count])
            if not is_open(text):
                break
        closed = is_well(text)
        if closed and count > 1 and len(next(csv.reader([text]))) > cells_max:
            closed = False
        count = count if closed else 1
        found.append((lines[:count], closed))
        lines = lines[count:]
    return found


def is_open(text: str) -> bool:
    try:
        [*csv.reader([text], strict=True)]
    except csv.Error as error:
        return "unexpected end of data" in str(error)
    return False


def is_well(text: str) -> bool:
    try:
        [*csv.reader([text], strict=True)]
    except csv.Error:
        return False
    return True


LINES = st.lists(
    st.text(st.sampled_from('",x'), max_size=6).map(lambda text: text + "\n"), max_size=14
)


@given(LINES, st.integers(1, 4))
@settings(max_examples=400, deadline=None)
def test_broken_records_end_where_trying_everything_says(lines: list[str], most: int) -> None:
    records = CsvRecords(bounded_lines(io.StringIO("".join(lines), newline="")), ",")
    records.cells_max = most
    found: list[Record] = [*records]
    wanted = naive(lines, most)
    assert [record.problem is None for record in found] == [well for _, well in wanted]
    for record, (parts, well) in zip(found, wanted, strict=True):
        if well:
            text = "".join(parts)
            assert [*record.cells] == (next(csv.reader([text], strict=True), []) or [""])


GOOD = st.lists(st.text("ab 1", min_size=1, max_size=3), min_size=3, max_size=3)
BROKEN = st.sampled_from(['X,"oops', '"Y', 'Z,"z" z,1', "\x00", "a,b,c,d", "\udcff,\udcff"])


@given(st.lists(st.one_of(GOOD, BROKEN), max_size=12))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_each_line_has_its_verdict_and_good_rows_are_never_lost(
    tmp_path: Path, content: list[list[str] | str]
) -> None:
    lines = ["one,two,three", *(x if isinstance(x, str) else ",".join(x) for x in content)]
    raw = "\n".join(lines).encode("utf-8", "surrogateescape")
    rows = read(tmp_path / "a.csv", raw)
    assert [row.number for row in rows] == [*range(1, len(content) + 1)]
    for row, meant in zip(rows, content, strict=True):
        if not isinstance(meant, str):
            assert (row.problem, [*row.cells.values()]) == (None, meant)


@given(st.binary(max_size=400), st.sampled_from([*FileKind, None]), st.integers(0, 20))
@settings(
    max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
def test_any_bytes_are_rows_or_refused_and_a_second_reading_is_the_same(
    tmp_path: Path, content: bytes, kind: FileKind | None, done: int
) -> None:
    try:
        rows = read(tmp_path / "a", content, kind=kind)
    except UsageProblem:
        return
    assert [row.number for row in rows] == [*range(1, len(rows) + 1)]
    with opened_rows(str(tmp_path / "a"), FileForm(kind)) as file:
        assert [row for row in file.rows if row.number > done] == rows[done:]


def test_each_line_is_looked_at_twice_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of these lines opens a quote that is never closed: trying all would take hours."""
    looked = [0]
    scan = csv_records._scan

    def counted(*arguments: Any, **options: Any) -> Any:
        looked[0] += 1
        return scan(*arguments, **options)

    monkeypatch.setattr(csv_records, "_scan", counted)
    count = 60_000
    text = io.StringIO('x","\n' * count, newline="")
    found = [*CsvRecords(bounded_lines(text), ",")]
    assert len(found) == count
    assert looked[0] <= 2 * count


def test_yaml_that_export_writes_is_plain(tmp_path: Path) -> None:
    row = {"title": "yes", "seller_sku": "007", "price": 1250, "description": "a\n- b\n\n# c"}
    text = yaml.safe_dump([row, {**row}], sort_keys=False)
    assert [each.cells for each in read(tmp_path / "a.yml", text.encode())] == [row, row]
