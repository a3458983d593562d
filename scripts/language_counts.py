"""Count where the language and the layout of the code leave its rules.

    python -m scripts.language_counts            a table for each package
    python -m scripts.language_counts --list     every place behind the numbers
    python -m scripts.language_counts --json     the same for programs
    python -m scripts.language_counts --check    exit with 1 when a count is above its limit
    python -m scripts.language_counts --lower    write the counts that fell as the new limits

The limits are in `scripts/language_limits.json`. They are lowered with the counts, never raised.
Migrations are not read: a released one is never edited. Word lists (*.txt) are data, not prose.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("instasell_client", "instasell_server", "instasell_cli", "instasell_tui")
BESIDE = ("benchmarks", "examples", "scripts", "tests")
SUFFIXES = (
    *(".py", ".sql", ".tcss", ".css", ".js", ".html", ".sh"),
    *(".md", ".toml", ".yml", ".yaml", ".1", ".example", ".conf"),
)
DOCUMENTS = (
    *("*.md", "docs/**/*.md", "docs/*.1", "deploy/**/*", ".env.example"),
    *("Makefile", "Dockerfile", "docker-compose.yml", "pyproject.toml"),
)
# What is never edited again, and what has to quote the words to avoid.
SKIPPED = (
    *("instasell_server/db/migrations", "tests/repository", "scripts/language_"),
    "docs/glossary.md",
)

# A gap between two words may be a line break inside a comment, or an underscore in a name.
GAP = r"(?:_|\s+(?:(?:#|--|\*)\s*)?)"
IDIOMS = {
    "he, his, him": "(?:he|his|him|himself)",
    "one's": "one's",
    "whoever": "whom?ever|whoever",
    "somebody": "somebody(?:'s)?",
    "the own X": "the~own",
    "anew": "anew",
    "stands": "stands(?!~(?:for|in|up)%)|stand~there",
    "puts up": r"put(?:s|ting)?~(?:\w+~){0,2}?up(?!~(?:with|to)%)",
    "goods": "goods",
    "calls off": r"call(?:s|ed|ing)?~(?:\w+~){0,2}?off",
    "is told": "(?:is|are|was|were|be|been|being)~(?:not~)?told",
    "for want of": "for~want~of",
    "nothing that": "nothing~that",
    "comes along": "com(?:e|es|ing)~along",
    "at the door": "at~the~door",
}
PATTERNS = {
    # A word ends at an underscore too, so that names count: `goods_of`, `put_up`.
    name: re.compile(
        rf"(?<![A-Za-z])(?:{text.replace('~', GAP).replace('%', '(?![a-z])')})(?![A-Za-z])", re.I
    )
    for name, text in IDIOMS.items()
}
QUESTION = re.compile(r"(?:What|Whether|Where|How|Who|Whom|Whose|Which|When|Why)\b")
SESSION_ONLY = "The session calls it"
COLUMNS = ("idioms", "question docstrings", "no example", "shared names", "root modules", "cycles")
LIMITS = ROOT / "scripts" / "language_limits.json"


@dataclass
class Counts:
    """Collect the places of each kind for one package."""

    idioms: list[tuple[str, str]] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)
    shared: dict[str, list[str]] = field(default_factory=dict)
    root_modules: list[str] = field(default_factory=list)
    cycles: list[list[str]] = field(default_factory=list)

    def as_row(self) -> dict[str, int]:
        """Return one number for each column."""
        found = (self.idioms, self.questions, self.examples, self.shared, self.root_modules)
        numbers = [len(each) for each in (*found, self.cycles)]
        return dict(zip(COLUMNS, numbers, strict=True))


def read_texts(paths: Iterable[Path]) -> Iterator[tuple[str, str]]:
    """Yield the path below the root and the text of each file that holds prose or code."""
    for path in sorted(set(paths)):
        name = path.relative_to(ROOT).as_posix()
        known = path.name.endswith((*SUFFIXES, "Makefile", "Dockerfile"))
        if path.is_file() and known and not name.startswith(SKIPPED):
            yield name, path.read_text(encoding="utf-8")


def find_idioms(name: str, text: str) -> list[tuple[str, str]]:
    """Return the place and the kind of every idiom in a text."""
    return [
        (f"{name}:{text.count(chr(10), 0, match.start()) + 1}", kind)
        for kind, pattern in PATTERNS.items()
        for match in pattern.finditer(text)
    ]


def find_questions(name: str, tree: ast.Module) -> list[str]:
    """Return the place of every docstring that begins with a question word."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return [
        f"{name}:{getattr(node, 'lineno', 1)}"
        for node in ast.walk(tree)
        if isinstance(node, documented) and QUESTION.match(ast.get_docstring(node) or "")
    ]


def find_classes(trees: dict[str, ast.Module]) -> dict[str, list[str]]:
    """Return the modules of every class name, one entry for each definition."""
    places: dict[str, list[str]] = defaultdict(list)
    for module, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(module)
    return places


def find_missing_examples(trees: dict[str, ast.Module]) -> list[str]:
    """Return the public methods of the client whose docstring shows no call.

    Public are the resources, the two clients with what they inherit, and what the live package
    exports, but for what says "The session calls it". An example is a doctest prompt or an
    indented block behind a line that ends in `::` or begins with "Example".
    """
    exported = _exports(trees.get("instasell_client.live"))
    missing = []
    for module, tree in trees.items():
        part = module.removeprefix("instasell_client.").split(".")[0]
        for node in tree.body:
            if not isinstance(node, ast.ClassDef):
                continue
            named = part == "resources" and not node.name.startswith("_")
            if not (named or part == "client" or (part == "live" and node.name in exported)):
                continue
            missing += [
                f"{module}.{node.name}.{member.name}"
                for member in node.body
                if isinstance(member, (ast.FunctionDef, ast.AsyncFunctionDef))
                and not member.name.startswith("_")
                and not _is_property(member)
                and SESSION_ONLY not in (ast.get_docstring(member) or "")
                and not re.search(r">>>|^Examples?\b|::$", ast.get_docstring(member) or "", re.M)
            ]
    return missing


def _exports(tree: ast.Module | None) -> set[str]:
    for node in tree.body if tree else ():
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return set(ast.literal_eval(node.value))
    return set()


def _is_property(member: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    names = [ast.unparse(decorator) for decorator in member.decorator_list]
    return any(name == "property" or name.endswith(".setter") for name in names)


def find_imports(trees: dict[str, ast.Module], packages: set[str]) -> dict[str, set[str]]:
    """Return the own modules that each module imports, for the type checker's sake too."""
    graph: dict[str, set[str]] = {module: set() for module in trees}
    for module, tree in trees.items():
        home = module if module in packages else module.rpartition(".")[0]
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                wanted = [name.name for name in node.names]
            elif isinstance(node, ast.ImportFrom):
                above = home.split(".")[: len(home.split(".")) - max(node.level - 1, 0)]
                base = ".".join([*(above if node.level else []), *filter(None, [node.module])])
                submodules = [f"{base}.{name.name}" for name in node.names]
                wanted = [name if name in trees else base for name in submodules]
            else:
                continue
            graph[module] |= {name for name in wanted if name in trees and name != module}
    return graph


def find_cycles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return the strongly connected components of more than one module (Tarjan)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    cycles: list[list[str]] = []

    def visit(module: str) -> None:
        index[module] = low[module] = len(index)
        stack.append(module)
        for other in sorted(graph[module]):
            if other not in index:
                visit(other)
                low[module] = min(low[module], low[other])
            elif other in stack:
                low[module] = min(low[module], index[other])
        if low[module] == index[module]:
            at = stack.index(module)
            component, stack[at:] = sorted(stack[at:]), []
            if len(component) > 1:
                cycles.append(component)

    sys.setrecursionlimit(10_000)
    for module in sorted(graph):
        if module not in index:
            visit(module)
    return cycles


def count() -> dict[str, Counts]:
    """Return the counts of every package, of what lies beside them, and of the documents."""
    counts = {name: Counts() for name in (*PACKAGES, *BESIDE, "documents")}
    trees: dict[str, ast.Module] = {}
    packages: set[str] = set()
    for top in (*PACKAGES, *BESIDE):
        for name, text in read_texts((ROOT / top).rglob("*")):
            counts[top].idioms += find_idioms(name, text)
            if name.endswith(".py"):
                tree = ast.parse(text, name)
                counts[top].questions += find_questions(name, tree)
                module = name.removesuffix(".py").replace("/", ".")
                if module.endswith(".__init__"):
                    module = module.removesuffix(".__init__")
                    packages.add(module)
                trees[module] = tree
    for name, text in read_texts(path for glob in DOCUMENTS for path in ROOT.glob(glob)):
        counts["documents"].idioms += find_idioms(name, text)
    mine = {module: tree for module, tree in trees.items() if module.startswith(PACKAGES)}
    counts["instasell_client"].examples = find_missing_examples(
        {name: tree for name, tree in mine.items() if name.startswith("instasell_client")}
    )
    for cycle in find_cycles(find_imports(trees, packages)):
        counts[cycle[0].split(".")[0]].cycles.append(cycle)
    # A name that two packages share is counted for the package of its first class.
    for class_name, modules in find_classes(mine).items():
        if len(modules) > 1:
            counts[modules[0].split(".")[0]].shared[class_name] = modules
    for package in PACKAGES:
        found = sorted(path.name for path in (ROOT / package).glob("*.py"))
        counts[package].root_modules = [name for name in found if name != "__init__.py"]
    return counts


def find_excess(counts: dict[str, Counts]) -> list[str]:
    """Return a line for every count that is above its limit. Tests may quote idioms."""
    limits = json.loads(LIMITS.read_text(encoding="utf-8"))
    lines = []
    for package, found in counts.items():
        for column, number in found.as_row().items():
            limit = limits.get(package, {}).get(column, 0)
            if number > limit and not (package == "tests" and column == "idioms"):
                lines.append(f"{package}: {column}: {number}, the limit is {limit}")
    return lines


def lower_limits(counts: dict[str, Counts]) -> None:
    """Write each count that is below its limit as the new limit."""
    known = json.loads(LIMITS.read_text(encoding="utf-8")) if LIMITS.exists() else {}
    limits = {
        package: {
            column: min(number, known.get(package, {}).get(column, number))
            for column, number in found.as_row().items()
        }
        for package, found in counts.items()
    }
    # A line for each number, so that changes of several packages merge.
    LIMITS.write_text(json.dumps(limits, indent=1) + "\n", encoding="utf-8")


def format_table(counts: dict[str, Counts]) -> str:
    """Return the counts as text, with the kinds of idioms and the worst files below."""
    lines = [f"{'':17}" + "".join(f"{column:>20}" for column in COLUMNS)]
    rows = {package: found.as_row() for package, found in counts.items()}
    rows["all"] = {column: sum(row[column] for row in rows.values()) for column in COLUMNS}
    for package, row in rows.items():
        lines.append(f"{package:17}" + "".join(f"{number:>20}" for number in row.values()))
    kinds = Counter(kind for found in counts.values() for _, kind in found.idioms)
    lines += ["", "idioms: " + ", ".join(f"{kind} {n}" for kind, n in kinds.most_common()), ""]
    places = [place.rpartition(":")[0] for found in counts.values() for place, _ in found.idioms]
    lines += [f"{number:5} {name}" for name, number in Counter(places).most_common(6)]
    return "\n".join(lines)


def list_places(counts: dict[str, Counts]) -> str:
    """Return every place behind the counts, one on a line."""
    lines = []
    for found in counts.values():
        lines += [f"{place}: {kind}" for place, kind in found.idioms]
        lines += [f"{place}: question docstring" for place in found.questions]
        lines += [f"{name}: no example" for name in found.examples]
        lines += [f"{name}: {', '.join(places)}" for name, places in sorted(found.shared.items())]
        lines += ["cycle: " + ", ".join(cycle) for cycle in found.cycles]
    return "\n".join(lines)


def main() -> int:
    """Print what the options ask for, and return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--json", action="store_true", help="Print JSON instead of a table")
    parser.add_argument("--list", action="store_true", help="Print every place")
    parser.add_argument("--check", action="store_true", help="Exit with 1 above a limit")
    parser.add_argument("--lower", action="store_true", help="Lower the limits to the counts")
    options = parser.parse_args()
    counts = count()
    if options.lower:
        lower_limits(counts)
    elif options.json:
        print(json.dumps({name: vars(found) for name, found in counts.items()}, indent=1))
    else:
        print(list_places(counts) if options.list else format_table(counts))
    excess = find_excess(counts) if options.check else []
    print(*excess, sep="\n", end="\n" if excess else "", file=sys.stderr)
    return 1 if excess else 0


if __name__ == "__main__":
    sys.exit(main())
