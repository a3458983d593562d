"""Conditions of items on the command line and in files."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from instasell_client.models.listings import Condition
from tests.cli.conftest import Shell
from tests.support.market import Market

Sql = Callable[..., list[tuple[Any, ...]]]


async def test_conditions_are_given_in_options_and_in_the_words_of_other_markets(
    market: Market, shell_of: Callable[..., Shell], sql: Sql
) -> None:
    market.category()
    shop = shell_of(await market.seller())
    create = ("listings", "create", "--category", "Watches", "--price", "5", "--title", "A")
    for condition in Condition:
        done = await shop.run(*create, "--condition", condition.value)
        assert done.code == 0, done.err
    listed = await shop.run("listings", "list", "--condition", "for-parts", "-o", "json")
    assert [each["condition"] for each in json.loads(listed.out)] == ["for-parts"]
    path = shop.home / "stock.csv"
    path.write_text(
        "sku,title,price,condition\n"
        "1,B,5,Used - Like New\n2,B,5,FOR PARTS OR NOT WORKING\n3,B,5,used_good\n4,B,5,used\n"
    )
    rest = ("--set", "type=direct", "--set", "category=Watches", "-o", "jsonl")
    done = await shop.run("listings", "import", str(path), *rest)
    verdicts = [json.loads(line) for line in done.out.splitlines()]
    assert [each["outcome"] for each in verdicts] == [*["created"] * 3, "rejected"]
    assert "'used' is not a condition; write new, refurbished, used-like-new" in str(verdicts[3])
    found = sql("SELECT condition FROM listings WHERE title = 'B' ORDER BY seller_sku")
    assert [row[0] for row in found] == ["used-like-new", "for-parts", "used-good"]
