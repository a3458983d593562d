"""Amounts, times, cells and exit codes, as plain functions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instasell_cli.commands.help import text_of
from instasell_cli.exit_codes import ExitCode, UsageProblem, exit_code_of, message_of
from instasell_cli.input.amounts import typed_amount
from instasell_cli.input.times import parse_instant, parse_seconds
from instasell_cli.output.amounts import default_currency, shown_amount
from instasell_cli.output.csv_cells import neutralize, restore
from instasell_cli.output.debug_log import redact
from instasell_cli.output.error_hints import with_remedy
from instasell_cli.output.times import local_text, span_text
from instasell_client import ProfileError, errors


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("10m", 600), ("1d12h", 129600), ("2h", 7200), ("1M30S", 90)],
)
def test_spans(text: str, seconds: int) -> None:
    assert parse_seconds(text, "--duration") == seconds


@pytest.mark.parametrize("text", ["", "soon", "1.5h", "-5m", "1h2d", "١m", "9" * 30])
def test_a_text_that_is_no_duration_is_refused_with_the_option(text: str) -> None:
    with pytest.raises(UsageProblem, match="--duration"):
        parse_seconds(text, "--duration")


def test_instants_have_a_zone() -> None:
    assert parse_instant("2030-01-31T18:00:00Z", "--end") == datetime(2030, 1, 31, 18, tzinfo=UTC)
    assert parse_instant("2030-01-31T18:00", "--end").tzinfo is not None
    ahead = parse_instant("+10m", "--end") - datetime.now(UTC)
    assert timedelta(minutes=9) < ahead <= timedelta(minutes=10)


@pytest.mark.parametrize("text", ["tomorrow", "2030-13-01", "", "+", "+99999999d", "+9999d9"])
def test_a_text_that_is_no_time_is_refused(text: str) -> None:
    if text == "+9999d9":
        assert parse_instant(text, "--end") > datetime.now(UTC)
        return
    with pytest.raises(UsageProblem, match="--end"):
        parse_instant(text, "--end")


def test_times_are_shown_in_the_local_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert local_text("2030-01-31T18:00:00Z") == "2030-02-01 03:00:00"
        assert local_text("no time") == "no time"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_spans_are_shown_in_two_units() -> None:
    assert [span_text(each) for each in (0, 59, 3725, 90061)] == ["0s", "59s", "1h 2m", "1d 1h"]


def test_amounts_follow_the_currency(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INSTASELL_CURRENCY", raising=False)
    assert typed_amount("$1,234.00", "--price") == 123400
    assert shown_amount(1250) == "12.50"
    assert typed_amount("12", "--price", "JPY") == 12
    monkeypatch.setenv("INSTASELL_CURRENCY", "usd; rm")
    with pytest.raises(UsageProblem, match="INSTASELL_CURRENCY"):
        default_currency()


@pytest.mark.parametrize("text", ["-1", "1e3", "12.505", "", "NaN", "１２", "1_000"])
def test_a_text_that_is_no_amount_is_refused_with_the_option(text: str) -> None:
    with pytest.raises(UsageProblem, match="--price"):
        typed_amount(text, "--price")


@given(st.text())
def test_what_is_neutralised_comes_back(text: str) -> None:
    written = neutralize(text)
    assert restore(written) == text
    assert not written.startswith(("=", "+", "-", "@", "\t", "\r"))


def test_harmless_cells_stay_as_they_are() -> None:
    assert neutralize("'tis a watch") == "'tis a watch"
    assert restore("'tis a watch") == "'tis a watch"
    assert neutralize("=1+1") == "'=1+1"
    assert neutralize("'=1+1") == "''=1+1"


def test_every_error_of_the_client_has_an_exit_code() -> None:
    wanted = (
        (errors.BidTooLow, ExitCode.CONFLICT),
        (errors.AuctionNotOpen, ExitCode.CONFLICT),
        (errors.OrderNotReady, ExitCode.CONFLICT),
        (errors.InsufficientFunds, ExitCode.CONFLICT),
        (errors.InsufficientGas, ExitCode.CONFLICT),
        (errors.OutOfStock, ExitCode.CONFLICT),
        (errors.PaymentFailed, ExitCode.FAILURE),
        (errors.SellerCannotBuy, ExitCode.NOT_ALLOWED),
        (errors.OrderNotFound, ExitCode.NOT_FOUND),
        (errors.Unauthenticated, ExitCode.NOT_ALLOWED),
        (errors.BadCredentials, ExitCode.NOT_ALLOWED),
        (errors.SellerCannotBid, ExitCode.NOT_ALLOWED),
        (errors.AuctionNotFound, ExitCode.NOT_FOUND),
        (errors.ConnectionFailed, ExitCode.FAILURE),
        (errors.RateLimited, ExitCode.FAILURE),
    )
    for kind, code in wanted:
        assert exit_code_of(kind("said")) is code, kind
    assert exit_code_of(errors.Invalid([])) is ExitCode.USAGE
    assert exit_code_of(KeyboardInterrupt()) is ExitCode.INTERRUPTED
    assert exit_code_of(ProfileError("x")) is ExitCode.USAGE
    assert exit_code_of(RuntimeError()) is ExitCode.FAILURE


def test_the_table_of_exit_codes_has_all_of_them() -> None:
    shown = [int(line.split()[0]) for line in text_of("exit-codes").splitlines()]
    assert shown == [code.value for code in ExitCode] == [0, 1, 2, 4, 5, 6, 7, 130]
    with pytest.raises(UsageProblem, match="exit-codes, environment, output"):
        text_of("everything")


def test_a_message_names_every_bad_field() -> None:
    entries = [
        ("price", "too low"),
        ("stock", "no"),
    ]
    assert message_of(errors.Invalid(entries)) == "price: too low\nstock: no"
    assert "auth login" in message_of(errors.Unauthenticated())


@pytest.mark.parametrize(
    "text",
    ["Authorization: Bearer s3cret", '{"token": "s3cret"}', "password=s3cret", "xx s3cret yy"],
)
def test_debug_output_hides_secrets(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSTASELL_TOKEN", "s3cret")
    assert "s3cret" not in redact(text)
    assert "s3cret" not in redact(text, is_prose=True)


def test_messages_about_a_password_are_read_whole() -> None:
    message = "password: send at least 8 characters"
    assert redact(message, is_prose=True) == message


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (errors.InsufficientFunds(missing=250), "2.50 USD more is needed (instasell wallet topup"),
        (errors.InsufficientGas(missing=40), "40 gas more is needed (instasell wallet topup 0.40"),
    ],
)
def test_too_little_money_is_reported_with_its_remedy(error: errors.Conflict, told: str) -> None:
    found = with_remedy(error, "USD")
    assert told in str(found)
    assert exit_code_of(found) is ExitCode.CONFLICT


def test_other_errors_stay_as_they_are() -> None:
    for error in (errors.OutOfStock("2 are left"), errors.InsufficientFunds(), RuntimeError()):
        assert with_remedy(error, "USD") is error
