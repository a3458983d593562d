"""Every kind of mail, with sound facts and with hostile ones."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from instasell_client.models.text import is_refused
from instasell_server.domains.mail.renderer import SUBJECT_MAX, render
from instasell_server.domains.mail.texts import MAIL_TEXTS

ID = "0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"
END = "2026-11-26T18:30:00+01:00"
MONEY = {"currency": "USD"}
FACTS: dict[str, dict[str, Any]] = {
    "outbid": {"auction_id": ID, "title": "A lamp", "current_bid": 1250, "minimum": 1300,
               "end_at": END, **MONEY},
    "won": {"auction_id": ID, "order_id": ID, "title": "A lamp", "total_amount": 1250,
            "payment_due_at": END, **MONEY},
    "lost": {"auction_id": ID, "title": "A lamp", "price": 1250, "winner": "bidder-2", **MONEY},
    "auction_ended": {"auction_id": ID, "title": "A lamp", "price": 1250, "reserve_met": True,
                      "bid_count": 3, "order_id": ID, **MONEY},
    "auction_cancelled": {"auction_id": ID, "title": "A lamp", "reason": "it broke"},
    "ending_soon": {"auction_id": ID, "title": "A lamp", "current_bid": 1250, "end_at": END,
                    **MONEY},
    "paid": {"order_id": ID, "title": "A lamp", "total_amount": 1250, "buyer_name": "Bea",
             **MONEY},
    "shipped": {"order_id": ID, "title": "A lamp", "carrier": "Post", "tracking": "X1",
                "escrow_release_at": END},
    "delivered": {"order_id": ID, "title": "A lamp"},
    "order_cancelled": {"order_id": ID, "title": "A lamp", "reason": "not paid"},
    "dispute_opened": {"dispute_id": ID, "order_id": ID, "title": "A lamp", "reason": "broken"},
    "dispute_answered": {"dispute_id": ID, "order_id": ID, "title": "A lamp"},
    "dispute_resolved": {"dispute_id": ID, "order_id": ID, "title": "A lamp",
                         "refund_amount": 1250, "resolution": "half each", **MONEY},
    "refund": {"order_id": ID, "title": "A lamp", "amount": 1250, **MONEY},
    "release": {"order_id": ID, "title": "A lamp", "amount": 1250, **MONEY},
    "message": {"conversation_id": ID, "sender_name": "Bea", "text": "Hello\nthere",
                "listing_id": ID},
    "messages": {"conversation_id": ID, "sender_name": "Bea", "text": "Hello\nthere", "count": 7},
    "new_auction": {"auction_id": ID, "title": "A lamp", "seller_name": "Sam", "start_at": END,
                    "end_at": END},
    "new_listing": {"listing_id": ID, "title": "A lamp", "seller_name": "Sam", "price": 1250,
                    **MONEY},
    "failed_sign_ins": {"attempts": 10, "address": "203.0.113.9"},
    "verify_email": {"token": "t" * 64, "expires_at": END},
    "confirm_signup": {"token": "t" * 64, "expires_at": END},
    "signup_attempted": {},
    "reset_password": {"token": "t" * 64, "expires_at": END},
    "password_changed": {},
}  # fmt: skip
HOSTILE = (
    "<script>alert(1)</script>\"'&{{ 7*7 }}{% raw %}"
    "\x1b[2J\x07\u202eevil\u2066\r\nBcc: a@b.example\x00 $(rm -rf /)`id`; " + "x" * 10_000
)
LAYOUT_TAGS = {
    *("html", "head", "meta", "title", "style", "body", "table", "tr", "td", "p", "h1"),
    "blockquote",
}


class _Page(HTMLParser):
    """Collect the tags and addresses of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def page_of(html: str) -> _Page:
    page = _Page()
    page.feed(html)
    return page


def test_every_kind_has_facts_here() -> None:
    assert set(FACTS) == set(MAIL_TEXTS)


@pytest.mark.parametrize("kind", MAIL_TEXTS)
def test_every_kind_reads_well(kind: str) -> None:
    made = render(kind, FACTS[kind], "Ada", "EUR")
    assert "…" not in made.subject + made.text
    assert "None" not in made.text
    assert made.text.startswith("Hello Ada,\n\n")
    assert "\n\n\n" not in made.text
    if any(isinstance(value, int) and value >= 1000 for value in FACTS[kind].values()):
        assert "12.50 USD" in made.text
        assert "12.50 USD" in made.html
    if END in FACTS[kind].values():
        assert "Thu, 26 Nov 2026, 17:30:00 UTC" in made.text
    [command] = re.findall(r"^    (instasell .*)$", made.text, re.MULTILINE)
    assert command in made.html
    assert all(
        len(line) <= 72 or line.strip() in (command, "t" * 64) for line in made.text.split("\n")
    )


@pytest.mark.parametrize("kind", [*MAIL_TEXTS, "no_such_kind"])
def test_hostile_facts_stay_words(kind: str) -> None:
    facts = dict.fromkeys(FACTS.get(kind, {"title": "", "anything": ""}), HOSTILE)
    made = render(kind, facts, HOSTILE, "USD")
    assert len(made.subject) <= SUBJECT_MAX
    assert "\n" not in made.subject
    for text in (made.subject, made.text, made.html):
        assert not [char for char in text if is_refused(char) and char != "\n"]
        assert len(text) < 20_000
    page = page_of(made.html)
    assert page.tags <= LAYOUT_TAGS
    assert not page.attributes & {"src", "href", "onload", "onerror"}
    assert "<script" not in made.html
    assert "49" not in made.text.replace("7*7", "")
    for command in re.findall(r"^    (instasell .*)$", made.text, re.MULTILINE):
        assert re.fullmatch(r"instasell [a-z -]+", command)


@pytest.mark.parametrize("kind", MAIL_TEXTS)
def test_missing_and_absent_facts_leave_a_gap(kind: str) -> None:
    assert render(kind, {}, "Ada", "USD").text
    assert render(kind, dict.fromkeys(FACTS[kind]), "Ada", "USD").text


def test_a_kind_without_words_gets_a_plain_mail() -> None:
    made = render("no_such_kind", {"title": "A lamp"}, "Ada", "USD")
    assert made.subject == "News from the market"
    assert "A lamp" in made.text


def test_amounts_have_the_decimals_of_their_currency() -> None:
    facts = {**FACTS["outbid"], "currency": "JPY"}
    text = render("outbid", facts, "Ada", "USD").text
    assert "1250 JPY" in text
    assert f"instasell auctions bid {ID} 1300\n" in text


@pytest.mark.parametrize("kind", MAIL_TEXTS)
def test_every_command_is_one_of_the_command_line(kind: str) -> None:
    import click
    import typer

    from instasell_cli.main import app

    made = render(kind, FACTS[kind], "Ada", "USD")
    [command] = re.findall(r"^    instasell (.*)$", made.text, re.MULTILINE)
    group, name, *_ = command.split()
    root = typer.main.get_command(app)
    context = click.Context(root)
    found = root.get_command(context, group)  # type: ignore[attr-defined]
    assert found is not None
    assert found.get_command(context, name) is not None, command
