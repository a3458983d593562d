"""Conversations: one for each pair and subject, for the eyes of its two sides."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from tests.server.accounts_support import Person, ask, log_in
from tests.server.money.conftest import Bazaar, bazaar
from tests.server.notifications.conftest import Told, told
from tests.support.servers import RunningServer
from tests.support.sockets import live_socket

__all__ = ["bazaar", "told"]

MISSING = "0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"
StartServer = Callable[..., Any]


async def asked(person: Person, listing_id: str, text: str = "Is it new?") -> str:
    """The id of the conversation that a question begins or goes on with."""
    answer = await person.ask("POST", "/conversations", {"listing_id": listing_id, "text": text})
    assert answer.status == 201, answer.body
    return str(answer.body["conversation"]["id"])


async def said(person: Person, conversation_id: str) -> list[tuple[int, str, str]]:
    """Return the messages of a conversation, the newest first."""
    answer = await person.ask("GET", f"/conversations/{conversation_id}/messages")
    assert answer.status == 200, answer.body
    return [(each["seq"], each["author"], each["text"]) for each in answer.body["items"]]


async def test_a_question_and_its_answer(bazaar: Bazaar, told: Told) -> None:
    listing_id = bazaar.listing()
    conversation_id = await asked(bazaar.buyer, listing_id)
    path = f"/conversations/{conversation_id}"
    answer = await bazaar.seller.ask("POST", f"{path}/messages", {"text": " Yes.\nQuite. "})
    assert answer.status == 201
    assert answer.body["message"]["author"] == "seller"
    assert await asked(bazaar.buyer, listing_id, "Thanks") == conversation_id
    whole = [(3, "buyer", "Thanks"), (2, "seller", "Yes.\nQuite."), (1, "buyer", "Is it new?")]
    for side in (bazaar.buyer, bazaar.seller):
        assert await said(side, conversation_id) == whole
    [seen] = (await bazaar.seller.ask("GET", "/conversations")).body["items"]
    assert (seen["you"], seen["unread_count"], seen["message_count"]) == ("seller", 2, 3)
    assert (seen["last_text"], seen["title"], seen["order_id"]) == ("Thanks", "A lamp", None)
    [own] = (await bazaar.buyer.ask("GET", "/conversations")).body["items"]
    assert (own["you"], own["unread_count"]) == ("buyer", 1)
    await told.quiet()
    [first, second] = told.to(bazaar.seller.id, "message")
    assert first.pop("sender_name")
    about = {"conversation_id": conversation_id, "listing_id": listing_id}
    assert first == {**about, "text": "Is it new?"}
    assert second["text"] == "Thanks"
    assert [each["text"] for each in told.to(bazaar.buyer.id)] == ["Yes.\nQuite."]


async def test_a_notice_has_the_beginning_of_a_long_message(bazaar: Bazaar, told: Told) -> None:
    await asked(bazaar.buyer, bazaar.listing(), "é" * 2000)
    await told.quiet()
    [notice] = told.to(bazaar.seller.id)
    assert notice["text"] == "é" * 200


async def test_reading_is_marked_and_never_taken_back(bazaar: Bazaar) -> None:
    listing_id = bazaar.listing()
    for text in "abc":
        conversation_id = await asked(bazaar.buyer, listing_id, text)

    async def read(person: Person, up_to: int) -> int:
        path = f"/conversations/{conversation_id}/read"
        answer = await person.ask("POST", path, {"up_to": up_to})
        assert answer.status == 200, answer.body
        return int(answer.body["unread_count"])

    assert await read(bazaar.seller, 2) == 1
    assert await read(bazaar.seller, 1) == 1
    assert await read(bazaar.buyer, 3) == 0
    assert await read(bazaar.seller, 10**6) == 0
    await asked(bazaar.buyer, listing_id, "d")
    [seen] = (await bazaar.seller.ask("GET", "/conversations")).body["items"]
    assert seen["unread_count"] == 1


async def test_an_order_has_one_conversation_of_its_two_sides(bazaar: Bazaar, told: Told) -> None:
    listing_id = bazaar.listing()
    question = await asked(bazaar.buyer, listing_id)
    order_id = await bazaar.order(listing_id)
    body = {"order_id": order_id, "text": "When will it come?"}
    first = await bazaar.seller.ask("POST", "/conversations", {**body, "text": "Thank you"})
    second = await bazaar.buyer.ask("POST", "/conversations", body)
    conversation = second.body["conversation"]
    assert first.body["conversation"]["id"] == conversation["id"] != question
    assert (conversation["order_id"], conversation["message_count"]) == (order_id, 2)
    refused = await bazaar.stranger.ask("POST", "/conversations", body)
    assert (refused.status, refused.code) == (404, "order_not_found")
    for path, found in (
        (f"/conversations?order_id={order_id}", [conversation["id"]]),
        (f"/conversations?listing_id={listing_id}", [question]),
    ):
        listed = await bazaar.buyer.ask("GET", path)
        assert [each["id"] for each in listed.body["items"]] == found
    await told.quiet()
    [notice] = told.to(bazaar.seller.id, "message")[1:]
    assert (notice["order_id"], "listing_id" in notice) == (order_id, False)
    admin = await bazaar.admin()
    shown = await admin.ask("GET", f"/admin/orders/{order_id}")
    texts = [(each["author"], each["text"]) for each in shown.body["messages"]]
    assert texts == [("seller", "Thank you"), ("buyer", "When will it come?")]


async def test_strangers_see_nothing(bazaar: Bazaar) -> None:
    conversation_id = await asked(bazaar.buyer, bazaar.listing())
    admin = await bazaar.admin()
    for person in (bazaar.stranger, admin):
        for path in (conversation_id, MISSING, "no-uuid"):
            seen = await person.ask("GET", f"/conversations/{path}/messages")
            assert (seen.status, seen.code) == (404, "conversation_not_found")
            marked = await person.ask("POST", f"/conversations/{path}/read", {"up_to": 1})
            assert (marked.status, marked.code) == (404, "conversation_not_found")
        assert (await person.ask("GET", "/conversations")).body["items"] == []
    path = f"/conversations/{conversation_id}/messages"
    refused = await bazaar.stranger.ask("POST", path, {"text": "Hello"})
    assert (refused.status, refused.code) == (404, "conversation_not_found")
    assert (await admin.ask("POST", path, {"text": "Hello"})).status == 403
    assert await said(bazaar.buyer, conversation_id) == [(1, "buyer", "Is it new?")]


async def test_a_suspended_side_reads_and_says_nothing(bazaar: Bazaar) -> None:
    conversation_id = await asked(bazaar.buyer, bazaar.listing())
    bazaar.sql("UPDATE users SET status = 'suspended' WHERE id = %s", bazaar.buyer.id)
    token = (await log_in(bazaar.http, bazaar.buyer.email)).body["token"]
    suspended = Person(bazaar.http, bazaar.buyer.id, bazaar.buyer.email, token)
    assert await said(suspended, conversation_id) == [(1, "buyer", "Is it new?")]
    path = f"/conversations/{conversation_id}/messages"
    refused = await suspended.ask("POST", path, {"text": "Hello"})
    assert (refused.status, refused.code) == (403, "account_suspended")


@pytest.mark.parametrize(
    "body",
    [
        {"text": "a"},
        {"listing_id": MISSING, "order_id": MISSING, "text": "a"},
        {"listing_id": MISSING},
        {"listing_id": MISSING, "text": ""},
        {"listing_id": MISSING, "text": " \n "},
        {"listing_id": MISSING, "text": "x" * 2001},
        {"listing_id": MISSING, "text": "a\x00b"},
        {"listing_id": MISSING, "text": "a\x1b[2J"},
        {"listing_id": MISSING, "text": "a\u202eb"},
        {"listing_id": MISSING, "text": 5},
        {"listing_id": MISSING, "text": "a", "author_id": MISSING},
    ],
)
async def test_what_is_refused(bazaar: Bazaar, body: dict[str, Any]) -> None:
    answer = await bazaar.buyer.ask("POST", "/conversations", body)
    assert (answer.status, answer.code) == (422, "invalid")


async def test_listings_that_nobody_can_ask_about(bazaar: Bazaar) -> None:
    listing_id = bazaar.listing()
    own = await bazaar.seller.ask("POST", "/conversations", {"listing_id": listing_id, "text": "a"})
    assert (own.status, own.code) == (403, "forbidden")
    bazaar.sql("UPDATE listings SET status = 'removed' WHERE id = %s", listing_id)
    for gone in (listing_id, MISSING):
        answer = await bazaar.buyer.ask("POST", "/conversations", {"listing_id": gone, "text": "a"})
        assert (answer.status, answer.code) == (404, "listing_not_found")
    assert bazaar.sql("SELECT count(*) FROM conversations") == [(0,)]


async def test_fifty_first_messages_make_one_conversation(bazaar: Bazaar, told: Told) -> None:
    listing_id = bazaar.listing()
    found = await asyncio.gather(
        *(asked(bazaar.buyer, listing_id, f"question {n}") for n in range(50))
    )
    assert len(set(found)) == 1
    assert bazaar.sql("SELECT last_seq FROM conversations") == [(50,)]
    rows = bazaar.sql("SELECT count(*), count(DISTINCT seq), max(seq) FROM messages")
    assert rows == [(50, 50, 50)]
    await told.quiet()
    assert len(told.to(bazaar.seller.id, "message")) == 50


async def test_one_key_says_one_thing(bazaar: Bazaar) -> None:
    body = {"listing_id": bazaar.listing(), "text": "Is it new?"}
    headers = {"Idempotency-Key": "once"}
    answers = await asyncio.gather(
        *(bazaar.buyer.ask("POST", "/conversations", body, headers=headers) for _ in range(10))
    )
    assert {answer.status for answer in answers} == {201}
    assert bazaar.sql("SELECT count(*) FROM messages") == [(1,)]


async def test_paging_of_messages_holds_still(bazaar: Bazaar) -> None:
    listing_id = bazaar.listing()
    for n in range(5):
        conversation_id = await asked(bazaar.buyer, listing_id, str(n))
    path = f"/conversations/{conversation_id}/messages?limit=2"
    first = await bazaar.buyer.ask("GET", path)
    await asked(bazaar.buyer, listing_id, "later")
    second = await bazaar.buyer.ask("GET", f"{path}&cursor={first.body['next']}")
    third = await bazaar.buyer.ask("GET", f"{path}&cursor={second.body['next']}")
    pages = [[each["text"] for each in page.body["items"]] for page in (first, second, third)]
    assert pages == [["4", "3"], ["2", "1"], ["0"]]
    assert third.body["next"] is None


async def test_a_message_comes_live_to_both_sides_and_nobody_else(
    bazaar: Bazaar, paying_server: RunningServer
) -> None:
    url = paying_server.base_url
    async with (
        live_socket(url, bazaar.seller.token) as seller,
        live_socket(url, bazaar.buyer.token) as own,
        live_socket(url, bazaar.stranger.token) as stranger,
    ):
        for socket in (seller, own, stranger):
            await socket.ack("ping")
        conversation_id = await asked(bazaar.buyer, bazaar.listing())
        for socket, you, unread in ((seller, "seller", 1), (own, "buyer", 0)):
            data = await socket.event("new_message")
            assert data["message"]["text"] == "Is it new?"
            seen = data["conversation"]
            assert (seen["id"], seen["you"]) == (conversation_id, you)
            assert seen["unread_count"] == unread
        notice = await seller.event("notification")
        assert notice["kind"] == "message"
        await stranger.ack("ping")
        assert not {"new_message", "notification"} & set(stranger.order)


async def test_messages_are_limited_for_each_user(
    bazaar: Bazaar, start_server: StartServer
) -> None:
    server = await start_server(rate_limit_messages=5)
    body = {"listing_id": bazaar.listing(), "text": "Is it new?"}
    async with aiohttp.ClientSession(server.base_url) as http:

        async def say(person: Person) -> int:
            answer = await ask(http, "POST", "/conversations", body, token=person.token)
            if answer.status == 429:
                assert float(answer.headers["Retry-After"]) > 0
            return answer.status

        answers = await asyncio.gather(*(say(bazaar.buyer) for _ in range(12)))
        assert (answers.count(201), answers.count(429)) == (5, 7)
        assert await say(bazaar.stranger) == 201
