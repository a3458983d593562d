"""Waiting for a payment, and what is opened: as plain functions."""

from __future__ import annotations

import io
import webbrowser

import pytest

from instasell_cli.commands.orders import checkout_page as checkout
from instasell_cli.commands.orders.checkout_page import PageOptions, show_page, wait_until_paid
from instasell_cli.exit_codes import CliError, UsageProblem
from instasell_cli.output.writer import Format, OutputWriter
from instasell_client import errors


class Clock:
    """A clock that moves with each sleep."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock of the test's own."""
    found = Clock()
    monkeypatch.setattr(checkout, "time", found)
    return found


def written(form: Format = Format.TABLE) -> tuple[OutputWriter, io.StringIO, io.StringIO]:
    out, err = io.StringIO(), io.StringIO()
    return OutputWriter(form, stdout=out, stderr=err), out, err


def test_it_is_asked_less_often_the_longer_it_takes(clock: Clock) -> None:
    answers = iter([None] * 20 + ["paid"])
    assert wait_until_paid(lambda: next(answers), PageOptions(waits=True)) == "paid"
    assert clock.slept == sorted(clock.slept)
    assert (clock.slept[0], clock.slept[-1]) == (
        checkout.FIRST_PAUSE_SECONDS,
        checkout.LONGEST_PAUSE_SECONDS,
    )


def test_the_time_is_kept_to_and_the_last_look_is_at_its_end(clock: Clock) -> None:
    looks: list[float] = []
    with pytest.raises(CliError, match="within 10s"):
        wait_until_paid(lambda: looks.append(clock.now), PageOptions(waits=True, timeout="10s"))
    assert looks[-1] == clock.now == pytest.approx(10)


def test_a_market_that_does_not_answer_is_asked_again(clock: Clock) -> None:
    found: list[object] = [errors.Unavailable(), errors.ConnectionFailed(), "paid"]

    def look() -> object:
        answer = found.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert wait_until_paid(look, PageOptions(waits=True)) == "paid"
    assert len(clock.slept) == 2


def test_what_is_refused_for_good_ends_the_waiting(clock: Clock) -> None:
    def look() -> str:
        raise errors.PaymentFailed("the card is declined")

    with pytest.raises(errors.PaymentFailed):
        wait_until_paid(look, PageOptions(waits=True))
    assert clock.slept == []


@pytest.mark.parametrize(
    ("form", "waits", "out", "err"),
    [
        (Format.TABLE, False, "https://pay.example/1\n", ""),
        (Format.TABLE, True, "https://pay.example/1\n", ""),
        (Format.JSON, False, "", ""),
        (Format.JSON, True, "", "pay here: https://pay.example/1\n"),
    ],
)
def test_where_the_link_goes(form: Format, waits: bool, out: str, err: str) -> None:
    output, stdout, stderr = written(form)
    show_page(output, "https://pay.example/1", PageOptions(waits=waits))
    assert (stdout.getvalue(), stderr.getvalue()) == (out, err)


def test_an_order_without_a_page_is_refused() -> None:
    with pytest.raises(CliError, match="no page"):
        show_page(written()[0], None, PageOptions())


def test_a_page_is_opened_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def open_page(url: str) -> bool:
        seen.append(url)
        return len(seen) < 2

    monkeypatch.setattr(webbrowser, "open", open_page)
    output, _, stderr = written()
    show_page(output, "https://pay.example/1", PageOptions(opens=True))
    assert seen == []
    assert "no terminal" in stderr.getvalue()
    monkeypatch.setattr(checkout, "is_interactive", lambda: True)
    show_page(output, "https://pay.example/1", PageOptions(opens=True))
    assert seen == ["https://pay.example/1"]
    show_page(output, "https://pay.example/2", PageOptions(opens=True))
    assert "no browser" in stderr.getvalue()


@pytest.mark.parametrize("url", ["file:///etc/passwd", "javascript:alert(1)", "--help"])
def test_only_web_pages_are_opened(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda _: pytest.fail("it was opened"))
    monkeypatch.setattr(checkout, "is_interactive", lambda: True)
    with pytest.raises(UsageProblem, match="no web page"):
        show_page(written()[0], url, PageOptions(opens=True))
