"""Nesting of categories."""

from __future__ import annotations

from instasell_server.domains.listings import category_tree as tree


def test_rows_become_a_tree_in_the_order_of_names() -> None:
    def row(name: str, parent: str | None, depth: int) -> dict[str, object]:
        return {
            "id": f"{ord(name):08}-0000-4000-8000-000000000000",
            "name": name,
            "parent_id": parent and f"{ord(parent):08}-0000-4000-8000-000000000000",
            "path": name,
            "depth": depth,
            "listing_count": 0,
        }

    rows = [row("a", "z", 2), row("b", None, 1), row("c", "a", 3), row("z", None, 1)]
    found = tree.nest(rows)
    assert [node.name for node in found] == ["b", "z"]
    assert [node.name for node in found[1].children] == ["a"]
    assert found[1].children[0].children[0].name == "c"


def test_paths_are_compared_with_one_space_around_the_sign() -> None:
    assert tree.normal_path(" Toys>Trains  >Steam ") == "Toys > Trains > Steam"
