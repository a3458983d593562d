"""Services are whole when they are built: what joins them only constructs."""

from __future__ import annotations

import ast
from pathlib import Path

from instasell_server.wiring import services


def test_wiring_completes_no_service_after_construction() -> None:
    tree = ast.parse(Path(services.__file__).read_text())
    late = [
        ast.unparse(node)
        for node in ast.walk(tree)
        # A call for its effect, or an assignment to an attribute, would complete what was built.
        if (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call))
        or (isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute))
    ]
    assert late == []


def test_services_are_built_with_keywords() -> None:
    tree = ast.parse(Path(services.__file__).read_text())
    built = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == services.Services.__name__
    ]
    assert [len(call.args) for call in built] == [0]
