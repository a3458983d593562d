"""The modules, classes and tables that the glossary names exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.repository.source_tree import ROOT

TEXT = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
ROWS = [line.strip("|").split(" | ") for line in TEXT.splitlines() if line.startswith("| ")]
PLACES = [row[2] for row in ROWS]
WORD = re.compile(r"`([^`]+)`")
PACKAGES = ("server", "client", "cli", "tui")


def _file_of(dotted: str) -> Path:
    """Return the file or folder of `server.a.b`, and of `server.a.b.Class` that of its module."""
    names = dotted.removesuffix(".py").split(".")
    path = ROOT / f"instasell_{names[0]}"
    for name in names[1:]:
        if name[:1].isupper():
            break
        path /= name
    return path if path.is_dir() else path.with_suffix(".py")


def _names_in(path: Path) -> set[str]:
    files = path.glob("*.py") if path.is_dir() else [path]
    found = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                members = [
                    m for m in node.body if isinstance(m, ast.FunctionDef | ast.AsyncFunctionDef)
                ]
                found |= {node.name, *(f"{node.name}.{member.name}" for member in members)}
            elif isinstance(node, ast.Assign):  # type variables and aliases
                found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return found


def test_every_module_and_class_is_there() -> None:
    for place in PLACES:
        classes: list[str] = []
        for word in WORD.findall(place):
            if word.split(".")[0] in PACKAGES:
                path = _file_of(word)
                assert path.exists(), word
                names = _names_in(path)
                last = word.split(".")[-1]
                assert not last[:1].isupper() or last in names, word
                missing = [each for each in classes if each not in names]
                assert not missing, f"{path} has no {missing}"
                classes = []
            elif re.fullmatch(r"[A-Z]\w+(\.\w+)?", word):
                classes.append(word)


def test_every_table_is_there() -> None:
    migrations = (ROOT / "instasell_server/db/migrations").glob("*.sql")
    sql = "\n".join(path.read_text(encoding="utf-8") for path in migrations)
    tables = [
        name
        for place in PLACES
        for names in re.findall(r"tables? ((?:`[a-z_]+`(?:, )?)+)", place)
        for name in WORD.findall(names)
    ]
    assert len(tables) > 20
    missing = [name for name in tables if not re.search(rf"CREATE TABLE (\w+\.)?{name}\b", sql)]
    assert not missing
