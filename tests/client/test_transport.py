"""Retries, refusals, cut answers and peers that are no market."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from instasell_client import (
    BadCredentials,
    BidTooLow,
    Conflict,
    ConnectionFailed,
    InstaSell,
    InstaSellError,
    Invalid,
    NotAnInstaSellServer,
    ProtocolError,
    RateLimited,
    Timeout,
    Unavailable,
)
from tests.client import samples
from tests.client.conftest import Both, Call
from tests.client.peer import PROBLEM, Answer, Peer
from tests.client.samples import AUCTION

BUSY = samples.problem("unavailable", 503)


def _bid(client: Any) -> Any:
    return client.auctions.bid(AUCTION, amount=1250)


def test_refusal_carries_all_that_the_problem_says(both: Both) -> None:
    problem = samples.problem("bid_too_low", 409, detail="too low", minimum=1300)
    both.peer.refuse(problem, x_request_id="r-1")
    with pytest.raises(BidTooLow) as caught:
        both.run(_bid)
    error = caught.value
    assert (error.minimum, error.status, error.detail) == (1300, 409, "too low")
    assert error.request_id == "r-1"
    assert len(both.peer.seen) == 1


def test_unknown_code_becomes_the_nearest_class(both: Both) -> None:
    both.peer.refuse(samples.problem("moon_in_wrong_phase", 409))
    with pytest.raises(Conflict) as caught:
        both.run(_bid)
    assert type(caught.value) is Conflict
    assert caught.value.code == "moon_in_wrong_phase"


def test_every_bad_field_is_reported_before_anything_is_sent(both: Both) -> None:
    with pytest.raises(Invalid) as caught:
        both.run(lambda client: client.auctions.bid(AUCTION, amount=0, max_amount=10**13))
    assert [error.field for error in caught.value.errors] == ["amount", "max_amount"]
    assert both.peer.seen == []


def test_an_unknown_filter_is_reported_before_anything_is_sent(both: Both) -> None:
    with pytest.raises(Invalid) as caught:
        both.run(lambda client: client.orders.page(rolle="buyer"))
    assert [error.field for error in caught.value.errors] == ["rolle"]
    assert both.peer.seen == []


def test_write_is_repeated_with_its_key(both: Both) -> None:
    both.peer.refuse(BUSY)
    both.peer.will(Answer(502, b"<html>", "text/html"))
    both.peer.reply(samples.receipt(repeated=True))
    assert both.run(_bid).repeated
    keys = {seen.key for seen in both.peer.seen}
    assert len(both.peer.seen) == 3
    assert len(keys) == 1
    assert None not in keys


def test_key_of_the_caller_is_used(both: Both) -> None:
    both.peer.reply(samples.receipt())
    both.run(lambda c: c.auctions.bid(AUCTION, amount=5, idempotency_key="mine"))
    assert both.peer.seen[0].key == "mine"


def test_each_write_has_a_key_of_its_own(both: Both) -> None:
    for _ in range(2):
        both.peer.reply(samples.receipt())
        both.run(_bid)
    assert both.peer.seen[0].key != both.peer.seen[1].key


@pytest.mark.parametrize("call", [_bid, lambda client: client.auctions.status(AUCTION)])
def test_cut_answer_is_asked_for_again(both: Both, call: Call) -> None:
    reply = {**samples.receipt(), **samples.status()}
    both.peer.will(Answer(200, json.dumps(reply).encode(), cut=True))
    both.peer.reply(reply)
    assert both.run(call) is not None
    assert len(both.peer.seen) == 2


def test_write_without_a_key_is_never_repeated(both: Both) -> None:
    both.peer.will(Answer(200, json.dumps(samples.grant()).encode(), cut=True))
    with pytest.raises(ConnectionFailed):
        both.run(lambda client: client.auth.login("a@b.org", "secret"))
    assert len(both.peer.seen) == 1


def test_retry_after_is_waited_for(both: Both) -> None:
    both.peer.refuse(samples.problem("rate_limited", 429, retry_after_seconds=1), retry_after="1")
    both.peer.reply(samples.user())
    assert both.run(lambda client: client.auth.me()).email == "ann@example.org"
    assert len(both.peer.seen) == 2


def test_long_retry_after_raises_at_once(both: Both) -> None:
    both.peer.refuse(samples.problem("rate_limited", 429), retry_after="900")
    with pytest.raises(RateLimited) as caught:
        both.run(lambda client: client.auth.me())
    assert caught.value.retry_after_seconds == 900
    assert len(both.peer.seen) == 1


def test_patience_ends(both: Both) -> None:
    for _ in range(3):
        both.peer.refuse(BUSY)
    with pytest.raises(Unavailable):
        both.run(_bid, max_retries=2)
    assert len(both.peer.seen) == 3


def test_readiness_is_returned_as_it_is(both: Both) -> None:
    both.peer.refuse(BUSY)
    with pytest.raises(Unavailable):
        both.run(lambda client: client.operations.ready())
    assert len(both.peer.seen) == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(404, b"<html>", "text/html"), NotAnInstaSellServer),
        (Answer(200, b"<html>", "text/html"), NotAnInstaSellServer),
        (Answer(401, b"no", "text/plain"), NotAnInstaSellServer),
        (Answer(200, b'{"state": 1}'), ProtocolError),
        (Answer(200, b'{"stat'), ProtocolError),
        (Answer(500, b'{"title":"?","status":500,"code":"insta_sell_error"}', PROBLEM),
         InstaSellError),
    ],
)  # fmt: skip
def test_strange_answers_have_their_own_errors(
    both: Both, answer: Answer, kind: type[InstaSellError]
) -> None:
    both.peer.will(answer)
    with pytest.raises(InstaSellError) as caught:
        both.run(lambda client: client.auctions.status(AUCTION))
    assert type(caught.value) is kind
    assert not caught.value.retryable


def test_nobody_listens(both: Both) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        both.peer.base_url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(ConnectionFailed, match="is it running"):
        both.run(lambda client: client.auth.me(), max_retries=0)


def test_silence_is_a_timeout(both: Both) -> None:
    both.peer.will(Answer(silent=True))
    with pytest.raises(Timeout):
        both.run(lambda client: client.auth.me(), timeout_seconds=0.2, max_retries=0)


def test_signing_in_goes_without_the_old_token_and_keeps_the_new(both: Both) -> None:
    both.peer.reply(samples.grant())
    both.run(lambda client: client.auth.login("a@b.org", "secret"))
    assert "authorization" not in both.peer.seen[0].headers
    assert both.token_after == "a-new-token"


def test_refused_sign_in_keeps_the_token(both: Both) -> None:
    both.peer.refuse(samples.problem("bad_credentials", 401))
    with pytest.raises(BadCredentials):
        both.run(lambda client: client.auth.login("a@b.org", "secret"))
    assert both.token_after == "a-token"


def test_signing_out_forgets_the_token(both: Both) -> None:
    both.peer.reply(None, 204)
    both.run(lambda client: client.auth.logout())
    assert both.peer.seen[0].headers["authorization"] == "Bearer a-token"
    assert both.token_after is None


@pytest.mark.parametrize("path", ["//evil.example/x", "http://evil.example/x", "auctions"])
def test_token_goes_to_no_other_host(both: Both, path: str) -> None:
    with pytest.raises(Invalid):
        both.run(lambda client: client.api("GET", path))
    assert both.peer.seen == []


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_id_that_would_name_another_path_is_refused(both: Both, name: str) -> None:
    with pytest.raises(Invalid):
        both.run(lambda client: client.auctions.status(name))


def test_id_is_quoted(both: Both) -> None:
    both.peer.reply(samples.status())
    both.run(lambda client: client.auctions.status("a/../b?c"))
    assert both.peer.seen[0].path == "/auctions/a%2F..%2Fb%3Fc/status"


def test_list_that_goes_in_circles_ends(both: Both) -> None:
    for _ in range(2):
        both.peer.reply({"items": [], "next": "again"})
    with pytest.raises(ProtocolError):
        both.run(lambda client: client.listings.list())


@pytest.mark.parametrize(
    "url", ["ftp://x", "127.0.0.1:8780", "http://", "http://u:p@x", "http://x?q=1", "http://x:a"]
)
def test_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(Invalid) as caught:
        InstaSell(url)
    assert caught.value.errors[0].field == "base_url"


def test_address_may_have_a_path(peer: Peer) -> None:
    peer.reply({"status": "ok"})
    with InstaSell(f"{peer.base_url}/market/") as client:
        client.operations.health()
    assert peer.seen[0].path == "/market/healthz"
