"""The four formats, and what other people's text may do to them: nothing."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest
from rich.cells import cell_len

from instasell_cli.cells import restored
from instasell_cli.exits import UsageProblem
from instasell_cli.output import Format, Output, Shape, json_text
from instasell_cli.shapes import AUCTION

SHAPE = Shape(
    ("id", "title", "price", "created_at", "you", "open"),
    ("id", "title", "price"),
    frozenset({"price", "max_amount"}),
)
HOSTILE = "a\x1b[31mred\x9b2J\u202egnp.exe\x07 [/b][link=x]Ford [blue]\r\n=1+1"
RECORD = {
    "id": "1",
    "title": HOSTILE,
    "price": 1250,
    "created_at": "2030-01-31T18:00:00Z",
    "you": {"max_amount": 2000, "leading": True},
    "open": True,
}


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def written(
    form: Format, *fields: str, one: bool = False, stream: io.StringIO | None = None
) -> str:
    stream = stream or io.StringIO()
    output = Output(form, fields, stdout=stream)
    if one:
        output.one(SHAPE, RECORD)
    else:
        output.many(SHAPE, [RECORD])
    return stream.getvalue()


def is_harmless(text: str) -> bool:
    return not any(char in text for char in "\x1b\x9b\u202e\x07\r")


@pytest.mark.parametrize("form", list(Format))
@pytest.mark.parametrize("one", [False, True])
def test_no_control_character_of_the_data_comes_out(form: Format, one: bool) -> None:
    assert is_harmless(written(form, one=one))


@pytest.mark.parametrize("one", [False, True])
def test_markup_is_printed_as_it_is_on_a_terminal(
    one: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    shown = written(Format.TABLE, one=one, stream=Terminal())
    assert "[/b][link=x]Ford [blue]" in shown
    own = shown.replace("\x1b[1m", "").replace("\x1b[0m", "")
    assert is_harmless(own)


def test_json_keeps_the_text_whole() -> None:
    assert json.loads(written(Format.JSON))[0] == RECORD
    assert json.loads(written(Format.JSONL)) == RECORD
    assert json.loads(written(Format.JSON, one=True)) == RECORD
    assert json_text({"title": "Süße 時計"}) == '{"title": "Süße 時計"}'


def test_a_table_off_a_terminal_is_separated_by_tabs() -> None:
    output = Output(stdout=(stream := io.StringIO()))
    output.many(SHAPE, [{"id": "1", "title": "A\tb\nc", "price": 5}, {"id": "2", "title": "x"}])
    assert stream.getvalue() == "id\ttitle\tprice\n1\tA b c\t0.05\n2\tx\t\n"


def test_csv_is_whole_and_no_formula() -> None:
    output = Output(Format.CSV, stdout=(stream := io.StringIO()))
    output.many(SHAPE, [{"id": "1", "title": "=cmd()\nsecond, line", "price": 1250, "open": True}])
    rows = list(csv.reader(io.StringIO(stream.getvalue())))
    assert rows[0] == list(SHAPE.fields)
    assert rows[1] == ["1", "'=cmd()\nsecond, line", "12.50", "", "", "yes"]


def test_a_negative_number_is_no_formula() -> None:
    output = Output(Format.CSV, stdout=(stream := io.StringIO()))
    texts = ("-5", "-5.25", "-5+1", "-", "-cmd()", "-5\n")
    output.many(SHAPE, [{"price": -1250, "title": text} for text in texts])
    rows = list(csv.reader(io.StringIO(stream.getvalue())))[1:]
    assert [row[1] for row in rows] == ["-5", "-5.25", "'-5+1", "'-", "'-cmd()", "'-5\n"]
    assert {row[2] for row in rows} == {"-12.50"}
    assert [restored(row[1]) for row in rows] == [*texts]


def test_fields_pick_and_order_also_below() -> None:
    assert json.loads(written(Format.JSONL, "you.max_amount", "id")) == {
        "you.max_amount": 2000,
        "id": "1",
    }
    assert written(Format.TABLE, "you.max_amount", "id") == "you.max_amount\tid\n20.00\t1\n"


@pytest.mark.parametrize("form", list(Format))
def test_an_unknown_field_is_told_with_those_that_are_known(form: Format) -> None:
    with pytest.raises(UsageProblem, match=r"titel.*created_at"):
        written(form, "titel")


def test_nothing_is_written_before_the_first_record_has_come() -> None:
    stream = io.StringIO()

    def refused() -> object:
        raise RuntimeError("refused")
        yield

    for form in Format:
        with pytest.raises(RuntimeError):
            Output(form, stdout=stream).many(SHAPE, refused())  # type: ignore[arg-type]
    assert stream.getvalue() == ""


def test_an_empty_list_is_still_a_document() -> None:
    for form, wanted in (
        (Format.JSON, "[\n]\n"),
        (Format.JSONL, ""),
        (Format.TABLE, "id\ttitle\tprice\n"),
    ):
        stream = io.StringIO()
        Output(form, stdout=stream).many(SHAPE, [])
        assert stream.getvalue() == wanted


@pytest.mark.parametrize("width", [40, 80, 100, 200])
def test_a_narrow_terminal_cuts_long_text_and_drops_columns_but_never_cuts_an_id(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm")
    auction_id = "f93d55b0-8487-4a5d-8128-3ce67cdf513c"
    record = {
        "auction_id": auction_id,
        "title": "時計 " * 40,
        "current_bid": 12000,
        "minimum_bid": 12500,
        "bid_count": 3,
        "leader": "bidder-2",
        "end_at": "2030-01-31T18:00:00Z",
    }
    Output(stdout=(stream := Terminal())).many(AUCTION, [record])
    lines = re.sub("\x1b\\[[0-9;]*m", "", stream.getvalue()).splitlines()
    assert len(lines) == 2
    assert lines[1].startswith(auction_id)
    assert cell_len(lines[1]) <= max(width, len(auction_id))
    assert ("120.00" in lines[1]) == (width >= 80)
    assert ("bidder-2" in lines[1]) == (width >= 200)
