"""The categories as a tree, with the number of live auctions in each and below it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from rich.text import Text
from textual.message import Message
from textual.widgets import Tree
from textual.widgets.tree import TreeNode

from instasell_client.models.listings import CategoryNode
from instasell_tui.widgets.formats import clip, safe_text

NAME_CELLS = 18
EXPANDED_MAX = 40
"""A small tree is shown whole."""


class CategoryTreeView(Tree[str]):
    """Choosing a node narrows the board to its categories."""

    class CategoryChosen(Message):
        """`categories` None means all of them; `name` is what to call the choice."""

        def __init__(self, categories: frozenset[str] | None, name: str) -> None:
            super().__init__()
            self.categories = categories
            self.name = name

    def __init__(self) -> None:
        super().__init__(Text("All categories"), data="")
        self.guide_depth = 2
        self.show_root = True
        self._below: dict[str, frozenset[str]] = {}
        self._names: dict[str, str] = {}
        self._branches: dict[str, TreeNode[str]] = {}
        self._counts: Counter[str] = Counter()

    def load(self, nodes: Sequence[CategoryNode]) -> None:
        """Replace the tree."""
        self.clear()
        self._below, self._names, self._branches = {}, {}, {}
        self._counts.clear()
        for node in nodes:
            self._add(self.root, node)
        if len(self._branches) <= EXPANDED_MAX:
            self.root.expand_all()
        else:
            self.root.expand()

    def _add(self, parent: TreeNode[str], node: CategoryNode) -> frozenset[str]:
        self._names[node.id] = safe_text(node.name)
        if node.children:
            branch = parent.add(self._label(node.id, 0), data=node.id)
        else:
            branch = parent.add_leaf(self._label(node.id, 0), data=node.id)
        self._branches[node.id] = branch
        inside = [self._add(branch, child) for child in node.children]
        self._below[node.id] = frozenset({node.id}).union(*inside)
        return self._below[node.id]

    def count(self, category_ids: Iterable[str]) -> None:
        """Show how many auctions each category has; one id for each auction."""
        each = Counter(category_ids)
        for key, inside in self._below.items():
            number = sum(each[category] for category in inside)
            if number != self._counts[key]:
                self._branches[key].set_label(self._label(key, number))
                self._counts[key] = number

    def _label(self, key: str, number: int) -> Text:
        name = clip(self._names[key], NAME_CELLS)
        return Text(f"{name} {number}" if number else name)

    def on_tree_node_selected(self, event: Tree.NodeSelected[str]) -> None:
        event.stop()
        key = event.node.data
        if key:
            self.post_message(self.CategoryChosen(self._below[key], self._names[key]))
        else:
            self.post_message(self.CategoryChosen(None, ""))
