"""The tree of categories: its counts, its paths, and what admins may do to it."""

from __future__ import annotations

import aiohttp

from tests.server.accounts_support import Person, ask
from tests.server.listings.conftest import Shop


async def tree(http: aiohttp.ClientSession) -> dict[str, int]:
    """The paths of all categories with their counts, in the order of the tree."""
    found: dict[str, int] = {}

    def walk(nodes: list[dict[str, object]]) -> None:
        for node in nodes:
            found[str(node["path"])] = int(str(node["listing_count"]))
            walk(node["children"])  # type: ignore[arg-type]

    walk((await ask(http, "GET", "/categories")).body["items"])
    return found


async def test_counts_are_of_what_is_active_in_and_below(
    http: aiohttp.ClientSession, shop: Shop
) -> None:
    await shop.list()
    gone = await shop.list()
    await shop.list(category_id=shop.home)
    assert (await shop.seller.ask("DELETE", f"/listings/{gone['id']}")).status == 204
    assert await tree(http) == {"Home": 2, "Home > Kitchen": 1, "Toys": 0}


async def test_moving_takes_everything_below_along(
    http: aiohttp.ClientSession, shop: Shop, admin: Person
) -> None:
    deep = await admin.ask("POST", "/categories", {"name": "Kettles", "parent_id": shop.kitchen})
    listing = await shop.list(category_id=deep.body["id"])
    body = {"name": "Cooking", "parent_id": shop.toys}
    moved = await admin.ask("PUT", f"/categories/{shop.kitchen}", body)
    assert (moved.status, moved.body["path"]) == (200, "Toys > Cooking")
    assert await tree(http) == {
        "Home": 0,
        "Toys": 1,
        "Toys > Cooking": 1,
        "Toys > Cooking > Kettles": 1,
    }
    shown = await ask(http, "GET", f"/listings/{listing['id']}")
    assert shown.body["category_path"] == "Toys > Cooking > Kettles"
    found = await ask(http, "GET", "/listings", params={"category": shop.toys})
    assert [each["id"] for each in found.body["items"]] == [listing["id"]]
    found = await ask(http, "GET", "/listings", params={"category": shop.home})
    assert found.body["items"] == []
    top = await admin.ask("PUT", f"/categories/{shop.kitchen}", {"name": "Cooking"})
    assert (top.body["path"], top.body["parent_id"]) == ("Cooking", None)


async def test_no_cycles(http: aiohttp.ClientSession, shop: Shop, admin: Person) -> None:
    for place in (shop.kitchen, shop.home):
        body = {"name": "Home", "parent_id": place}
        answer = await admin.ask("PUT", f"/categories/{shop.home}", body)
        assert (answer.status, answer.fields) == (422, ["parent_id"])
    assert list(await tree(http)) == ["Home", "Home > Kitchen", "Toys"]


async def test_names_are_unique_within_a_parent_and_hold_no_separator(
    shop: Shop, admin: Person
) -> None:
    taken = await admin.ask("POST", "/categories", {"name": "KITCHEN", "parent_id": shop.home})
    assert (taken.status, taken.code) == (409, "category_exists")
    renamed = await admin.ask("PUT", f"/categories/{shop.toys}", {"name": "home"})
    assert (renamed.status, renamed.code) == (409, "category_exists")
    elsewhere = await admin.ask("POST", "/categories", {"name": "Kitchen", "parent_id": shop.toys})
    assert elsewhere.status == 201
    for name in ("A > B", "A\x1bB", "A\u202eB", " ", "x" * 81):
        refused = await admin.ask("POST", "/categories", {"name": name})
        assert (refused.status, refused.fields) == (422, ["name"])


async def test_the_tree_is_not_endless(admin: Person) -> None:
    parent = None
    statuses = []
    for _ in range(11):
        answer = await admin.ask("POST", "/categories", {"name": "Deep", "parent_id": parent})
        statuses.append(answer.status)
        parent = answer.body.get("id", parent)
    assert statuses == [201] * 10 + [422]


async def test_what_is_in_use_stays(shop: Shop, admin: Person) -> None:
    listing = await shop.list()
    for category in (shop.home, shop.kitchen):
        answer = await admin.ask("DELETE", f"/categories/{category}")
        assert (answer.status, answer.code) == (409, "category_in_use")
    moved = await shop.seller.ask("PUT", f"/listings/{listing['id']}", {"category_id": shop.toys})
    assert moved.status == 200
    for category in (shop.kitchen, shop.home):
        assert (await admin.ask("DELETE", f"/categories/{category}")).status == 204
    again = await admin.ask("DELETE", f"/categories/{shop.home}")
    assert (again.status, again.code) == (404, "category_not_found")


async def test_only_admins_change_the_tree(http: aiohttp.ClientSession, shop: Shop) -> None:
    for method, path in [
        ("POST", "/categories"),
        ("PUT", f"/categories/{shop.toys}"),
        ("DELETE", f"/categories/{shop.toys}"),
    ]:
        body = None if method == "DELETE" else {"name": "X"}
        assert (await shop.seller.ask(method, path, body)).status == 403
        assert (await ask(http, method, path, body)).status == 401
    assert list(await tree(http)) == ["Home", "Home > Kitchen", "Toys"]


async def test_the_same_key_makes_one_category(shop: Shop, admin: Person) -> None:
    headers = {"Idempotency-Key": "once"}
    first = await admin.ask("POST", "/categories", {"name": "Books"}, headers=headers)
    second = await admin.ask("POST", "/categories", {"name": "Books"}, headers=headers)
    assert (first.status, first.body) == (second.status, second.body)
