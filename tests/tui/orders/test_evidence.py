"""Files for a dispute: found by a path that is typed, looked at here, and sent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.widgets import Input

from instasell_client import Unavailable
from instasell_client.models.media import Evidence
from instasell_tui.app import InstaSellApp
from instasell_tui.orders import evidence
from instasell_tui.orders.order_screen import OrderScreen
from instasell_tui.widgets.path_suggester import complete_path
from tests.support.market import Market
from tests.support.pictures import picture
from tests.tui.pilot import Opener, Screen
from tests.tui.trade import Trade


def test_a_path_is_completed_name_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "photos").mkdir()
    for name in ("photos/lamp.jpg", "photos/lamp-2.jpg", "photos/.hidden", "ph"):
        (tmp_path / name).touch()
    (tmp_path / "photos" / "lamp\x1b[2J.jpg").touch()
    at = str(tmp_path)
    assert complete_path(f"{at}/pho") == f"{at}/photos/"
    assert complete_path(f"{at}/photos/") == f"{at}/photos/lamp-2.jpg"
    assert complete_path(f"{at}/photos/lamp.") == f"{at}/photos/lamp.jpg"
    assert complete_path(f"{at}/photos/lamp\x1b") is None
    assert complete_path(f"{at}/photos/.") == f"{at}/photos/.hidden"
    assert complete_path(f"{at}/photos/lamp.jpg") is None
    assert complete_path(f"{at}/nowhere/x") is None
    assert complete_path("/etc/\0") is None
    monkeypatch.setenv("HOME", at)
    monkeypatch.chdir(tmp_path)
    assert complete_path("~/photos/lamp.") == "~/photos/lamp.jpg"
    assert complete_path("~nobody-of-this-name/x") is None
    assert complete_path("photos/lamp.") == "photos/lamp.jpg"
    assert evidence.locate_file("~/ph") == tmp_path / "ph"


def test_what_no_dispute_takes_is_refused_before_it_is_sent(tmp_path: Path) -> None:
    files = {
        "empty.txt": b"",
        "note.txt": "schön".encode(),
        "latin.txt": "schön".encode("latin-1"),
        "sound.wav": b"RIFF\0\0\0\0WAVE",
        "bill.pdf": b"%PDF-1.7",
        "n" * 201: b"x",
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)

    def why(name: str) -> str | None:
        return evidence.problem(str(tmp_path / name))

    assert why(".") == "That is a folder: name a file in it"
    assert why("none.jpg") == "There is no such file"
    assert why("empty.txt") == "The file is empty"
    assert why("sound.wav") == "the file is not an image; send a PNG, JPEG, WebP or GIF"
    assert why("n" * 201) == "Its name has more than 200 characters"
    assert why("note.txt") is why("bill.pdf") is None
    assert evidence.problem("a\0b") is not None
    read = evidence.read(str(tmp_path / "note.txt"))
    assert (read.name, read.content_type, read.data) == ("note.txt", "text/plain", b"sch\xc3\xb6n")
    assert evidence.read(str(tmp_path / "bill.pdf")).content_type == "application/pdf"
    with pytest.raises(ValueError, match="UTF-8"):
        evidence.read(str(tmp_path / "latin.txt"))
    with pytest.raises(ValueError, match="empty"):
        evidence.read(str(tmp_path / "empty.txt"))


def typed(shown: Screen, path: str) -> None:
    shown.app.screen.query_one("#path", Input).value = path


async def test_a_file_is_attached_and_shown_among_the_statements(
    market: Market,
    fund: Callable[[str, int], None],
    screen: Opener,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trade = await Trade.open(market, fund)
    order_id = await trade.shipped()
    opened = await trade.buyer.disputes.open(order_id, "damaged", "It came in two.")
    (tmp_path / "lamp.png").write_bytes(picture())
    (tmp_path / "page.png").write_bytes(b"\x89PNG\r\n\x1a\n no picture at all")
    (tmp_path / "note.txt").write_text("It left whole.")
    at = str(tmp_path)

    async with screen(trade.buyer.token) as shown:
        shown.app.push_screen(OrderScreen(order_id))
        await shown.reads("e Answer", "u Attach file")
        await shown.press("u")
        await shown.reads("Send a file to both sides")
        # A folder or a missing file is refused at the field, and nothing is sent.
        typed(shown, at)
        await shown.press("enter")
        await shown.reads("That is a folder")
        typed(shown, f"{at}/la")
        field = shown.app.screen.query_one("#path", Input)
        await shown.until(lambda: field._suggestion == f"{at}/lamp.png")
        await shown.press("end", "right", "enter")
        await shown.reads("Sent [lamp.png] image/", "you", "It came in two.")
        # The market's own refusal brings the path back.
        await shown.press("u")
        await shown.reads("Send a file to both sides")
        typed(shown, f"{at}/page.png")
        await shown.press("enter")
        await shown.reads("Refused: ", "page.png")
        await shown.press("escape")
        await shown.reads("Nothing was sent")
    view = await trade.buyer.disputes.get(opened.dispute.id)
    assert [(each.author, each.file_name) for each in view.evidence] == [("buyer", "lamp.png")]

    # Where the last answer is lost, sending it again does not send it twice.
    lost: list[str] = []
    async with screen(trade.seller.token) as shown:
        shown.app.push_screen(OrderScreen(order_id))
        await shown.reads("u Attach file", "the buyer", "lamp.png")
        media = shown.app.feed.client.media
        complete = media.complete_evidence

        async def losing(dispute_id: str, evidence_id: str) -> Evidence:
            sent = await complete(dispute_id, evidence_id)
            lost.append(evidence_id)
            if len(lost) == 1:
                raise Unavailable("the answer was lost")
            return sent

        monkeypatch.setattr(media, "complete_evidence", losing)
        await shown.press("u")
        await shown.reads("Send a file to both sides")
        typed(shown, f"{at}/note.txt")
        await shown.press("enter")
        await shown.reads("No answer: the answer was lost")
        await shown.press("enter")
        await shown.reads("Sent [note.txt] text/plain, 14 bytes")
        # In a browser it would be a file of the host, which is nobody's to send.
        monkeypatch.setattr(InstaSellApp, "is_web", True)
        await shown.press("u")
        await shown.reads("In a browser a path would name a file of the host")
    view = await trade.buyer.disputes.get(opened.dispute.id)
    assert [each.id for each in view.evidence if each.author == "seller"] == lost[:1]
    assert lost[0] == lost[1]
