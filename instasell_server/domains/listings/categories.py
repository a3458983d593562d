"""Categories: a tree that admins keep."""

from __future__ import annotations

import uuid

from instasell_client.models.base import Empty
from instasell_client.models.errors import CategoryNotFound, Invalid
from instasell_client.models.listings import (
    Category,
    CategoryTree,
    CreateCategory,
    UpdateCategory,
)
from instasell_server.db.connections import Database
from instasell_server.db.idempotency import RequestKey, once
from instasell_server.db.transaction import Transaction
from instasell_server.domains.listings import category_store as store
from instasell_server.domains.listings import category_tree as tree
from instasell_server.domains.listings.category_store import CategoryPosition, CategoryState
from instasell_server.domains.listings.page_cache import CategoryPageCache


class CategoryService:
    """Show the tree of categories to all, and let admins change it."""

    def __init__(self, database: Database, public: Database, pages: CategoryPageCache) -> None:
        self._database = database
        self._public = public
        self._pages = pages

    async def tree(self) -> CategoryTree:
        """Return every category with the number of active listings in it and below."""
        async with self._public.connection() as connection:
            rows = await store.list_categories(connection)
        return CategoryTree(items=tree.nest(rows))

    async def create(self, wanted: CreateCategory, key: RequestKey | None) -> Category:
        """Create a category. Raises CategoryExists, Invalid."""
        _check_name(wanted.name)

        async def work(tx: Transaction) -> Category:
            await store.lock_tree(tx)
            category_id = str(uuid.uuid4())
            position = await _position(tx, category_id, wanted.name, wanted.parent_id)
            _refuse(tree.find_position_problem(position.path, len(position.lineage)), "parent_id")
            await store.insert_category(tx, category_id, position)
            return (await _get(tx, category_id)).category

        return await once(self._database, key, Category, work)

    async def update(
        self, category_id: str, wanted: UpdateCategory, key: RequestKey | None
    ) -> Category:
        """Rename and move a category with all below it. Raises CategoryExists, Invalid."""
        _check_name(wanted.name)

        async def work(tx: Transaction) -> Category:
            await store.lock_tree(tx)
            before = await _get(tx, category_id)
            position = await _position(tx, category_id, wanted.name, wanted.parent_id)
            if category_id in position.lineage[:-1]:
                raise Invalid.one("parent_id", "choose a parent that is not below the category")
            below = await store.list_subtree(tx, category_id)
            for _, path, depth in below:
                new_path = position.path + path[len(before.category.path) :]
                new_depth = len(position.lineage) + depth - len(before.lineage)
                _refuse(tree.find_position_problem(new_path, new_depth), "parent_id")
            await store.move_category(tx, before, position)
            touched = [each for each, _, _ in below]
            self._pages.retire_later(tx, [*before.lineage, *position.lineage, *touched])
            return (await _get(tx, category_id)).category

        return await once(self._database, key, Category, work)

    async def delete(self, category_id: str, key: RequestKey | None) -> None:
        """Delete an empty category. Raises CategoryInUse, CategoryNotFound."""

        async def work(tx: Transaction) -> Empty:
            await store.lock_tree(tx)
            await _get(tx, category_id)
            await store.delete_category(tx, category_id)
            return Empty()

        await once(self._database, key, Empty, work)


async def _get(tx: Transaction, category_id: str) -> CategoryState:
    found = await store.find_category(tx, category_id)
    if found is None:
        raise CategoryNotFound
    return found


async def _position(
    tx: Transaction, category_id: str, name: str, parent_id: str | None
) -> CategoryPosition:
    """Return the position of a category of this name below that parent. Raises Invalid."""
    if parent_id is None:
        return CategoryPosition(name, None, name, [category_id])
    parent = await store.find_category(tx, parent_id)
    if parent is None:
        raise Invalid.one("parent_id", "there is no such category; GET /categories lists them")
    path = parent.category.path + tree.SEPARATOR + name
    return CategoryPosition(name, parent_id, path, [*parent.lineage, category_id])


def _check_name(name: str) -> None:
    _refuse(tree.find_name_problem(name), "name")


def _refuse(complaint: str | None, field: str) -> None:
    if complaint is not None:
        raise Invalid.one(field, complaint)
