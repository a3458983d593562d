"""Services are whole when they are built: what joins them only constructs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from instasell_server.wiring import services

SERVER = Path(__file__).resolve().parents[2] / "instasell_server"
FOLDERS = ("domains", "realtime", "workers")
"""Where the services are, which `wiring` joins."""


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


def classes() -> Iterator[tuple[Path, ast.ClassDef]]:
    """Yield every class of these folders."""
    for folder in FOLDERS:
        for path in sorted((SERVER / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef):
                    yield path, node


def attributes_set(method: ast.AST) -> Iterator[tuple[str, ast.expr | None]]:
    """Yield the attributes of `self` that a method sets, each with its value."""
    for node in ast.walk(method):
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AnnAssign):
            targets = [node.target]
        for target in targets:
            is_own = isinstance(target, ast.Attribute) and ast.unparse(target.value) == "self"
            if is_own and isinstance(node, (ast.Assign, ast.AnnAssign)):
                yield target.attr, node.value


def late_completions(found: ast.ClassDef) -> Iterator[str]:
    """Yield attributes that are empty until a public method sets them to its parameter."""
    methods = [each for each in found.body if isinstance(each, ast.FunctionDef)]
    constructor = [each for each in methods if each.name == "__init__"]
    if not constructor:
        return
    begins = dict(attributes_set(constructor[0]))
    for method in methods:
        if method.name.startswith("_"):
            continue
        parameters = {each.arg for each in (*method.args.args, *method.args.kwonlyargs)}
        for attribute, value in attributes_set(method):
            start = begins.get(attribute)
            is_empty = start is None or ast.unparse(start) == "None"
            if is_empty and isinstance(value, ast.Name) and value.id in parameters:
                yield f"{found.name}.{attribute} in {method.name}"


def test_no_object_is_completed_after_its_constructor() -> None:
    late = [
        f"{path.relative_to(SERVER)}: {each}"
        for path, found in classes()
        for each in late_completions(found)
    ]
    assert late == []


def test_a_completion_after_the_constructor_is_found() -> None:
    [late] = ast.parse(
        "class Late:\n"
        "    def __init__(self) -> None:\n"
        "        self._other: Other | None = None\n"
        "    def serve(self, other: Other) -> None:\n"
        "        self._other = other\n"
    ).body
    assert isinstance(late, ast.ClassDef)
    assert list(late_completions(late)) == ["Late._other in serve"]
