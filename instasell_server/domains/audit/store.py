"""Read what an audit compares."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from instasell_server.db.connections import Row
from instasell_server.db.queries import load
from instasell_server.db.transaction import Transaction
from instasell_server.domains.auctions.formats.base import AuctionSnapshot, AuctionTerms
from instasell_server.domains.auctions.formats.increments import parse_increments
from instasell_server.domains.auctions.replay import ReplayedBid

_sql = load(__file__)


class AuditedAuction(NamedTuple):
    """Hold the row of an auction as the replay takes it."""

    id: str
    terms: AuctionTerms
    first_end_at: datetime
    standing: AuctionSnapshot
    closed_at: datetime | None
    winner_id: str | None
    has_order: bool


async def list_auctions(tx: Transaction, after: str, limit: int) -> list[AuditedAuction]:
    """Return auctions in order of id, those above `after`."""
    rows = await tx.rows(_sql.list_auctions, {"after": after, "limit": limit})
    return [_auction(row) for row in rows]


def _auction(row: Row) -> AuditedAuction:
    terms = AuctionTerms(
        row["id"],
        row["seller_id"],
        row["start_at"],
        row["min_bid"],
        row["reserve"],
        row["buy_now"],
        parse_increments(row["increments"]),
        row["extension_window_seconds"],
        row["extension_seconds"],
        row["format"],
    )
    standing = AuctionSnapshot(
        row["status"],
        row["end_at"],
        row["current_bid"],
        row["current_bidder_id"],
        row["leader_max"],
        row["runner_up_max"],
        row["reserve_met"],
        row["seq"],
        row["bidder_count"],
    )
    return AuditedAuction(
        row["id"],
        terms,
        row["planned_end_at"],
        standing,
        row["closed_at"],
        row["winner_id"],
        row["has_order"],
    )


async def list_bids(tx: Transaction, auction_ids: Sequence[str]) -> dict[str, list[ReplayedBid]]:
    """List the bids of some auctions in order of `seq`, by auction."""
    found: dict[str, list[ReplayedBid]] = {each: [] for each in auction_ids}
    for auction_id, *values in await tx.tuples(_sql.list_bids, {"ids": list(auction_ids)}):
        found[auction_id].append(ReplayedBid(*values))
    return found


async def list_unbalanced_transfers(tx: Transaction) -> list[tuple[str, int]]:
    """Return the transfers whose rows do not sum to zero, each with its sum."""
    rows = await tx.rows(_sql.list_unbalanced_transfers)
    return [(row["transfer_id"], row["total"]) for row in rows]


async def list_wrong_wallets(tx: Transaction) -> list[dict[str, Any]]:
    """Return wallets that do not equal their rows, and users with rows but no wallet."""
    return await tx.rows(_sql.list_wrong_wallets)


async def list_wrong_orders(tx: Transaction) -> list[dict[str, Any]]:
    """Return orders whose held or refunded amount does not equal the rows of their escrow."""
    return await tx.rows(_sql.list_wrong_orders)


async def list_wrongly_disputed_orders(tx: Transaction) -> list[dict[str, Any]]:
    """Return orders in dispute without one that is open, and the other way round."""
    return await tx.rows(_sql.list_wrongly_disputed_orders)


async def list_wrong_disputes(tx: Transaction) -> list[dict[str, Any]]:
    """Return disputes that were decided with a refund which their order has not had."""
    return await tx.rows(_sql.list_wrong_disputes)


async def list_wrongly_claimed_orders(tx: Transaction) -> list[dict[str, Any]]:
    """Return orders that are frozen for another number of chargebacks than are open on them."""
    return await tx.rows(_sql.list_wrongly_claimed_orders)


async def list_wrong_chargebacks(tx: Transaction) -> list[dict[str, Any]]:
    """List the chargebacks whose record of their money differs from the ledger."""
    return await tx.rows(_sql.list_wrong_chargebacks)


async def list_wrong_debts(tx: Transaction) -> list[dict[str, Any]]:
    """List debts that do not fit their chargeback or the ledger."""
    return await tx.rows(_sql.list_wrong_debts)


async def list_wrong_holds(tx: Transaction) -> list[dict[str, Any]]:
    """List holds that are neither in the wallet nor in what they were spent on."""
    return await tx.rows(_sql.list_wrong_holds)


async def list_overheld_wallets(tx: Transaction) -> list[dict[str, Any]]:
    """List wallets of which more is held than is in them."""
    return await tx.rows(_sql.list_overheld_wallets)


async def get_suspense(tx: Transaction) -> tuple[int, int]:
    """Return what the ledger keeps apart, and what the payments say that it is of."""
    row = await tx.one(_sql.get_suspense)
    return row["booked"], row["due"]


async def get_receivable(tx: Transaction) -> tuple[int, int]:
    """Return what is owed to the platform by the ledger, and by the chargebacks."""
    row = await tx.one(_sql.get_receivable)
    return row["booked"], row["due"]


class ProviderAccount(NamedTuple):
    """Hold what the market believes the provider holds, fees aside, in minor units.

    `leaving` and `coming` may have happened there without being heard of here.
    """

    held: int
    fee_amount: int
    leaving: int
    coming: int


async def get_provider_account(tx: Transaction) -> ProviderAccount:
    """Return what the market expects the provider to hold."""
    return ProviderAccount(**await tx.one(_sql.get_provider_account))


async def list_wrong_sales(tx: Transaction, auction_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return orders of auctions at another price than their buyers' bids allow."""
    return await tx.rows(_sql.list_wrong_sales, {"ids": list(auction_ids)})


async def list_wrong_running_balances(tx: Transaction) -> list[dict[str, Any]]:
    """Return rows of wallets whose balance is not the sum of the rows up to them."""
    return await tx.rows(_sql.list_wrong_running_balances)


async def list_wrong_payments(tx: Transaction) -> list[dict[str, Any]]:
    """Return payments that the ledger has booked another amount for than what came."""
    return await tx.rows(_sql.list_wrong_payments)


async def get_in_transit(tx: Transaction) -> tuple[int, int]:
    """Return what is in transit by the ledger, and by the refunds and withdrawals."""
    row = await tx.one(_sql.get_in_transit)
    return row["booked"], row["due"]


class LogHead(NamedTuple):
    """Hold the number of rows of the admins' log, and the hash of the newest one."""

    actions: int
    head: str


async def get_log_head(tx: Transaction) -> LogHead:
    """Return where the chain of the admins' log ends."""
    return LogHead(**await tx.one(_sql.get_log_head))


async def find_broken_link(tx: Transaction) -> Row | None:
    """Return the first row of the admins' log that breaks its chain, and by what."""
    return await tx.maybe(_sql.find_broken_link)


async def count_books(tx: Transaction) -> tuple[int, int]:
    """Count the transfers and the wallets."""
    row = await tx.one(_sql.count_books)
    return row["transfers"], row["wallets"]
