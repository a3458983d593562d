"""Files of disputes: who sends them, who sees them, and as what."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import psycopg2
import pytest

from instasell_server.config.settings import Settings
from tests.server.accounts_support import Answer, Person
from tests.server.media.conftest import Sql, Studio
from tests.support.pictures import HTML, SVG, opened, photograph, picture
from tests.support.waiting import until

PDF = b"%PDF-1.7\n1 0 obj\n<< /OpenAction << /S /JavaScript >> >>\n"
NOTE = b"It came in two.\n<script>alert(1)</script>\n"

WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND wait_event_type = 'Lock'"
)


class Case:
    """An open dispute, and who sends what."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.dispute = studio.new_dispute()
        self.path = f"/disputes/{self.dispute}/evidence"

    async def announce(self, who: Person, kind: str, size: int, name: str = "a file") -> Answer:
        wish = {"content_type": kind, "size": size, "file_name": name}
        return await who.ask("POST", self.path, wish)

    async def send(self, who: Person, data: bytes, kind: str, name: str = "a file") -> Answer:
        made = await self.announce(who, kind, len(data), name)
        assert made.status == 201, made.body
        assert await self.studio.put(made.body["upload"], data) in (200, 204)
        return await who.ask("POST", f"{self.path}/{made.body['evidence_id']}/complete")

    async def seen(self, by: Person) -> Any:
        answer = await by.ask("GET", f"/disputes/{self.dispute}")
        return answer.body["evidence"] if answer.status == 200 else answer.status


@pytest.fixture
def case(studio: Studio) -> Case:
    return Case(studio)


async def test_both_sides_send_files_that_they_and_admins_see(case: Case, studio: Studio) -> None:
    photo = photograph(2000, 1000, 6)
    sent = await case.send(studio.buyer, photo, "image/jpeg", "broken.jpg")
    assert sent.status == 200, sent.body
    assert (sent.body["author"], sent.body["file_name"]) == ("buyer", "broken.jpg")
    assert (await case.send(studio.seller, PDF, "application/pdf", "bill.pdf")).status == 200
    for who in (studio.buyer, studio.seller, await studio.admin()):
        shown = await case.seen(who)
        assert [(e["author"], e["file_name"], e["content_type"]) for e in shown] == [
            ("buyer", "broken.jpg", "image/jpeg"), ("seller", "bill.pdf", "application/pdf"),
        ]  # fmt: skip
        _, _, data = await studio.fetch(shown[0]["url"])
        assert opened(data).size == (800, 1600)
        assert not opened(data).getexif()
        assert (await studio.fetch(shown[1]["url"]))[2] == PDF
    assert await case.seen(studio.other) == 404
    # None of it is among the pictures of the listing.
    assert await studio.images() == []


@pytest.mark.parametrize(
    ("data", "kind", "name"),
    [
        (PDF, "application/pdf", "Rechnung für ‘alles’.pdf"),
        (NOTE, "text/plain", "note.html"),
        (SVG, "text/plain", "../../x.svg"),
        (NOTE, "text/plain", "%2e%2e%2fx"),
    ],
)
async def test_documents_are_saved_and_never_shown(
    case: Case, studio: Studio, server_settings: Settings, data: bytes, kind: str, name: str
) -> None:
    sent = await case.send(studio.buyer, data, kind, name)
    assert sent.status == 200, sent.body
    status, headers, got = await studio.fetch(sent.body["url"])
    assert (status, got, headers["Content-Type"].partition(";")[0]) == (200, data, kind)
    assert headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''")
    assert "/" not in headers["Content-Disposition"]
    if server_settings.storage_endpoint is None:
        assert headers["X-Content-Type-Options"] == "nosniff"


async def test_what_is_not_what_it_says_is_refused(
    case: Case, studio: Studio, objects: Callable[[], list[str]]
) -> None:
    for data, kind in (
        (HTML, "image/png"),
        (SVG, "image/png"),
        (HTML, "application/pdf"),
        (picture(), "application/pdf"),
        (b"\x00\x01", "text/plain"),
        (b"\xff\xfe", "text/plain"),
    ):
        refused = await case.send(studio.buyer, data, kind)
        assert (refused.status, refused.code) == (415, "unsupported")
    assert await case.seen(studio.buyer) == []
    await until(lambda: objects() == [])


BAD_WISHES: list[tuple[dict[str, Any], str]] = [
    ({"content_type": "text/html"}, "content_type"),
    ({"content_type": "application/zip"}, "content_type"),
    ({"size": 0}, "size"),
    ({"size": 10 * 2**20 + 1}, "size"),
    ({"file_name": ""}, "file_name"),
    ({"file_name": "x" * 201}, "file_name"),
    ({"file_name": "a\u0000b"}, "file_name"),
    ({"file_name": "a\u202eb"}, "file_name"),
    ({"file_name": "a\nb"}, "file_name"),
]


async def test_a_bad_announcement_is_refused(case: Case, studio: Studio) -> None:
    for change, field in BAD_WISHES:
        wish = {"content_type": "text/plain", "size": 5, "file_name": "a", **change}
        refused = await studio.buyer.ask("POST", case.path, wish)
        assert (refused.status, refused.fields) == (422, [field]), change


async def test_a_dispute_is_for_its_sides(case: Case, studio: Studio) -> None:
    made = (await case.announce(studio.buyer, "text/plain", len(NOTE))).body
    await studio.put(made["upload"], NOTE)
    path = f"{case.path}/{made['evidence_id']}/complete"
    stranger = await case.announce(studio.other, "text/plain", 5)
    assert (stranger.status, stranger.code) == (404, "dispute_not_found")
    admin = await studio.admin()
    assert (await case.announce(admin, "text/plain", 5)).status == 403
    # What one side has announced the other does not confirm, nor by way of another dispute.
    assert (await studio.seller.ask("POST", path)).code == "evidence_not_found"
    other = f"/disputes/{studio.new_dispute()}/evidence/{made['evidence_id']}/complete"
    assert (await studio.buyer.ask("POST", other)).code == "evidence_not_found"
    as_image = f"{studio.path}/{made['evidence_id']}"
    assert (await studio.seller.ask("DELETE", as_image)).code == "image_not_found"
    assert (await studio.buyer.ask("POST", path)).status == 200


async def test_a_resolved_dispute_takes_nothing_more(case: Case, studio: Studio, sql: Sql) -> None:
    kept = await case.send(studio.buyer, NOTE, "text/plain")
    made = (await case.announce(studio.buyer, "text/plain", len(NOTE))).body
    await studio.put(made["upload"], NOTE)
    sql(
        "UPDATE disputes SET status = 'resolved', resolved_at = now(), refund_amount = 0,"
        " resolution = 'x', resolved_by = seller_id WHERE id = %s",
        case.dispute,
    )
    late = await studio.buyer.ask("POST", f"{case.path}/{made['evidence_id']}/complete")
    assert (late.status, late.code) == (409, "dispute_closed")
    assert (await case.announce(studio.seller, "text/plain", 5)).code == "dispute_closed"
    assert [each["id"] for each in await case.seen(studio.seller)] == [kept.body["id"]]


async def test_a_file_and_a_decision_that_race_do_not_cross(
    case: Case, studio: Studio, database_url: str
) -> None:
    made = (await case.announce(studio.buyer, "text/plain", len(NOTE))).body
    await studio.put(made["upload"], NOTE)
    with contextlib.closing(psycopg2.connect(database_url)) as deciding:
        deciding.cursor().execute(
            "UPDATE disputes SET status = 'resolved', resolved_at = now(), refund_amount = 0,"
            " resolution = 'x', resolved_by = seller_id WHERE id = %s",
            (case.dispute,),
        )
        path = f"{case.path}/{made['evidence_id']}/complete"
        waiting = asyncio.create_task(studio.buyer.ask("POST", path))
        await until(lambda: studio.sql(WAITING) == [(1,)])
        deciding.commit()
    late = await waiting
    assert (late.status, late.code) == (409, "dispute_closed")
    assert await case.seen(studio.seller) == []


async def test_each_side_sends_ten_files(case: Case, studio: Studio) -> None:
    for who in (studio.buyer, studio.seller):
        answers = await asyncio.gather(*(case.announce(who, "text/plain", 5) for _ in range(15)))
        assert sorted(each.status for each in answers) == [201] * 10 + [409] * 5
    refused = await case.announce(studio.buyer, "text/plain", 5)
    assert (refused.code, refused.body["limit"]) == ("too_many_files", 10)
