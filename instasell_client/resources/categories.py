"""Read and manage the tree of categories, which admins keep."""

from __future__ import annotations

from instasell_client.endpoint import Mode, Resource, endpoint
from instasell_client.models.listings import (
    Category,
    CategoryTree,
    CreateCategory,
    UpdateCategory,
)
from instasell_client.operation import Operation, delete, get, path, post, put, reads, request


class Categories(Resource[Mode]):
    """Group the calls of `client.categories`."""

    @endpoint
    def tree(self) -> Operation[CategoryTree]:
        """Return all categories, with the number of listings in each and below it.

        Returns:
            CategoryTree.

        Raises:
            Unavailable

        Example:
            tree = client.categories.tree()

        See docs/api.md#get-categories.
        """
        return get("/categories", CategoryTree)

    @endpoint
    def create(self, name: str, *, parent_id: str | None = None) -> Operation[Category]:
        """Create a category; only for admins.

        Args:
            name: Name of the category.
            parent_id: Id of the category above; the top level by default.

        Returns:
            Category.

        Raises:
            Forbidden, CategoryExists, Invalid

        Example:
            category = client.categories.create("Cameras", parent_id=parent_id)

        See docs/api.md#post-categories.
        """
        body = request(CreateCategory, name=name, parent_id=parent_id)
        return post("/categories", reads(Category), body)

    @endpoint
    def update(
        self, category_id: str, *, name: str, parent_id: str | None = None
    ) -> Operation[Category]:
        """Rename or move a category; only for admins.

        Args:
            category_id: Id of the category.
            name: New name.
            parent_id: Id of the category above; without it, the category moves to the top.

        Returns:
            Category.

        Raises:
            Forbidden, CategoryNotFound, CategoryExists, Invalid

        Example:
            client.categories.update(category_id, name="Lenses", parent_id=parent_id)

        See docs/api.md#put-categoriescategory_id.
        """
        body = request(UpdateCategory, name=name, parent_id=parent_id)
        return put(path("/categories/{}", category_id), reads(Category), body)

    @endpoint
    def delete(self, category_id: str) -> Operation[None]:
        """Delete an empty category; only for admins.

        Args:
            category_id: Id of the category.

        Raises:
            Forbidden, CategoryNotFound, CategoryInUse, Invalid

        Example:
            client.categories.delete(category_id)

        See docs/api.md#delete-categoriescategory_id.
        """
        return delete(path("/categories/{}", category_id))
