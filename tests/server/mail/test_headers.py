"""User text in headers and bodies: parsed back as a mail server's bytes, nothing has become a part.

`EmailMessage` decodes RFC 2047 words that it is given, so these run on each Python that is allowed.
"""

from __future__ import annotations

import email
import email.policy
import re
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from instasell_server.adapters.mail.message import message_of
from instasell_server.domains.mail.renderer import RenderedMail, render
from instasell_server.domains.mail.texts import MAIL_TEXTS
from instasell_server.ports import MailRefused, OutgoingMail
from tests.server.mail.conftest import Office
from tests.server.mail.test_rendering import FACTS
from tests.support.mail_server import MailServer

EXPECTED = [
    *("To", "From", "Subject", "Date", "Message-ID", "Auto-Submitted"),
    *("X-Auto-Response-Suppress", "MIME-Version", "Content-Type"),
]
BCC = "=?utf-8?q?x=0D=0ABcc=3A_victim=40example.org?="
BODY = "=?utf-8?q?x=0A=0A<h1>Pay_here</h1>?="
PIECES = [
    *(
        BCC,
        BODY,
        "=?utf-8?b?DQpCY2M6IHZAZS5vcmcNCg==?=",
        "=?us-ascii?q?=0D?=",
        "=?",
        "?=",
        "=0D=0A",
    ),
    *("\r\n", "\r", "\n", "\r\n\r\n", "\x00", "\x1b", "\x85", "\u2028", "\x0b", "\ud800", "\u202e"),
    *(
        "Bcc: v@e.org",
        "--===============",
        "--",
        ".",
        "\n.\r\n",
        "From ",
        "ü",
        "語" * 40,
        "x" * 200,
    ),
    *(" ", "\t", "<b>", "&", '"', "http://evil.example/a", "www.evil.example", "v@evil.example"),
]
HOSTILE = st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=8).map("".join)


def letter(
    subject: str, text: str = "Hi\n", html: str = "<p>Hi", to: str = "a@b.org"
) -> OutgoingMail:
    at = datetime(2026, 11, 30, 12, tzinfo=UTC)
    return OutgoingMail(7, "6d8f", to, subject, text, html, at)


def check(data: bytes, made: RenderedMail) -> EmailMessage:
    """Check that what arrives has exactly our headers and our two parts, in any reader."""
    assert b"\r" not in data.replace(b"\r\n", b"")
    assert b"\n" not in data.replace(b"\r\n", b"")
    head, _, _ = data.partition(b"\r\n\r\n")
    assert head.isascii()
    assert max(map(len, data.split(b"\r\n"))) <= 400
    names = re.findall(rb"^([^\s:]+):", head, re.MULTILINE)
    assert [name.decode() for name in names] == EXPECTED
    plainly = email.message_from_bytes(data, policy=email.policy.compat32)
    assert plainly.keys() == EXPECTED
    assert not plainly.defects
    assert str(make_header(decode_header(plainly["Subject"]))) == made.subject
    parsed = email.message_from_bytes(data, policy=email.policy.SMTP)
    assert isinstance(parsed, EmailMessage)
    assert [str(each) for each in parsed["To"].addresses] == ["a@b.org"]
    parts = list(parsed.walk())
    kinds = ["multipart/alternative", "text/plain", "text/html"]
    assert [part.get_content_type() for part in parts] == kinds
    assert [part.get_content().replace("\r\n", "\n") for part in parts[1:]] == [
        made.text, made.html + "\n" * (not made.html.endswith("\n")),
    ]  # fmt: skip
    return parsed


@pytest.mark.parametrize("kind", [*MAIL_TEXTS, "no_such_kind"])
@example(text=BCC)
@example(text=BODY)
@example(text="語" * 60 + BCC)
@settings(max_examples=12, deadline=None)
@given(text=HOSTILE)
def test_no_template_lets_text_become_a_part_of_the_mail(kind: str, text: str) -> None:
    facts: dict[str, Any] = {
        key: text if isinstance(value, str) else value for key, value in FACTS.get(kind, {}).items()
    }
    made = render(kind, {**facts, "title": text}, text, "USD")
    check(message_of(letter(*made), "market@shop.example"), made)


@example(subject=BCC)
@settings(max_examples=60, deadline=None)
@given(subject=HOSTILE)
def test_not_even_a_subject_that_nobody_cleaned(subject: str) -> None:
    data = message_of(letter(subject), "market@shop.example")
    parsed = email.message_from_bytes(data, policy=email.policy.compat32)
    assert parsed.keys() == EXPECTED
    assert len(re.findall(rb"^Subject: ", data, re.MULTILINE)) == 1
    assert "\n" not in str(make_header(decode_header(parsed["Subject"])))


@pytest.mark.parametrize(
    "address",
    [
        "a@b.example\uff0cc.example", "a@b.example,c.example", "a,b@c.example", "a@b\uff1e.example",
        "a\uff0cb@c.example", "a\r\nBcc: b@c.example", "a@b.example\r\nBcc:c@d.example",
        "=?utf-8?q?a=2Cb?=@c.example", "a b@c.example", "a@b@c.example", '"a"@b.example',
        "<a@b.example>", "a@", "@b.example", "a", "", "a(b)@c.example", "a@[127.0.0.1]",
        "a;b@c.example", "a@b..example", "x" * 300 + "@b.example", "a\u202e@b.example",
    ],
)  # fmt: skip
def test_what_is_not_one_address_gets_no_mail(address: str) -> None:
    with pytest.raises(MailRefused):
        message_of(letter("Hi", to=address), "market@shop.example")


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("ada@example.org", b"To: ada@example.org\r\n"),
        ("ada+x=y?z@bücher.example", b"To: ada+x=y?z@xn--bcher-kva.example\r\n"),
        ("jürgen@example.org", "To: jürgen@example.org\r\n".encode()),
    ],
)
def test_one_address_is_written_as_it_is(address: str, written: bytes) -> None:
    assert message_of(letter("Hi", to=address), "market@shop.example").startswith(written)


@pytest.mark.parametrize(
    "words", ["see http://evil.example/a?b=c", "go to www.evil.example", "evil.example",
              "pay me@evil.example", "https://evil\u3002example"],
)  # fmt: skip
def test_links_in_other_peoples_words_are_not_clickable(words: str) -> None:
    made = render(
        "message", {**FACTS["message"], "text": words, "sender_name": words}, words, "USD"
    )
    for body in (made.text, made.html):
        assert not re.search(r"https?://|\w[.\u3002][a-z]*example|me@evil", body)
        assert words in body.replace("\u2060", "")
    assert "\u2060" not in made.subject


def test_tokens_and_commands_can_be_copied() -> None:
    made = render("reset_password", {"token": "abc.def.ghi", "expires_at": ""}, "Ada", "USD")
    assert "    abc.def.ghi\n" in made.text
    assert "\u2060" not in made.text


async def test_a_display_name_reaches_one_person_as_a_name(
    office: Office, peer: MailServer
) -> None:
    await office.queue(kind="message", sender_name=BCC, text=BODY, conversation_id="x")
    await office.service().send_due()
    [arrived] = peer.letters
    assert peer.recipients == ["ada@example.org"]
    assert "Bcc" not in arrived
    assert arrived["Subject"] == f"Message from {BCC}"
    assert [part.get_content_type() for part in arrived.iter_parts()] == ["text/plain", "text/html"]
