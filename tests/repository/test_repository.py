"""The repository speaks of itself alone, keeps its sizes, and can be packed."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.repository.source_tree import PACKAGES, ROOT, files, texts

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60

# Files that are better read as one than as two; each says why.
LONG_FILES: dict[str, str] = {}

# Each pattern is written so that it does not match itself.
FORBIDDEN = {
    "a path of somebody's machine": re.compile(r"/(?:work|farm|root|home/[a-z]+)[/][\w.]"),
    "the host of a registry": re.compile(
        r"\b(?:pypi|pythonhosted|npmjs|deb[.]debian|docker|quay|ghcr)[.](?:org|com|io)\b"
    ),
    "the number of an issue": re.compile(
        r"\b(?:issue|ticket|pull request)s? [#]?\d+\b|\bPR [#]?\d+", re.IGNORECASE
    ),
    "work left undone": re.compile(r"\b(?:T[O]DO|F[I]XME|X[X]X)\b"),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what: str) -> None:
    found = [
        f"{path}:{number}: {line.strip()[:100]}"
        for path, text in texts()
        for number, line in enumerate(text.splitlines(), 1)
        if FORBIDDEN[what].search(line)
    ]
    assert not found, "\n".join(found)


def python_files() -> list[Path]:
    """The modules of the packages."""
    return [path for path in files() if path.suffix == ".py" and path.parts[0] in PACKAGES]


def test_files_stay_readable() -> None:
    lengths = {str(path): len((ROOT / path).read_text().splitlines()) for path in python_files()}
    crowded = {path for path, length in lengths.items() if length > FILE_LINES_MAX}
    assert crowded == set(LONG_FILES), "split it, or say in LONG_FILES why it is better as one"


def test_functions_stay_readable() -> None:
    crowded = []
    for path in python_files():
        for node in ast.walk(ast.parse((ROOT / path).read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > FUNCTION_LINES_MAX:
                    crowded.append(f"{path}:{node.lineno} {node.name} has {length} lines")
    assert not crowded, "\n".join(crowded)


def test_ci_and_scripts_can_be_run() -> None:
    scripts = [".ci/run", "deploy/backup/backup.sh", "deploy/minio/prepare.sh"]
    for name in scripts:
        assert os.access(ROOT / name, os.X_OK), name
        shell = "bash" if name == ".ci/run" else "sh"
        subprocess.run([shell, "-n", ROOT / name], check=True)


def test_every_target_of_make_is_explained() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    assert phony is not None
    explained = set(re.findall(r"^([a-z]+):[^#\n]*## .+$", text, re.MULTILINE))
    assert explained == set(phony[1].split())


def test_make_says_what_it_needs(tmp_path: Path) -> None:
    make = shutil.which("make")
    assert make is not None, "install make"
    result = subprocess.run(
        [make, "PYTHON=no-such-python", f"VENV={tmp_path}/venv", f"{tmp_path}/venv/bin/python"],
        cwd=ROOT,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode != 0
    assert "InstaSell needs Python 3.11, 3.12 or 3.13" in result.stderr
    assert "make PYTHON=" in result.stderr


def test_a_wheel_has_every_file_of_the_packages(tmp_path: Path) -> None:
    source = tmp_path / "source"
    wanted = [path for path in files() if path.parts[0] in PACKAGES]
    manual = Path("docs/instasell.1")
    for path in [*wanted, manual, Path("pyproject.toml"), Path("README.md"), Path("LICENSE")]:
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, source / path)
    subprocess.run(
        [sys.executable, "-c", "from setuptools.build_meta import build_wheel; build_wheel('.')"],
        cwd=source,
        check=True,
        capture_output=True,
    )
    (wheel,) = source.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
    assert any(name.endswith("/share/man/man1/instasell.1") for name in names)
    missing = {path.as_posix() for path in wanted} - names
    assert not missing, f"name their kinds in [tool.setuptools.package-data]: {sorted(missing)}"
