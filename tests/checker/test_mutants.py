"""The checker catches servers that are wrong: each mutant breaks one rule that the real one keeps.

Every mutant runs against the real engines under the same short sequence of bids, which the server
as it is passes without a violation.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from instasell_client.models.errors import Unavailable
from instasell_server.config.settings import Settings
from instasell_server.db.transaction import Transaction
from instasell_server.domains.auctions import locked_store
from instasell_server.domains.auctions.bidding import auctioneer
from instasell_server.domains.auctions.bidding import bid_batch as judging
from instasell_server.domains.auctions.formats import english
from instasell_server.domains.auctions.formats.base import (
    AuctionSnapshot,
    AuctionTerms,
    BidAccepted,
    BidRefused,
    BidRequest,
)
from instasell_server.domains.auctions.formats.increments import NONE
from instasell_server.domains.auctions.handlers import SERVICE
from tests.checker.bidders import Wish
from tests.checker.checks import Violation, check
from tests.checker.history import Run
from tests.checker.market import Load, Sql, loaded_market
from tests.checker.reading import read_auctions, read_books
from tests.support.databases import MarketClock
from tests.support.servers import RunningServer, settings_for_tests
from tests.support.waiting import until

Judge = Callable[[AuctionTerms, AuctionSnapshot, BidRequest, datetime], BidAccepted | BidRefused]
Mutant = Callable[[pytest.MonkeyPatch, Sql, RunningServer], None]
Mutate = Callable[[], None]


def _judged_by(patch: pytest.MonkeyPatch, judge: Judge) -> None:
    """Let the batches decide by a format that breaks one rule; the checker goes by the real one."""
    wrong = SimpleNamespace(**{**vars(english), "decide_bid": judge})
    patch.setattr(judging, "format_of", lambda terms: wrong)


def one_minor_unit_is_enough(patch: pytest.MonkeyPatch, sql: Sql, server: RunningServer) -> None:
    """The minimum is the price plus one, not plus its increment."""

    def judge(
        terms: AuctionTerms, standing: AuctionSnapshot, offer: BidRequest, at: datetime
    ) -> BidAccepted | BidRefused:
        return english.decide_bid(dataclasses.replace(terms, increments=NONE), standing, offer, at)

    _judged_by(patch, judge)


def the_later_bid_wins_a_tie(patch: pytest.MonkeyPatch, sql: Sql, server: RunningServer) -> None:
    """`<` for `<=` where a bid meets the leader's maximum."""

    def judge(
        terms: AuctionTerms, standing: AuctionSnapshot, offer: BidRequest, at: datetime
    ) -> BidAccepted | BidRefused:
        goes_to = offer.max_amount or offer.amount
        if offer.bidder_id != standing.leader_id and goes_to == standing.leader_max:
            standing = standing._replace(leader_max=(goes_to or 0) - 1)
        return english.decide_bid(terms, standing, offer, at)

    _judged_by(patch, judge)


def extensions_last_a_second_longer(
    patch: pytest.MonkeyPatch, sql: Sql, server: RunningServer
) -> None:
    """Each extension is one second more than the terms say."""

    def judge(
        terms: AuctionTerms, standing: AuctionSnapshot, offer: BidRequest, at: datetime
    ) -> BidAccepted | BidRefused:
        longer = dataclasses.replace(terms, extension_seconds=terms.extension_seconds + 1)
        return english.decide_bid(longer, standing, offer, at)

    _judged_by(patch, judge)


def refused_bids_extend(patch: pytest.MonkeyPatch, sql: Sql, server: RunningServer) -> None:
    """A bid that is too low moves the end as well, with the next that is taken."""
    moved = {"by": timedelta(0)}

    def judge(
        terms: AuctionTerms, standing: AuctionSnapshot, offer: BidRequest, at: datetime
    ) -> BidAccepted | BidRefused:
        verdict = english.decide_bid(terms, standing, offer, at)
        if isinstance(verdict, BidRefused):
            moved["by"] += timedelta(seconds=5)
            return verdict
        end_at = verdict.standing.end_at + moved["by"]
        return verdict._replace(standing=verdict.standing._replace(end_at=end_at))

    _judged_by(patch, judge)


def keys_are_ignored(patch: pytest.MonkeyPatch, sql: Sql, server: RunningServer) -> None:
    """Every command is taken for new, and the database does not mind."""
    sql("ALTER TABLE bids DROP CONSTRAINT bids_auction_id_bidder_id_idempotency_key_key")
    read = locked_store.read_bidders

    async def forget(tx: Transaction, commands: Any) -> Any:
        facts, now = await read(tx, commands)
        return [fact._replace(stored=None) for fact in facts], now

    patch.setattr(locked_store, "read_bidders", forget)


def bids_are_acknowledged_and_rolled_back(
    patch: pytest.MonkeyPatch, sql: Sql, server: RunningServer
) -> None:
    """Every third batch is answered as if it had been written."""
    write = locked_store.write_and_commit
    batches = {"count": 0}

    async def lie(tx: Transaction, *written: Any) -> None:
        batches["count"] += 1
        if batches["count"] % 3:
            await write(tx, *written)
        else:
            await tx.rollback()

    patch.setattr(locked_store, "write_and_commit", lie)


def events_are_published_before_the_commit(
    patch: pytest.MonkeyPatch, sql: Sql, server: RunningServer
) -> None:
    """A batch is published to watchers, and then its second commit fails."""
    lifecycle = server.app[SERVICE]._lifecycle
    judge_batch, write = judging.decide_batch, locked_store.write_and_commit
    events: list[Any] = []
    commits = itertools.count(1)

    def keep(*arguments: Any) -> Any:
        judged = judge_batch(*arguments)
        events[:] = judged.events
        return judged

    async def tell_first(tx: Transaction, *written: Any) -> None:
        await lifecycle.publish(list(events))
        if next(commits) == 2:
            raise Unavailable("the database does not answer")
        await write(tx, *written)

    patch.setattr(auctioneer, "decide_batch", keep)
    patch.setattr(locked_store, "write_and_commit", tell_first)


MUTANTS: list[tuple[Mutant, str]] = [
    (one_minor_unit_is_enough, "C3"),
    (the_later_bid_wins_a_tie, "C3"),
    (extensions_last_a_second_longer, "C6"),
    (refused_bids_extend, "C6"),
    (keys_are_ignored, "C2"),
    (bids_are_acknowledged_and_rolled_back, "C1"),
    (events_are_published_before_the_commit, "C8"),
]

BIDS = (
    (0, {"max_amount": 1000}),
    (1, {"amount": 101}),
    (1, {"amount": 1000}),
    (2, {"amount": 500}),
    (2, {"amount": 2000}),
    (0, {"amount": 2500}),
    (1, {"amount": 3000}),
    (2, {"amount": 4000}),
)
"""Who bids what, one after the other: leads, is too low, meets a maximum, takes the lead ..."""

LOST = 5
"""The place of the bid whose answer is lost, and which is sent again under its key."""


@pytest.fixture
def server_settings(database_url: str, redis_url: str) -> Settings:
    """One server that keeps quiet about statements."""
    return settings_for_tests(database_url, redis_url, log_level="error")


async def _bid(load: Load) -> None:
    [lot] = load.lots
    for place, (who, bid) in enumerate(BIDS):
        bidder = load.bidders[who]
        wish = Wish(lot, f"key-{place}", bid)
        answer = await bidder.attempt(wish)
        if place == LOST:
            index = load.log.operations.index(answer)
            load.log.operations[index] = dataclasses.replace(
                answer, outcome="unknown", seq=None, price=None, code=None, minimum=None
            )
            await bidder.attempt(wish)


async def _run(
    server: RunningServer, database_url: str, sql: Sql, clock: MarketClock, mutate: Mutate
) -> list[Violation]:
    urls = [server.base_url]
    async with loaded_market(urls, database_url, sql, bidders=3, lots=1) as load:
        load.watch(urls)
        await load.watchers[0].joined()
        mutate()
        await _bid(load)
        clock.shift(48 * 3600)
        await until(lambda: sql("SELECT 1 FROM auctions WHERE status <> 'ended'") == [])
        watches = [watch for each in load.watchers for watch in each.watches]
        for watch in watches:
            # A mutant may never tell the end, and it is not the end that it is judged by.
            watch.is_cut = True
        return check(Run(load.log, read_auctions(database_url), watches, read_books(database_url)))


@pytest.mark.parametrize(
    ("mutant", "expected"), MUTANTS, ids=[each.__name__ for each, _ in MUTANTS]
)
async def test_every_mutant_is_caught(
    server: RunningServer,
    database_url: str,
    sql: Sql,
    market_clock: MarketClock,
    monkeypatch: pytest.MonkeyPatch,
    mutant: Mutant,
    expected: str,
) -> None:
    violations = await _run(
        server, database_url, sql, market_clock, lambda: mutant(monkeypatch, sql, server)
    )
    assert expected in {each.check for each in violations}, violations


async def test_the_server_as_it_is_passes(
    server: RunningServer, database_url: str, sql: Sql, market_clock: MarketClock
) -> None:
    violations = await _run(server, database_url, sql, market_clock, lambda: None)
    assert violations == []
    assert sql("SELECT count(*) FROM bids") == [(6,)]
