"""Uploads in bodies of bounded size, and exports that are read as they come."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from instasell_client import (
    AccountSuspended,
    ConnectionFailed,
    InstaSell,
    Invalid,
    ProtocolError,
    Unauthenticated,
)
from instasell_client.models.listings import BulkListing, BulkOutcome
from tests.client import samples
from tests.client.conftest import Both
from tests.client.peer import Answer, Peer

NDJSON = "application/x-ndjson"


def _verdicts(count: int) -> bytes:
    lines = [json.dumps({"row": row, "outcome": "created"}) for row in range(1, count + 1)]
    return "\n".join(lines).encode() + b"\n"


def _answer(count: int, *, cut: bool = False) -> Answer:
    return Answer(200, _verdicts(count), NDJSON, cut=cut)


def _rows(count: int) -> list[dict[str, Any]]:
    return [{"seller_sku": f"s-{number}"} for number in range(1, count + 1)]


def _sent(peer: Peer) -> list[list[Any]]:
    return [[json.loads(line) for line in seen.body.splitlines()] for seen in peer.seen]


def test_rows_go_out_in_bodies_and_verdicts_count_on(both: Both) -> None:
    both.peer.will(_answer(500), _answer(500), _answer(201))
    found = both.run(lambda client: client.listings.bulk(_rows(1201), dry_run=True))
    assert [verdict.row for verdict in found] == list(range(1, 1202))
    assert [row for body in _sent(both.peer) for row in body] == _rows(1201)
    assert {seen.query["dry_run"] for seen in both.peer.seen} == {"true"}
    assert {seen.headers["content-type"] for seen in both.peer.seen} == {NDJSON}
    assert len({seen.key for seen in both.peer.seen}) == 3


def test_long_rows_make_short_bodies(both: Both) -> None:
    rows = [{"title": "x" * 200_000}] * 5
    both.peer.will(_answer(2), _answer(2), _answer(1))
    assert len(both.run(lambda client: client.listings.bulk(rows))) == 5
    assert [len(body) for body in _sent(both.peer)] == [2, 2, 1]


def test_no_rows_send_nothing(both: Both) -> None:
    assert both.run(lambda client: client.listings.bulk([])) == []
    assert both.peer.seen == []


def test_cut_answer_sends_the_same_body_with_the_same_key(both: Both) -> None:
    both.peer.will(_answer(3, cut=True), _answer(3))
    found = both.run(lambda client: client.listings.bulk(_rows(3)))
    assert [verdict.outcome for verdict in found] == [BulkOutcome.CREATED] * 3
    first, second = both.peer.seen
    assert (first.body, first.key) == (second.body, second.key)


@pytest.mark.parametrize("count", [2, 4])
def test_row_without_a_verdict_is_an_error(both: Both, count: int) -> None:
    both.peer.will(_answer(count))
    with pytest.raises(ProtocolError, match="3 rows"):
        both.run(lambda client: client.listings.bulk(_rows(3)))


def test_rows_are_read_as_they_are_sent(peer: Peer) -> None:
    read: list[int] = []

    def endless() -> Iterator[dict[str, Any]]:
        number = 0
        while True:
            number += 1
            read.append(number)
            yield {"seller_sku": str(number)}

    peer.will(_answer(500))
    with InstaSell(peer.base_url) as client:
        assert next(client.listings.bulk(endless())).row == 1
    assert len(read) == 501


def test_absent_column_stays_absent(both: Both) -> None:
    both.peer.will(_answer(1))
    both.run(lambda client: client.listings.bulk([BulkListing(stock=3, seller_sku="s")]))
    assert _sent(both.peer) == [[{"stock": 3, "seller_sku": "s"}]]


@pytest.mark.parametrize("row", [["a", "b"], {"price": object()}])
def test_row_that_json_cannot_hold_is_named(both: Both, row: Any) -> None:
    with pytest.raises(Invalid):
        both.run(lambda client: client.listings.bulk([row]))


def test_export_yields_rows(both: Both) -> None:
    lines = b'{"id": "1", "title": "a"}\n\n{"id": "2", "title": "b"}\n'
    both.peer.will(Answer(200, lines, NDJSON))
    assert [row["id"] for row in both.run(lambda client: client.listings.export())] == ["1", "2"]


def test_export_that_is_cut_says_so(peer: Peer) -> None:
    lines = b"".join(json.dumps({"id": number}).encode() + b"\n" for number in range(1000))
    peer.will(Answer(200, lines, NDJSON, cut=True))
    with InstaSell(peer.base_url) as client:
        rows = client.listings.export()
        assert next(rows) == {"id": 0}
        with pytest.raises(ConnectionFailed):
            list(rows)


def test_export_that_is_cut_goes_on_behind_its_last_row(both: Both) -> None:
    rows = [{"listing_id": f"id-{number}"} for number in range(1000)]
    lines = [json.dumps(row).encode() + b"\n" for row in rows]
    both.peer.will(Answer(200, b"".join(lines), NDJSON, cut=True), Answer(200, lines[-1], NDJSON))
    found = both.run(lambda client: client.listings.export())
    assert found == [*rows[: len(found) - 1], rows[-1]]
    asked = [seen.query for seen in both.peer.seen]
    assert asked == [{}, {"after": found[-2]["listing_id"]}]


def test_export_refused_is_a_typed_error(both: Both) -> None:
    from instasell_client import Unauthenticated

    both.peer.refuse({"title": "Sign in", "status": 401, "code": "unauthenticated"})
    with pytest.raises(Unauthenticated):
        both.run(lambda client: client.listings.export())


def test_an_upload_that_may_not_go_on_raises_why(both: Both) -> None:
    problem = samples.problem("account_suspended", 403)
    last = json.dumps({"row": 3, "outcome": "rejected", "problem": problem}).encode()
    both.peer.will(Answer(200, _verdicts(2) + last + b"\n", NDJSON))
    with pytest.raises(AccountSuspended):
        both.run(lambda client: client.listings.bulk(_rows(5)))


def test_an_export_that_may_not_go_on_raises_why(both: Both) -> None:
    problem = samples.problem("unauthenticated", 401)
    lines = [json.dumps(each).encode() for each in ({"seller_sku": "s-1"}, {"problem": problem})]
    both.peer.will(Answer(200, b"\n".join(lines) + b"\n", NDJSON))
    with pytest.raises(Unauthenticated):
        both.run(lambda client: client.listings.export())
