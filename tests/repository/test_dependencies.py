"""The lock files, and that each package imports only what it asks for."""

from __future__ import annotations

import ast
import importlib.metadata
import itertools
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.repository.source_tree import PACKAGES, ROOT, files

LOCKS = ("requirements.lock", "requirements-dev.lock")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]

# The extras that bring along what a package imports, beside the dependencies of all of them.
EXTRAS_OF = {
    "instasell_client": [],
    "instasell_cli": [],
    "instasell_tui": ["tui", "web"],
    "instasell_server": ["server"],
}

_PIN = re.compile(r"^([a-z0-9][a-z0-9-]*)(?:\[([a-z0-9,-]+)\])?==(\S+)(?: ; (.+?))? \\$")
_HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}(?: \\)?$")


@cache
def pins(name: str) -> dict[str, Version]:
    """The versions of a lock file by canonical name."""
    found = {}
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        match = _PIN.match(line)
        if match is not None:
            found[match[1]] = Version(match[3])
    return found


def pinned_extras(name: str) -> dict[str, set[str]]:
    """The extras that the pins of a lock file name, by canonical name."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    matches = [match for match in map(_PIN.match, lines) if match is not None]
    return {match[1]: set(match[2].split(",")) if match[2] else set() for match in matches}


def asked_for(*extras: str) -> Iterator[Requirement]:
    """Return what pyproject.toml asks for, extras of our own opened."""
    for text in [*PROJECT["project"]["dependencies"], *(t for e in extras for t in EXTRAS[e])]:
        requirement = Requirement(text)
        if canonicalize_name(requirement.name) == "instasell":
            yield from asked_for(*requirement.extras)
        else:
            yield requirement


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_pins_and_hashes_and_nothing_else(name: str) -> None:
    hashes = 0
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if _HASH.match(line):
            hashes += 1
        elif not line.lstrip().startswith("#"):
            assert _PIN.match(line), line
        assert "://" not in line, line
    assert hashes >= len(pins(name)) > 50


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_has_a_hash(name: str) -> None:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    for line, following in itertools.pairwise(lines):
        if _PIN.match(line):
            assert _HASH.match(following), line


@pytest.mark.parametrize(("name", "extras"), [(LOCKS[0], ["all"]), (LOCKS[1], ["all", "dev"])])
def test_a_lock_fits_what_is_asked_for(name: str, extras: list[str]) -> None:
    wanted = [*asked_for(*extras), *map(Requirement, PROJECT["build-system"]["requires"])]
    for requirement in wanted:
        version = pins(name).get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is missing: run `make lock`"
        assert version in requirement.specifier, f"{requirement}: run `make lock`"


@pytest.mark.parametrize("name", LOCKS)
def test_a_pin_names_the_extras_that_others_ask_it_for(name: str) -> None:
    """pip 23.2 looks for a newer version of what is asked for with an extra and pinned without."""
    pinned = pinned_extras(name)
    for package, extras in pinned.items():
        try:
            requires = importlib.metadata.requires(package) or []
        except importlib.metadata.PackageNotFoundError:  # of another Python or platform
            continue
        for wanted in map(Requirement, requires):
            environments = [{"extra": extra} for extra in ("", *extras)]
            if wanted.marker and not any(map(wanted.marker.evaluate, environments)):
                continue
            missing = wanted.extras - pinned[canonicalize_name(wanted.name)]
            assert not missing, f"{package} asks for {wanted}: run `make lock`"


def test_both_locks_pin_the_same_versions() -> None:
    users, developers = (pins(name) for name in LOCKS)
    assert users.items() <= developers.items()


def imported_modules(package: str) -> dict[str, str]:
    """The top names that a package imports, each with one place where it does."""
    found = {}
    for path in files():
        if path.suffix != ".py" or path.parts[0] != package:
            continue
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names = [node.module]
            else:
                continue
            found.update({each.split(".")[0]: f"{path}:{node.lineno}" for each in names})
    return found


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_asks_for_what_it_imports(package: str) -> None:
    allowed = {canonicalize_name(each.name) for each in asked_for(*EXTRAS_OF[package])}
    providers = importlib.metadata.packages_distributions()
    for module, place in imported_modules(package).items():
        if module in sys.stdlib_module_names or module in PACKAGES:
            continue
        names = {canonicalize_name(each) for each in providers.get(module, [])}
        assert names & allowed, f"{place} imports {module}, which pyproject.toml does not ask for"


def test_lock_files_lie_where_they_are_named() -> None:
    for name in ("Makefile", "Dockerfile", "CONTRIBUTING.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        for lock in re.findall(r"requirements[\w-]*\.lock", text):
            assert (ROOT / lock).is_file(), f"{name} names {lock}"
    assert all((ROOT / Path(name)).is_file() for name in LOCKS)
