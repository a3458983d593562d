"""Proves the market's books in one snapshot of the database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from instasell_server.db.connections import Database
from instasell_server.db.transaction import BEGIN_SNAPSHOT, Transaction, transact
from instasell_server.domains.auctions.replay import ReplayedBid, replay
from instasell_server.domains.audit import copies, store
from instasell_server.domains.audit.store import AuditedAuction

AUCTIONS_AT_ONCE = 100
FIRST_ID = "00000000-0000-0000-0000-000000000000"

Value = str | int | bool | None


@dataclass(frozen=True)
class Finding:
    """Hold one difference between what is written and what it should be."""

    kind: str
    id: str
    field: str
    expected: Value
    found: Value
    seq: int | None = None

    def __str__(self) -> str:
        where = f" bid {self.seq}" if self.seq is not None else ""
        return (
            f"{self.kind} {self.id}{where}: {self.field} is {self.found}, expected {self.expected}"
        )


@dataclass(frozen=True)
class ProviderView:
    """Hold the provider's books beside the market's, in minor units of its currency.

    `held_amount` is all that came in there less what went out, and `booked_amount` the market's
    account of it; fees stand apart, as the provider keeps those of payments without being asked.
    """

    movements: int
    held_amount: int
    booked_amount: int
    fee_amount: int
    booked_fee_amount: int


@dataclass
class Report:
    """Hold what was examined, and every difference. `provider` is absent where it was not asked.

    `log_head` is the hash of the newest row of the admins' log. Kept elsewhere, it proves later
    that no row before it was changed, and that the newest ones were not cut off.
    """

    transfers: int = 0
    wallets: int = 0
    auctions: int = 0
    bids: int = 0
    admin_actions: int = 0
    log_head: str = ""
    provider: ProviderView | None = None
    findings: list[Finding] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """Return the report as text for a person: every difference, then what was looked at."""
        yield from map(str, self.findings)
        yield (
            f"{self.transfers} transfers, {self.wallets} wallets, {self.auctions} auctions,"
            f" {self.bids} bids: {len(self.findings)} differences"
        )
        yield f"the admins' log: {self.admin_actions} rows, linked up to {self.log_head or '-'}"
        if self.provider is not None:
            there = self.provider
            yield (
                f"the provider: {there.movements} movements, {there.held_amount} held,"
                f" {there.booked_amount} booked; fees {there.fee_amount}, booked"
                f" {there.booked_fee_amount}"
            )


async def audit(database: Database, *, auctions: bool) -> Report:
    """Check one state of the market, as `audit_in` does."""

    async def work(tx: Transaction) -> Report:
        return await audit_in(tx, auctions=auctions)

    return await transact(database, work, begin=BEGIN_SNAPSHOT)


async def audit_in(tx: Transaction, *, auctions: bool) -> Report:
    """Check the ledger, and with `auctions` replay every auction through the rules."""
    report = Report()
    await _check_ledger(tx, report)
    await _check_log(tx, report)
    await _check_copies(tx, report)
    if auctions:
        await _check_auctions(tx, report)
    return report


async def _check_ledger(tx: Transaction, report: Report) -> None:
    report.transfers, report.wallets = await store.count_books(tx)
    for transfer_id, total in await store.list_unbalanced_transfers(tx):
        report.findings.append(Finding("transfer", transfer_id, "sum", 0, total))
    for row in await store.list_wrong_wallets(tx):
        pairs = (("balance", "balance_due"), ("gas_balance", "gas_due"))
        for name, due in pairs:
            if row[name] != row[due]:
                report.findings.append(Finding("wallet", row["user_id"], name, row[due], row[name]))
    for row in await store.list_wrong_running_balances(tx):
        report.findings.append(
            Finding("row", row["id"], "balance_after", row["balance_due"], row["balance_after"])
        )
    for row in await store.list_wrong_orders(tx):
        order_pairs = (("held_amount", "held_due"), ("refunded_amount", "refunded_due"))
        for name, due in order_pairs:
            if row[name] != row[due]:
                report.findings.append(Finding("order", row["id"], name, row[due], row[name]))
    booked, on_its_way = await store.get_in_transit(tx)
    if booked != on_its_way:
        report.findings.append(Finding("account", "in_transit", "sum", on_its_way, booked))
    booked, kept = await store.get_suspense(tx)
    if booked != kept:
        report.findings.append(Finding("account", "suspense", "sum", kept, booked))
    booked, owed = await store.get_receivable(tx)
    if booked != owed:
        report.findings.append(Finding("account", "receivable", "sum", owed, booked))
    await _check_disputes(tx, report)
    await _check_chargebacks(tx, report)
    await _check_holds(tx, report)
    for row in await store.list_wrong_payments(tx):
        report.findings.append(Finding("payment", row["id"], "booked", row["due"], row["booked"]))


async def _check_log(tx: Transaction, report: Report) -> None:
    report.admin_actions, report.log_head = await store.get_log_head(tx)
    broken = await store.find_broken_link(tx)
    if broken is not None:
        is_there = None if broken["broken"] in ("row", "link") else "another one"
        report.findings.append(
            Finding("admin_action", str(broken["id"]), broken["broken"], "as linked", is_there)
        )


async def _check_copies(tx: Transaction, report: Report) -> None:
    for row in await copies.list_wrong_listing_counts(tx):
        report.findings.append(
            Finding(row["kind"], row["id"], "listing_count", row["due"], row["found"])
        )
    for row in await copies.list_wrong_live_auctions(tx):
        report.findings.append(
            Finding("auction", row["id"], "listed_price", row["due"], row["found"])
        )


async def _check_disputes(tx: Transaction, report: Report) -> None:
    for row in await store.list_wrongly_disputed_orders(tx):
        expected, found = row["is_disputed"], row["has_open_dispute"]
        report.findings.append(Finding("order", row["id"], "has_open_dispute", expected, found))
    for row in await store.list_wrong_disputes(tx):
        most, found = row["refunded_amount"], row["refund_amount"]
        report.findings.append(Finding("dispute", row["id"], "refund_amount", most, found))


async def _check_chargebacks(tx: Transaction, report: Report) -> None:
    for row in await store.list_wrongly_claimed_orders(tx):
        report.findings.append(Finding("order", row["id"], "bank_claims", row["due"], row["found"]))
    for row in (*await store.list_wrong_chargebacks(tx), *await store.list_wrong_debts(tx)):
        report.findings.append(
            Finding("chargeback", row["id"], row["field"], row["due"], row["booked"])
        )


async def _check_holds(tx: Transaction, report: Report) -> None:
    for row in await store.list_wrong_holds(tx):
        report.findings.append(Finding("hold", str(row["id"]), "amount", row["due"], row["found"]))
    for row in await store.list_overheld_wallets(tx):
        report.findings.append(
            Finding("wallet", row["user_id"], "held_amount", row["balance"], row["held"])
        )


async def _check_auctions(tx: Transaction, report: Report) -> None:
    after = FIRST_ID
    while found := await store.list_auctions(tx, after, AUCTIONS_AT_ONCE):
        ids = [each.id for each in found]
        for row in await store.list_wrong_sales(tx, ids):
            report.findings.append(
                Finding("order", row["id"], "unit_amount", row["due"], row["found"])
            )
        bids = await store.list_bids(tx, ids)
        for auction in found:
            rows = bids[auction.id]
            report.auctions += 1
            report.bids += len(rows)
            report.findings += _compare(auction, rows)
        after = found[-1].id


def _compare(auction: AuditedAuction, rows: list[ReplayedBid]) -> Iterator[Finding]:
    replayed = replay(
        auction.terms, auction.first_end_at, rows, auction.standing, auction.closed_at
    )
    for each in replayed.differences:
        expected, found = _plain(each.expected), _plain(each.found)
        yield Finding("auction", auction.id, each.field, expected, found, each.seq)
    standing = replayed.standing
    sold = auction.standing.status == "ended" and standing.reserve_met
    winner = standing.leader_id if sold else None
    if auction.winner_id != winner:
        yield Finding("auction", auction.id, "winner", winner, auction.winner_id)
    if sold and not auction.has_order:
        yield Finding("auction", auction.id, "order", "an order of the winner", None)


def _plain(value: Value | datetime) -> Value:
    return value.isoformat() if isinstance(value, datetime) else value
