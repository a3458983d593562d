"""The rows of categories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from instasell_client.models.errors import CategoryExists, CategoryInUse
from instasell_client.models.listings import Category
from instasell_server.db import postgres
from instasell_server.db.connections import DbConnection, Row
from instasell_server.db.queries import load
from instasell_server.db.transaction import Transaction

_sql = load(__file__, "categories.sql")


@dataclass(frozen=True, slots=True)
class CategoryState:
    """Hold a category with the ids from the top down to it."""

    category: Category
    lineage: Sequence[str]


@dataclass(frozen=True, slots=True)
class CategoryPosition:
    """Hold the position of a category, or the one that it is to get."""

    name: str
    parent_id: str | None
    path: str
    lineage: Sequence[str]


async def lock_tree(tx: Transaction) -> None:
    """Wait until nobody else changes the tree."""
    await tx.execute(_sql.lock_tree)


async def list_categories(connection: DbConnection) -> list[Row]:
    """List every category with its depth and the listings in it and below, in order of name."""
    return await connection.rows(_sql.list_categories)


async def find_category(connection: DbConnection, category_id: str) -> CategoryState | None:
    """Find one category."""
    row = await connection.maybe(_sql.find_category, {"category_id": category_id})
    return CategoryState(Category.model_validate(row), row["lineage"]) if row else None


async def insert_category(tx: Transaction, category_id: str, position: CategoryPosition) -> None:
    """Insert a category. Raises CategoryExists."""
    try:
        await tx.execute(
            _sql.insert_category,
            {
                "category_id": category_id,
                "parent_id": position.parent_id,
                "name": position.name,
                "path": position.path,
                "lineage": list(position.lineage),
            },
        )
    except postgres.UniqueViolation:
        raise CategoryExists(
            f"there is a category {position.path} already; choose another name"
        ) from None


async def list_subtree(connection: DbConnection, category_id: str) -> list[tuple[str, str, int]]:
    """List the id, path and depth of a category and of all below it."""
    rows = await connection.tuples(_sql.list_subtree, {"category_id": category_id})
    return [(row[0], row[1], row[2]) for row in rows]


async def move_category(tx: Transaction, before: CategoryState, position: CategoryPosition) -> None:
    """Rename and move a category with all below it. Raises CategoryExists."""
    try:
        await tx.execute(
            _sql.move_category,
            {
                "category_id": before.category.id,
                "name": position.name,
                "parent_id": position.parent_id,
                "path": position.path,
                "lineage": list(position.lineage),
                "old_length": len(before.category.path),
                "old_depth": len(before.lineage),
            },
        )
    except postgres.UniqueViolation:
        raise CategoryExists(
            f"there is a category {position.path} already; choose another name"
        ) from None


async def delete_category(tx: Transaction, category_id: str) -> None:
    """Delete a category. Raises CategoryInUse while listings or categories lie in it."""
    try:
        await tx.execute(_sql.delete_category, {"category_id": category_id})
    # PostgreSQL 18 has a code of its own for what ON DELETE RESTRICT refuses.
    except (postgres.ForeignKeyViolation, postgres.RestrictViolation):
        raise CategoryInUse(
            "move its subcategories and listings first, removed listings too"
        ) from None


async def fold_listing_counts(connection: DbConnection, limit: int) -> int:
    """Add up to `limit` changes to the counts of listings; return how many there were."""
    row = await connection.one(_sql.fold_listing_counts, {"limit": limit})
    folded: int = row["folded"]
    return folded
