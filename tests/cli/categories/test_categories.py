"""Categories of a file, in any of its formats: created once, with a verdict for each path."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from instasell_cli.exit_codes import UsageProblem
from instasell_cli.input.category_files import CategoryFormat, format_of, read_paths
from instasell_client.models.accounts import Role
from tests.cli.conftest import Shell
from tests.support.market import Market

Shells = Callable[[Any], Shell]
TREE = [
    {"name": "Toys", "children": ["Cars", {"name": "Trains", "children": [{"path": "Steam"}]}]},
    {"path": "Maps > Sea"},
    "Maps > Land",
]
PATHS = ["Toys", "Toys > Cars", "Toys > Trains", "Toys > Trains > Steam", "Maps > Sea"]
PATHS += ["Maps > Land"]


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("json", json.dumps(TREE)),
        ("json", json.dumps(PATHS)),
        ("yaml", "- Toys\n- Toys > Cars\n" + "".join(f"- path: {path}\n" for path in PATHS[2:])),
        ("yaml", "Toys: {Cars: , Trains: [Steam]}\nMaps: [Sea, Land]\n"),
        ("csv", "id,Path\n" + "".join(f"1,{path}\n" for path in PATHS)),
        ("lines", "# comment\n" + "\n\n".join(PATHS)),
    ],
)
def test_every_format_has_the_same_paths(form: str, text: str) -> None:
    found = read_paths(text, CategoryFormat(form), "file")
    assert {*found} - {"Maps"} == {*PATHS}


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("json", "[" * 5000),
        ("json", '[{"children": []}, 5]'),
        ("json", "7"),
        ("yaml", "[" * 200 + "]" * 200),
        ("yaml", "a: !!python/object/apply:os.system [id]"),
        ("csv", "name\nToys\n"),
        ("csv", 'path\n"Toys\n'),
        ("lines", "x\n" * 10_001),
        ("lines", "x" * (1024 * 1024 + 1)),
    ],
)
def test_what_is_no_such_file_is_refused(form: str, text: str) -> None:
    with pytest.raises(UsageProblem, match="file: "):
        read_paths(text, CategoryFormat(form), "file")


def test_the_ending_says_the_format() -> None:
    named = [format_of(name) for name in ("a.CSV", "a.yml", "a.json", "a.txt", "-")]
    assert named == ["csv", "yaml", "json", "lines", "lines"]


async def test_an_admin_imports_categories(market: Market, shell_of: Shells) -> None:
    shell = shell_of(await market.person(Role.ADMIN))
    (shell.home / "c.json").write_text(json.dumps([*TREE, "Toys > > Cars", "x" * 300]))
    for outcome in ("created", "unchanged"):
        done = await shell.run("categories", "import", "c.json", "-o", "json")
        assert done.code == 7, done
        rows = json.loads(done.out)
        assert [row["outcome"] for row in rows] == [outcome] * 6 + ["rejected"] * 2
        assert all(row["message"] for row in rows[6:])
        assert "2 of 8" in done.err
    listed = await shell.run("categories", "list", "-o", "csv", "--fields", "path")
    again = await shell.run(
        *("categories", "import", "-", "--format", "csv", "-o", "jsonl", "--fields", "outcome"),
        stdin=listed.out,
    )
    assert again.code == 0, again
    assert {*again.out.splitlines()} == {'{"outcome": "unchanged"}'}
    seller = shell_of(await market.seller())
    refused = await seller.run("categories", "import", "-", stdin="Boats\n")
    assert (refused.code, refused.out) == (4, "")
    # By its whole path, by its name, and by the beginning of its id.
    [steam] = [row["id"] for row in rows if row["path"].endswith("Steam")]
    for given in ("toys > trains > steam", "Steam", steam[:8]):
        found = await seller.run("listings", "list", "--category", given, "-o", "json")
        assert (found.code, found.out) == (0, "[\n]\n"), given
    assert (await seller.run("listings", "list", "--category", "none")).code == 5
