"""Import a file of listings for the seller's screen, with `instasell listings import`.

The command runs as a process of its own, so that a file means here what it means in the shell.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from instasell_tui.widgets.formats import safe_text

COMPLAINTS_KEPT_MAX = 3
OUTCOMES = ("created", "updated", "unchanged", "duplicate", "rejected")
_LINE_BYTES_MAX = 1 << 20
_ERROR_BYTES_MAX = 64 * 1024
_DONE, _PARTLY = 0, 7
_TOLD_EVERY_ROWS = 100


class ImportFailed(Exception):
    """The file could not be read, or the market refused it as a whole; says why."""


@dataclass(frozen=True, slots=True)
class ImportTarget:
    """Hold the server and the token of an import, and the currency in which amounts are typed."""

    url: str
    token: str | None
    currency: str


@dataclass(slots=True)
class ImportProgress:
    """Count the rows of each outcome, and keep the first complaints, safe to print."""

    counts: Counter[str] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """Return the number of rows that have a result."""
        return sum(self.counts.values())

    @property
    def summary(self) -> str:
        """Return the number of each outcome that there was."""
        parts = [f"{self.counts[each]:,} {each}" for each in OUTCOMES if self.counts[each]]
        return ", ".join(parts) or "no rows"

    def take(self, line: bytes) -> None:
        """Take in one verdict. Raises ValueError for what is none."""
        verdict = json.loads(line)
        if not isinstance(verdict, dict) or verdict.get("outcome") not in OUTCOMES:
            raise ValueError("this is no verdict")
        self.counts[verdict["outcome"]] += 1
        errors = verdict.get("errors") or []
        if errors and len(self.complaints) < COMPLAINTS_KEPT_MAX:
            said = "; ".join(f"{each['field']}: {each['message']}" for each in errors)
            self.complaints.append(safe_text(f"row {verdict['row']}: {said}"))


@dataclass(frozen=True, slots=True)
class ImportColumns:
    """Hold the mapping of the columns of a file: `NAME=FIELD` and `FIELD=VALUE`, as in the
    command.
    """

    maps: Sequence[str] = ()
    sets: Sequence[str] = ()

    @classmethod
    def typed(cls, maps: str, sets: str) -> ImportColumns:
        """Return what was typed, several parted by commas. Raises ValueError."""
        return cls(_assignments(maps), _assignments(sets))


def _assignments(text: str) -> Sequence[str]:
    found = [each.strip() for each in text.split(",") if each.strip()]
    for each in found:
        name, sign, value = each.partition("=")
        if not (name.strip() and sign and value.strip()):
            raise ValueError(f"{each!r} has to be written as name=field")
    return [
        f"{name.strip()}={value.strip()}"
        for name, _, value in (each.partition("=") for each in found)
    ]


def command(path: Path, columns: ImportColumns, *, dry_run: bool) -> Sequence[str]:
    """Return the command line. Raises ImportFailed where the commands are not installed.

    `-P` keeps the current folder out of the path of modules: what lies there is not ours.
    """
    if any(find_spec(name) is None for name in ("instasell_cli", "typer")):
        raise ImportFailed("the commands are not installed here; pip install instasell brings them")
    options = [f"--map={each}" for each in columns.maps]
    options += [f"--set={each}" for each in columns.sets]
    options += ["--dry-run"] if dry_run else []
    called = ("listings", "import", str(path.absolute()), "-o", "jsonl", *options)
    return [sys.executable, "-P", "-m", "instasell_cli", *called]


async def import_listings(
    path: Path,
    market: ImportTarget,
    columns: ImportColumns,
    *,
    dry_run: bool,
    tell: Callable[[int], None],
) -> ImportProgress:
    """Have every row judged, or with `dry_run` only looked at; `tell` hears of rows as they are.

    Raises ImportFailed. What was done by then stays; the same file again changes nothing twice.
    """
    process = await asyncio.create_subprocess_exec(
        *command(path, columns, dry_run=dry_run),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=_environment(market),
        limit=_LINE_BYTES_MAX,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    complaints = asyncio.create_task(_tail(process.stderr))
    try:
        verdicts = await _read(process.stdout, tell)
        code = await process.wait()
        said = await complaints
    except ValueError as error:
        raise ImportFailed(f"an answer could not be read: {error}") from error
    finally:
        complaints.cancel()
        if process.returncode is None:
            # Rows that were sent keep their verdicts; nothing waits for this process any more.
            process.terminate()
            await process.wait()
    if code not in (_DONE, _PARTLY):
        raise ImportFailed(_reason(said) or f"the import ended with {code}")
    return verdicts


async def _read(stdout: asyncio.StreamReader, tell: Callable[[int], None]) -> ImportProgress:
    verdicts = ImportProgress()
    async for line in stdout:
        verdicts.take(line)
        if verdicts.rows % _TOLD_EVERY_ROWS == 0:
            tell(verdicts.rows)
    return verdicts


async def _tail(stderr: asyncio.StreamReader) -> bytes:
    """Return the end of the complaints; all of it is read, so that the writer never waits."""
    kept = b""
    while part := await stderr.read(_ERROR_BYTES_MAX):
        kept = (kept + part)[-_ERROR_BYTES_MAX:]
    return kept


def _reason(said: bytes) -> str:
    """Return the last line, which says why a command failed."""
    lines = said.decode(errors="replace").strip().splitlines()
    return safe_text(lines[-1]).removeprefix("instasell: ") if lines else ""


def _environment(market: ImportTarget) -> dict[str, str]:
    """Return the environment, which has the token; argv never does.

    From a source tree that is not installed, the command finds the same tree.
    """
    found = dict(os.environ)
    root = Path(__file__).resolve().parents[2]
    if (root / "pyproject.toml").exists():
        paths = (str(root), found.get("PYTHONPATH"))
        found["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    found.pop("INSTASELL_PROFILE", None)
    found.pop("INSTASELL_TOKEN", None)
    found |= {"INSTASELL_URL": market.url, "INSTASELL_CURRENCY": market.currency}
    return found | ({"INSTASELL_TOKEN": market.token} if market.token else {})
