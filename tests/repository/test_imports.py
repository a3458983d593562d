"""The packages import each other as `pyproject.toml` allows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_every_import_contract_is_kept() -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"]
    result = subprocess.run(
        [*command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_package_of_a_domain_is_under_the_contract_of_layers() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    domains = ROOT / "instasell_server" / "domains"
    for folder in domains.iterdir():
        if (folder / "__init__.py").exists() and any(folder.glob("[!_]*.py")):
            assert f'"instasell_server.domains.{folder.name}"' in text, folder
