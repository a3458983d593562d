"""The mailbox of a market on one machine: private, bounded, each letter once."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from instasell_server.adapters.mail.mailbox import LocalMailbox
from instasell_server.embedded.mailbox import find_letter, format_list, format_mail, read_mailbox
from instasell_server.ports import OutgoingMail
from tests.server.mail.conftest import Office


def letter(number: int, address: str = "ada@example.org", text: str = "Hello\n") -> OutgoingMail:
    return OutgoingMail(
        number=number,
        key="0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11",
        address=address,
        subject=f"Letter {number}",
        text=text,
        html="<p>Hello</p>",
        written_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


async def nothing() -> None:
    """Nobody has to be asked."""


async def test_letters_are_for_their_owner_alone_and_bounded(tmp_path: Path) -> None:
    folder = tmp_path / "mailbox"
    box = LocalMailbox(folder, "market@shop.example", limit=3)
    for number in (1, 2, 3, 4, 4, 10):
        await box.send(letter(number), nothing)
    assert [kept.number for kept in read_mailbox(folder)] == [10, 4, 3]
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


async def test_what_is_shown_steers_no_terminal(tmp_path: Path) -> None:
    box = LocalMailbox(tmp_path / "m", "market@shop.example")
    await box.send(letter(1, text="\x1b[2Jlook\u202e here\n    a token\n"), nothing)
    (tmp_path / "m/2.eml").write_bytes(
        b"To: x\x1b[2J\r\nSubject: \x9b2J\x07\r\n\r\n\x1b]0;evil\x07"
    )
    (tmp_path / "m/no-letter").write_text("x")
    for number in (1, 2):
        text = format_mail(tmp_path / "m", number, as_json=False)
        assert all(char.isprintable() or char == "\n" for char in text), repr(text)
    assert "    a token" in format_mail(tmp_path / "m", 1, as_json=False)
    assert len(list(format_list(tmp_path / "m", "ada@example.org", as_json=False))) == 1
    assert find_letter(tmp_path / "m", 3) is None
    assert list(format_list(tmp_path / "nowhere", None, as_json=True)) == []


async def test_a_mail_comes_into_the_mailbox_once(office: Office, tmp_path: Path) -> None:
    box = LocalMailbox(tmp_path / "m", "market@shop.example")
    await office.queue()
    await office.service(box).send_due()
    # The mark of the sender was lost: the mail is brought a second time, to the same place.
    office.sql("UPDATE emails SET state = 'queued', done_at = NULL, next_at = now()")
    await office.service(box).send_due()
    assert len(list(read_mailbox(tmp_path / "m"))) == 1
    assert office.states()[0][0] == "sent"
