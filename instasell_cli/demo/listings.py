"""Make the users and listings of the demo, through the same interface as any other."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from instasell_cli.demo.market import ADMIN_EMAIL, DemoMarket
from instasell_cli.input.category_paths import CategoryMaker
from instasell_cli.input.rows.row_results import ResultTotals
from instasell_cli.input.rows.run_import import ImportOptions, run_import
from instasell_cli.output.amounts import shown_amount
from instasell_cli.output.writer import OutputWriter
from instasell_cli.seed.plan import PlannedListing, categories, make_plan
from instasell_cli.seed.word_lists import words
from instasell_client import AsyncInstaSell, InstaSell

COLUMNS = ("sku", "type", "title", "description", "category", "condition", "price", "stock")


def make_categories(market: DemoMarket) -> int:
    """Create the categories as an admin would; return how many."""
    with InstaSell(market.url) as admin:
        admin.auth.login(ADMIN_EMAIL, market.password)
        maker = CategoryMaker(admin)
        paths = categories()
        for path in paths:
            maker.make(path)
        admin.auth.logout()
    return len(paths)


def sign_up(client: InstaSell, market: DemoMarket, name: str) -> None:
    """Make a seller of this name, and sign the client in."""
    email = f"{name.lower().replace(' ', '.')}@demo.example"
    client.auth.signup(email, market.password, display_name=name, role="seller")


async def bidders(stack: AsyncExitStack, market: DemoMarket, count: int) -> list[AsyncInstaSell]:
    """Return new bidders, signed in; `stack` closes their clients."""
    found = []
    for number in range(count):
        client = await stack.enter_async_context(AsyncInstaSell(market.url))
        name = words("people")[number % len(words("people"))]
        await client.auth.signup(
            f"{name.lower()}{number}@demo.example", market.password, display_name=name
        )
        found.append(client)
    return found


def pieces(seed: int, *, auctions: int, others: int = 0) -> Sequence[PlannedListing]:
    """Return made-up listings."""
    return make_plan(seed, users=2, listings=auctions + others, auctions=auctions, bids=0).pieces


def write_csv(
    path: Path, listings: Sequence[PlannedListing], faulty: Sequence[Sequence[str]]
) -> None:
    """Write a seller's file: prices as people write them, and some rows that are rejected."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for piece in listings:
            row = piece.row
            price = row.get("price")
            shown = f"${shown_amount(price)}" if isinstance(price, int) else ""
            named = ("type", "title", "description", "category", "condition")
            cells = [str(row[name]) for name in named]
            writer.writerow([piece.sku, *cells, shown, str(row.get("stock", ""))])
        writer.writerows(faulty)


def import_file(client: InstaSell, output: OutputWriter, path: Path) -> ResultTotals:
    """Import a file as `listings import` does."""
    return run_import(client, output, ImportOptions(str(path)))
