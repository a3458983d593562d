"""Categories: a tree that admins keep."""

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
    """`client.categories`."""

    @endpoint
    def tree(self) -> Operation[CategoryTree]:
        """Every category with the number of listings in it and below."""
        return get("/categories", CategoryTree)

    @endpoint
    def create(self, name: str, *, parent_id: str | None = None) -> Operation[Category]:
        """For admins: a category below `parent_id`, or at the top. Raises CategoryExists."""
        body = request(CreateCategory, name=name, parent_id=parent_id)
        return post("/categories", reads(Category), body)

    @endpoint
    def update(
        self, category_id: str, *, name: str, parent_id: str | None = None
    ) -> Operation[Category]:
        """For admins: a new name and place; no `parent_id` moves it to the top."""
        body = request(UpdateCategory, name=name, parent_id=parent_id)
        return put(path("/categories/{}", category_id), reads(Category), body)

    @endpoint
    def delete(self, category_id: str) -> Operation[None]:
        """For admins: takes an empty category away. Raises CategoryInUse."""
        return delete(path("/categories/{}", category_id))
