"""The statements of a batch of bids and of the workers that start and end auctions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic_core import to_json

from instasell_server.db.arrays import instant_array, plain_array, text_array
from instasell_server.db.connections import DbConnection
from instasell_server.db.queries import load
from instasell_server.db.transaction import Transaction
from instasell_server.domains.auctions.bid_records import (
    BidCommand,
    BidderFacts,
    BidRow,
    LeadChange,
    StoredBid,
)
from instasell_server.domains.auctions.records import (
    ChangedAuction,
    LockedAuction,
    locked_auction,
)

_sql = load(__file__, "bidding.sql")

_WRITE_AUCTIONS = _sql.prepared.write_auctions
_WRITE_BIDS_AND_AUCTIONS = _sql.prepared.write_bids.then(_WRITE_AUCTIONS)
_BID_COLUMNS = (
    "auction_ids", "seqs", "bidder_ids", "bidder_nos", "kinds", "offered_amounts", "max_amounts",
    "amounts", "prices", "leaders", "leader_nos", "extended", "keys", "versions",
)  # fmt: skip

BEGIN = (
    "BEGIN; SET LOCAL lock_timeout = '500ms'; SET LOCAL statement_timeout = '2s';"
    " SET LOCAL idle_in_transaction_session_timeout = '3s'; SET LOCAL enable_seqscan = off; "
)
"""A batch must not hold up the bidders behind it, so its limits are short.

Its plans are kept, and one that was made while a table was small must not read all of it later.
"""

SILENCE_SECONDS = 4.0
"""After this a PostgreSQL that says nothing is given up; its own time-outs come before it."""


async def lock_free(tx: Transaction, ids: Sequence[str]) -> dict[str, LockedAuction]:
    """Lock rows in order of id, leaving out those that another transaction has locked.

    All that lock auctions do so in this order, so that two batches that share two auctions never
    wait for each other.
    """
    rows = await tx.tuples(_sql.prepared.lock_free, {"ids": plain_array(ids)})
    return {row[0]: locked_auction(row) for row in rows}


async def lock_waiting(tx: Transaction, ids: Sequence[str]) -> dict[str, LockedAuction]:
    """Lock rows in order of id. Raises Unavailable after the lock time-out."""
    rows = await tx.tuples(_sql.prepared.lock_waiting, {"ids": plain_array(ids)})
    return {row[0]: locked_auction(row) for row in rows}


async def lock_due(tx: Transaction, limit: int) -> dict[str, LockedAuction]:
    """Lock free rows that are due to start or to end, `limit` of each at most."""
    rows = await tx.tuples(_sql.lock_due, {"limit": limit})
    return {row[0]: locked_auction(row) for row in rows}


async def list_due(connection: DbConnection, limit: int) -> list[str]:
    """List the ids of auctions that are due to start or to end."""
    return [row[0] for row in await connection.tuples(_sql.list_due, {"limit": limit})]


async def read_bidders(
    tx: Transaction, commands: Sequence[BidCommand]
) -> tuple[list[BidderFacts], datetime]:
    """Read the facts about each command's bidder, and the instant of the decision."""
    rows = await tx.tuples(
        _sql.prepared.read_bidders,
        {
            "auction_ids": plain_array([each.auction_id for each in commands]),
            "bidder_ids": plain_array([each.bidder_id for each in commands]),
            "session_ids": plain_array([each.session_id for each in commands]),
            "keys": text_array([each.key for each in commands]),
        },
    )
    facts = [
        BidderFacts(row[2], row[3], row[4], row[5], None if row[6] is None else StoredBid(*row[6:]))
        for row in rows
    ]
    return facts, rows[0][1]


async def write_and_commit(
    tx: Transaction,
    rows: Sequence[BidRow],
    changes: Sequence[ChangedAuction],
    lead_changes: Sequence[LeadChange],
    now: datetime,
) -> None:
    """Insert the bids, write the auctions and commit, in one round trip.

    The row locks keep others away; the version that was read finds what a lock cannot, such as a
    mistake of ours, and then the whole batch fails.
    """
    parameters = _columns_of_auctions(changes)
    sql = _WRITE_AUCTIONS
    if rows:
        parameters |= _columns_of_bids(rows, now)
        sql = _WRITE_BIDS_AND_AUCTIONS
    if lead_changes:
        ids, firsts, lasts = zip(*lead_changes, strict=True)
        parameters |= {
            "led_ids": plain_array(ids),
            "first_seqs": plain_array(firsts),
            "last_seqs": plain_array(lasts),
        }
        sql = _sql.prepared.insert_lead_changes.then(sql)
    await tx.run_and_commit(sql, parameters)


async def write_auctions(tx: Transaction, changes: Sequence[ChangedAuction]) -> None:
    """Write locked auctions back; fail when one of them has another version by then."""
    await tx.execute(_WRITE_AUCTIONS, _columns_of_auctions(changes))


async def insert_notice_causes(
    tx: Transaction, kind: str, payloads: Sequence[dict[str, object]]
) -> None:
    """Queue a notification cause, in the transaction in which it happens."""
    if payloads:
        encoded = [to_json(each).decode() for each in payloads]
        await tx.execute(_sql.insert_notice_causes, {"kind": kind, "payloads": encoded})


def _columns_of_bids(rows: Sequence[BidRow], now: datetime) -> dict[str, object]:
    """Return the parameters of `write_bids`: one array for each column."""
    columns: dict[str, object] = {
        f"bid_{name}": (text_array if name == "keys" else plain_array)(column)
        for name, column in zip(_BID_COLUMNS, zip(*rows, strict=True), strict=True)
    }
    return {**columns, "judged_at": now, "bid_count": len(rows)}


def _columns_of_auctions(changes: Sequence[ChangedAuction]) -> dict[str, object]:
    """Return the parameters of `write_auctions`: one list for each column."""
    standings = [each.standing for each in changes]
    return {
        "ids": plain_array([each.id for each in changes]),
        "seen": plain_array([each.version for each in changes]),
        "statuses": plain_array([each.status for each in standings]),
        "end_ats": instant_array([each.end_at for each in standings]),
        "current_bids": plain_array([each.price for each in standings]),
        "current_bidder_ids": plain_array([each.leader_id for each in standings]),
        "leader_nos": plain_array([each.leader_no for each in changes]),
        "leader_maxes": plain_array([each.leader_max for each in standings]),
        "runner_up_maxes": plain_array([each.runner_up_max for each in standings]),
        "reserve_mets": plain_array([each.reserve_met for each in standings]),
        "seqs": plain_array([each.seq for each in standings]),
        "bidder_counts": plain_array([each.bidder_count for each in standings]),
        "winner_ids": plain_array([each.winner_id for each in changes]),
        "closed_ats": instant_array([each.closed_at for each in changes]),
        "count": len(changes),
    }
