"""The checks C1 to C8: what must hold of a run, whatever broke while it ran.

Each check yields one `Violation` for each thing that is wrong, and none for a run as it should be.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from instasell_server.domains.auctions.replay import replay
from tests.checker.history import Operation, Run, StoredAuction, StoredBid, Watch

FINAL = frozenset({"already_leading", "auction_not_open", "bid_too_low", "seller_cannot_bid"})
"""Refusals that hold for ever: prices only rise and ends do not come back, so no other attempt
under the key, earlier or later, can have been taken."""

JUDGED = FINAL | frozenset(
    {
        "account_suspended", "forbidden", "idempotency_key_reused", "rate_limited",
        "unauthenticated", "unavailable",
    }
)  # fmt: skip
"""Refusals that tell that this attempt left nothing behind."""


class Violation(NamedTuple):
    """Hold what is wrong, by the number of the check."""

    check: str
    auction_id: str
    text: str


def check(run: Run) -> list[Violation]:
    """Every violation of a run."""
    found: list[Violation] = []
    for each in (
        check_acknowledged, check_foreign, check_sequence, check_replay, check_real_time,
        check_orders, check_books, check_watches,
    ):  # fmt: skip
        found += each(run)
    return found


def _rows_by_identity(run: Run) -> dict[tuple[str, str, str], list[StoredBid]]:
    rows: dict[tuple[str, str, str], list[StoredBid]] = defaultdict(list)
    for auction in run.auctions.values():
        for bid in auction.bids:
            rows[auction.auction_id, bid.row.bidder_id, bid.key].append(bid)
    return rows


def check_acknowledged(run: Run) -> Iterator[Violation]:
    """C1: every ok key has exactly one row, equal in amount and bidder."""
    rows = _rows_by_identity(run)
    for each in run.log.operations:
        if each.outcome != "ok":
            continue
        found = rows.get(each.identity, [])
        if len(found) != 1:
            text = f"{each.key} was acknowledged and has {len(found)} rows"
            yield Violation("C1", each.auction_id, text)
            continue
        row = found[0].row
        told = (each.seq, each.amount, each.goes_to)
        if told != (row.seq, row.offered_amount, row.max_amount):
            text = f"{each.key} was acknowledged as {told}, its row is {row}"
            yield Violation("C1", each.auction_id, text)
        elif each.price is not None and each.price < row.price_after:
            text = f"{each.key} was answered {each.price}, its row has {row.price_after}"
            yield Violation("C1", each.auction_id, text)


def check_foreign(run: Run) -> Iterator[Violation]:
    """C2: no row of a refused key, no row that nobody sent, none twice."""
    sent: dict[tuple[str, str, str], list[Operation]] = defaultdict(list)
    for each in run.log.operations:
        sent[each.identity].append(each)
    for identity, rows in _rows_by_identity(run).items():
        auction_id, _, key = identity
        attempts = sent.get(identity)
        if attempts is None:
            yield Violation("C2", auction_id, f"nobody sent {key}")
            continue
        if len(rows) > 1:
            yield Violation("C2", auction_id, f"{key} has {len(rows)} rows")
        offers = {(each.amount, each.goes_to) for each in attempts}
        row = rows[0].row
        if (row.offered_amount, row.max_amount) not in offers:
            yield Violation("C2", auction_id, f"{key} was sent as {offers}, its row is {row}")
        codes = [each.code if each.outcome == "refused" else None for each in attempts]
        if any(code in FINAL for code in codes) or all(code in JUDGED for code in codes):
            yield Violation("C2", auction_id, f"{key} was refused and has a row")


def check_sequence(run: Run) -> Iterator[Violation]:
    """C3: seq is 1..n, versions rise with it, and nobody bids on their own auction."""
    for auction in run.auctions.values():
        numbers = [bid.row.seq for bid in auction.bids]
        if numbers != list(range(1, len(numbers) + 1)):
            yield Violation("C3", auction.auction_id, f"seq runs {numbers}")
        versions = [bid.version for bid in auction.bids]
        if versions != sorted(versions) or (versions and versions[-1] > auction.version):
            yield Violation("C3", auction.auction_id, f"versions run {versions}")
        if any(bid.row.bidder_id == auction.terms.seller_id for bid in auction.bids):
            yield Violation("C3", auction.auction_id, "the seller has bid")


def check_replay(run: Run) -> Iterator[Violation]:
    """C3, C4 and C6: the rows and the auction's own row are what the pure rules make of them.

    That goes for the end, which extensions move, to the microsecond.
    """
    for auction in run.auctions.values():
        rows = [bid.row for bid in auction.bids]
        replayed = replay(
            auction.terms, auction.first_end_at, rows, auction.standing, auction.closed_at
        )
        for each in replayed.differences:
            check = "C6" if each.field == "end_at" else "C4" if each.seq is None else "C3"
            yield Violation(check, auction.auction_id, str(each))


def check_real_time(run: Run) -> Iterator[Violation]:
    """C5: what was acknowledged before a bid was sent binds the answer to that bid."""
    by_auction: dict[str, list[Operation]] = defaultdict(list)
    for each in run.log.operations:
        by_auction[each.auction_id].append(each)
    for auction_id, operations in by_auction.items():
        for text in _against_real_time(operations):
            yield Violation("C5", auction_id, text)


def _against_real_time(operations: list[Operation]) -> Iterator[str]:
    # A key that is sent again may have been taken the first time.
    first_sent: dict[tuple[str, str, str], int] = {}
    for each in operations:
        first_sent[each.identity] = min(first_sent.get(each.identity, each.invoked), each.invoked)
    acknowledged = sorted(
        (each for each in operations if each.outcome == "ok" and each.completed is not None),
        key=lambda each: each.completed or 0,
    )
    answered = sorted(operations, key=lambda each: first_sent[each.identity])
    price, seq, waiting = 0, 0, 0
    for each in answered:
        sent = first_sent[each.identity]
        while waiting < len(acknowledged) and (acknowledged[waiting].completed or 0) < sent:
            price = max(price, acknowledged[waiting].price or 0)
            seq = max(seq, acknowledged[waiting].seq or 0)
            waiting += 1
        yield from _against(each, price, seq)


def _against(each: Operation, price: int, seq: int) -> Iterator[str]:
    if each.outcome == "ok":
        # The leader may raise to what the price is already, never to less.
        if each.goes_to <= price:
            yield f"{each.key} is ok at {each.goes_to}, {price} was acknowledged before"
        if each.seq is not None and each.seq <= seq:
            yield f"{each.key} is number {each.seq}, {seq} was acknowledged before"
        if each.price is not None and each.price < price:
            yield f"{each.key} was answered with {each.price}, {price} was acknowledged before"
    elif each.outcome == "refused":
        if each.price is not None and each.price < price:
            yield f"{each.key} was refused at {each.price}, {price} was acknowledged before"
        if each.minimum is not None and each.minimum <= price:
            yield f"{each.key} was answered with the minimum {each.minimum} under {price}"


def check_orders(run: Run) -> Iterator[Violation]:
    """An auction that ended has one order of its winner, and any other has none."""
    for auction in run.auctions.values():
        standing = [each for each in auction.orders if each[1] != "cancelled"]
        if auction.standing.status != "ended" or auction.winner_id is None:
            if auction.orders:
                yield Violation("C4", auction.auction_id, f"nobody won, orders {auction.orders}")
        elif len(auction.orders) == 1:
            due = (auction.standing.leader_id, auction.standing.price)
            buyer, _, amount = auction.orders[0]
            if (buyer, amount) != due or auction.winner_id != buyer:
                yield Violation("C4", auction.auction_id, f"{auction.orders[0]}, due {due}")
        elif len(standing) > 1 or not auction.orders:
            yield Violation("C4", auction.auction_id, f"orders {auction.orders}")


def check_books(run: Run) -> Iterator[Violation]:
    """C7: every transfer sums to zero, and wallets equal their rows."""
    for transfer, total in run.books.transfers:
        yield Violation("C7", "", f"transfer {transfer} sums to {total}")
    for user in run.books.wallets:
        yield Violation("C7", "", f"the wallet of {user} is not the sum of its rows")


def check_watches(run: Run) -> Iterator[Violation]:
    """C8: sockets saw versions rising by one, no event without a committed row, and the end."""
    for watch in run.watches:
        auction = run.auctions[watch.auction_id]
        for text in _against_rows(watch, auction):
            yield Violation("C8", watch.auction_id, text)


def _against_rows(watch: Watch, auction: StoredAuction) -> Iterator[str]:
    version, seq = watch.joined_version, watch.joined_seq
    rows = {bid.row.seq: bid for bid in auction.bids}
    for frame in watch.frames:
        data = frame["data"]
        conflated = data.get("conflated", False)
        if data["version"] <= version:
            yield f"version {data['version']} came after {version}"
        if data["version"] > version + 1 and not conflated:
            yield f"version {data['version']} came right after {version}"
        if data["seq"] < seq:
            yield f"seq {data['seq']} came after {seq}"
        for bid in data.get("bids", ()):
            yield from _against_row(bid, data["version"], rows)
        version, seq = data["version"], data["seq"]
    if watch.is_cut:
        return
    if version != auction.version:
        yield f"the last published version is {version}, the database has {auction.version}"
    elif seq != auction.standing.seq:
        yield f"the last published seq is {seq}, the database has {auction.standing.seq}"


def _against_row(bid: dict[str, object], version: int, rows: dict[int, StoredBid]) -> Iterator[str]:
    stored = rows.get(int(str(bid["seq"])))
    if stored is None:
        yield f"bid {bid['seq']} was published and has no row"
        return
    row = stored.row
    due = (f"bidder-{row.bidder_no}", row.kind, row.amount, row.price_after, stored.version)
    told = (bid["bidder"], bid["kind"], bid["amount"], bid["price"], version)
    if told != due:
        yield f"bid {row.seq} was published as {told}, its row is {due}"
