"""The formats, and what other people's text may do to them: nothing."""

from __future__ import annotations

import csv
import importlib
import io
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from instasell_cli.exit_codes import CliError, UsageProblem
from instasell_cli.output import yaml_text
from instasell_cli.output.csv_cells import restore
from instasell_cli.output.jq_filter import JqFilter
from instasell_cli.output.schema import RecordSchema
from instasell_cli.output.schemas import AUCTION, ORDER
from instasell_cli.output.templates import JinjaTemplate
from instasell_cli.output.writer import Format, OutputWriter, json_text
from instasell_client.models.text import is_refused

SHAPE = RecordSchema(
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
    output = OutputWriter(form, fields, stdout=stream)
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
    output = OutputWriter(stdout=(stream := io.StringIO()))
    output.many(SHAPE, [{"id": "1", "title": "A\tb\nc", "price": 5}, {"id": "2", "title": "x"}])
    assert stream.getvalue() == "id\ttitle\tprice\n1\tA b c\t0.05\n2\tx\t\n"


def test_csv_is_whole_and_no_formula() -> None:
    output = OutputWriter(Format.CSV, stdout=(stream := io.StringIO()))
    output.many(SHAPE, [{"id": "1", "title": "=cmd()\nsecond, line", "price": 1250, "open": True}])
    rows = list(csv.reader(io.StringIO(stream.getvalue())))
    assert rows[0] == list(SHAPE.fields)
    assert rows[1] == ["1", "'=cmd()\nsecond, line", "12.50", "", "", "yes"]


def test_a_negative_number_is_no_formula() -> None:
    output = OutputWriter(Format.CSV, stdout=(stream := io.StringIO()))
    texts = ("-5", "-5.25", "-5+1", "-", "-cmd()", "-5\n")
    output.many(SHAPE, [{"price": -1250, "title": text} for text in texts])
    rows = list(csv.reader(io.StringIO(stream.getvalue())))[1:]
    assert [row[1] for row in rows] == ["-5", "-5.25", "'-5+1", "'-", "'-cmd()", "'-5\n"]
    assert {row[2] for row in rows} == {"-12.50"}
    assert [restore(row[1]) for row in rows] == [*texts]


def test_fields_pick_and_order_also_below() -> None:
    assert json.loads(written(Format.JSONL, "you.max_amount", "id")) == {
        "you.max_amount": 2000,
        "id": "1",
    }
    assert written(Format.TABLE, "you.max_amount", "id") == "you.max_amount\tid\n20.00\t1\n"


@pytest.mark.parametrize("form", list(Format))
def test_an_unknown_field_is_refused_with_the_known_ones(form: Format) -> None:
    with pytest.raises(UsageProblem, match=r"titel.*created_at"):
        written(form, "titel")


def test_nothing_is_written_before_the_first_record_has_come() -> None:
    stream = io.StringIO()

    def refused() -> object:
        raise RuntimeError("refused")
        yield

    for form in Format:
        with pytest.raises(RuntimeError):
            OutputWriter(form, stdout=stream).many(SHAPE, refused())  # type: ignore[arg-type]
    assert stream.getvalue() == ""


def test_an_empty_list_is_still_a_document() -> None:
    for form, wanted in (
        (Format.JSON, "[\n]\n"),
        (Format.JSONL, ""),
        (Format.TABLE, "id\ttitle\tprice\n"),
    ):
        stream = io.StringIO()
        OutputWriter(form, stdout=stream).many(SHAPE, [])
        assert stream.getvalue() == wanted


AUCTION_ID = "f93d55b0-8487-4a5d-8128-3ce67cdf513c"
AUCTION_RECORD = {
    "auction_id": AUCTION_ID,
    "title": "時計 " * 40,
    "current_bid": 12000,
    "minimum_bid": 12500,
    "bid_count": 3,
    "leader": "bidder-2",
    "end_at": "2130-01-31T18:00:00Z",
}


@pytest.fixture
def width_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Set how wide the terminal is."""
    monkeypatch.setenv("TERM", "xterm")
    return lambda width: monkeypatch.setenv("COLUMNS", str(width))


def shown(
    shape: RecordSchema, *records: Mapping[str, object], **given: Any
) -> tuple[list[str], str]:
    """The lines on the terminal without colours, and what was said on stderr."""
    out, err = Terminal(), io.StringIO()
    OutputWriter(stdout=out, stderr=err, **given).many(shape, records)
    return re.sub("\x1b\\[[0-9;]*m", "", out.getvalue()).splitlines(), err.getvalue()


def test_80_columns_show_all_that_a_bidder_needs(width_of: Callable[[int], None]) -> None:
    width_of(80)
    lines, said = shown(AUCTION, AUCTION_RECORD)
    assert max(map(cell_len, lines)) <= 80
    row = lines[-1].split()
    assert row[0] == AUCTION_ID[:8]
    assert row[-5:] == ["120.00", "2130-01-31", "125.00", "3", "bidder-2"]
    assert said == ""


@pytest.mark.parametrize("shape", [AUCTION, ORDER], ids=["auctions", "orders"])
@pytest.mark.parametrize("width", [20, 40, 60, 80, 100, 200])
def test_columns_that_do_not_fit_are_named_and_the_id_never_goes(
    shape: RecordSchema, width: int, width_of: Callable[[int], None]
) -> None:
    width_of(width)
    record = {**AUCTION_RECORD, "id": AUCTION_ID, "status": "processing", "total_amount": 12000}
    lines, said = shown(shape, record)
    assert lines[-1].split()[0] == (AUCTION_ID if width == 200 else AUCTION_ID[:8])
    assert max(map(cell_len, lines)) <= max(width, 8 + 2 + 16)
    left_out = re.findall(r"\w+", said.partition("(")[2].partition(")")[0])
    kept = " ".join(name for name in shape.columns if name not in left_out)
    # A heading on two lines has the words of a name one below the other.
    assert sorted(" ".join(lines[:-1]).split()) == sorted(kept.replace("_", " ").split())
    if left_out:
        number = f"+{len(left_out)} column{'s' if len(left_out) > 1 else ''} "
        assert said.startswith(number)
        assert said.endswith("-o json or --wide\n")
        assert [*sorted(left_out)] == sorted(shape.by_need(shape.columns)[-len(left_out) :])


def test_ids_that_begin_alike_are_shown_as_long_as_that_takes(
    width_of: Callable[[int], None],
) -> None:
    width_of(60)
    twin = f"{AUCTION_ID[:12]}f{AUCTION_ID[13:]}"
    lines, _ = shown(AUCTION, AUCTION_RECORD, {**AUCTION_RECORD, "auction_id": twin})
    assert [line.split()[0] for line in lines[-2:]] == [AUCTION_ID[:13], twin[:13]]


def test_wide_shows_every_column_uncut(width_of: Callable[[int], None]) -> None:
    width_of(40)
    lines, said = shown(AUCTION, AUCTION_RECORD, form=Format.WIDE)
    assert (len(lines), said) == (2, "")
    assert lines[1].startswith(f"{AUCTION_ID}  {'時計 ' * 40}".rstrip())
    assert lines[1].endswith("bidder-2")


ADDRESS = "https://pay.example/c/" + "a1-" * 60


def test_an_address_is_never_cut_or_broken(width_of: Callable[[int], None]) -> None:
    width_of(40)
    shape = RecordSchema(("id", "checkout_url"), ("id", "checkout_url"))
    record = {"id": AUCTION_ID, "checkout_url": ADDRESS}
    for fields in ((), ("checkout_url",), ("id", "checkout_url")):
        lines, said = shown(shape, record, fields=fields)
        assert ADDRESS in lines[-1].split() if fields else "(checkout_url)" in said
        OutputWriter(stdout=(one := Terminal()), fields=fields).one(shape, record)
        assert ADDRESS in one.getvalue().split(), fields


def test_names_are_the_ids_alone() -> None:
    OutputWriter(Format.NAME, stdout=(stream := io.StringIO())).many(
        AUCTION, [AUCTION_RECORD, {"auction_id": None}, {"auction_id": "a\x1b[31m\nb"}]
    )
    assert stream.getvalue() == f"{AUCTION_ID}\na\N{REPLACEMENT CHARACTER}[31m b\n"
    with pytest.raises(UsageProblem, match="no id"):
        OutputWriter(Format.NAME, stdout=stream).many(RecordSchema(("a",), ("a",), key=None), [])


@pytest.mark.parametrize("base", ["SafeDumper", "CSafeDumper"])
def test_yaml_says_the_same_as_json(base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(yaml, "CSafeDumper", getattr(yaml, base))
        importlib.reload(yaml_text)
        records = [RECORD, {"id": "yes", "title": " a: b\n\n# c ", "price": None, "open": "1e3"}]
        OutputWriter(Format.YAML, stdout=(stream := io.StringIO())).many(SHAPE, records)
    importlib.reload(yaml_text)
    assert yaml.safe_load(stream.getvalue()) == records
    assert is_harmless(stream.getvalue())
    assert yaml.safe_load(written(Format.YAML, one=True)) == RECORD
    assert "title: Süße 時計\n" in yaml_text.yaml_text({"title": "Süße 時計"})


@given(st.text())
def test_no_text_breaks_out_of_yaml(text: str) -> None:
    found = yaml_text.yaml_text({"title": text})
    assert not any(char != "\n" and is_refused(char) for char in found)
    if not any(0xD800 <= ord(char) < 0xE000 for char in text):
        assert yaml.safe_load(found) == {"title": text}


def filtered(expression: str, *records: Mapping[str, object], form: Format = Format.JSON) -> str:
    output = OutputWriter(form, stdout=(stream := io.StringIO()), transform=JqFilter(expression))
    output.many(SHAPE, records)
    return stream.getvalue()


def test_jq_filters_what_json_has() -> None:
    assert filtered(".[] | .price, .you.leading", RECORD) == "1250\ntrue\n"
    assert filtered("map(.id)", RECORD, RECORD) == '["1", "1"]\n'
    assert filtered(".id", RECORD, {"id": "2"}, form=Format.JSONL) == "1\n2\n"
    assert is_harmless(filtered(".[].title, .", RECORD))
    with pytest.raises(UsageProblem, match="--jq"):
        JqFilter(".[")
    with pytest.raises(CliError, match="--jq"):
        filtered(".[0].id + 1", RECORD)


def formatted(template: str, *records: Mapping[str, object], one: bool = False) -> str:
    transform = JinjaTemplate(template, SHAPE.fields)
    output = OutputWriter(Format.JSON, stdout=(stream := io.StringIO()), transform=transform)
    if one:
        output.one(SHAPE, records[0])
    else:
        output.many(SHAPE, records)
    return stream.getvalue()


def test_templates_have_the_records() -> None:
    each = "{% for r in records %}{{ r.id }}: {{ r.price | amount }}{{ r.no.ne }};{% endfor %}"
    assert formatted(each, RECORD, RECORD) == "1: 12.50;1: 12.50;\n"
    assert formatted("{{ id }} {{ open }} {{ you | json }}", RECORD, one=True) == (
        '1 yes {"max_amount": 2000, "leading": true}\n'
    )
    past = {"created_at": "2001-01-01T00:00:00Z"}
    assert formatted("{{ created_at | ago }}", past, one=True).endswith(" ago\n")
    assert is_harmless(formatted("{{ title }} {{ records }}", RECORD, one=True))
    assert "[/b][link=x]Ford" in formatted("{{ title }}", RECORD, one=True)


@pytest.mark.parametrize(
    ("template", "error"),
    [
        ("{{ titel }}", UsageProblem),
        ("{% for %}", UsageProblem),
        ("{% include '/etc/passwd' %}", CliError),
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", CliError),
        ("{{ records.append(1) }}", CliError),
        ("{% for n in range(10 ** 9) %}{% endfor %}", CliError),
        ("{{ 1 / 0 }}", CliError),
    ],
)
def test_a_template_reads_records_and_nothing_else(template: str, error: type[CliError]) -> None:
    with pytest.raises(error, match="--template"):
        formatted(template, RECORD)
