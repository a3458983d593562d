"""The public names, what importing them costs, and the types that a caller sees."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import instasell_client
from instasell_client import errors
from tests.client import public_calls

HEAVY = ("httpx", "httpx_retries", "websockets", "keyring", "platformdirs", "rich", "typer")
NAMES = {
    "AsyncInstaSell", "AuctionChange", "AuctionEvent", "AuctionFeed", "BidsPlaced", "BoardEvent",
    "BoardFeed", "BoardJoined", "ConnectionState", "DEFAULT_URL", "InstaSell", "AuctionJoined",
    "LiveSession", "AccountEvent", "AccountFeed", "Profile", "ProfileError", "ProfileStore",
    "ServerTarget",
    "apply_change", "resolve_target",
}  # fmt: skip


def test_surface_is_this() -> None:
    mistakes = {kind.__name__ for kind in errors.errors_by_code().values()}
    assert set(instasell_client.__all__) == NAMES | mistakes


def test_every_name_is_there() -> None:
    for name in instasell_client.__all__:
        assert getattr(instasell_client, name) is not None
        assert name in dir(instasell_client)
    with pytest.raises(AttributeError):
        instasell_client.nothing_like_it  # noqa: B018


def _loaded(code: str) -> set[str]:
    probe = f"{code}\nimport sys, json; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import instasell_client", (*HEAVY, "pydantic", "asyncio")),
        ("from instasell_client import BidTooLow, DEFAULT_URL", (*HEAVY, "pydantic")),
        ("from instasell_client import resolve_target", (*HEAVY, "pydantic")),
        ("from instasell_client import InstaSell", ("websockets", "keyring")),
        ("import instasell_client", ("instasell_server", "instasell_cli", "instasell_tui")),
    ],
)
def test_import_loads_no_more_than_it_needs(code: str, absent: tuple[str, ...]) -> None:
    assert _loaded(code).isdisjoint(absent)


def test_models_load_pydantic_and_nothing_else_of_ours_or_others() -> None:
    modules = sorted(
        f"instasell_client.models.{path.stem}"
        for path in (Path(instasell_client.__file__).parent / "models").glob("*.py")
    )
    loaded = _loaded("import " + ", ".join(modules))
    assert loaded.isdisjoint(HEAVY)
    ours = {name for name in loaded if name.startswith("instasell")}
    assert {name for name in ours if not name.startswith("instasell_client.models")} == {
        "instasell_client"
    }


def test_callers_see_exact_types_and_examples_pass_the_checker(tmp_path: Path) -> None:
    usage, examples = Path(__file__).with_name("typed_usage.py"), tmp_path / "examples.py"
    examples.write_text(public_calls.examples(), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", str(usage), str(examples)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
