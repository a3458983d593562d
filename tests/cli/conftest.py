"""The command line against a real server, as processes of its own."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.cli import forked
from tests.support.market import PASSWORD, Market, open_market
from tests.support.measurements import unmeasured
from tests.support.servers import RunningServer

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Result:
    """Hold how a command ended, and what it wrote."""

    code: int
    out: str
    err: str


@dataclass
class Shell:
    """A person's shell: an environment, and commands in it, off a terminal."""

    url: str
    home: Path
    token: str | None = None
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """Nothing of the environment of the tests but what a program needs to run."""
        names = ("PATH", "LANG", "TMPDIR", "COVERAGE_PROCESS_CONFIG")
        kept = {name: os.environ[name] for name in names if name in os.environ}
        own = {
            "HOME": str(self.home),
            "INSTASELL_CONFIG_DIR": str(self.home / "config"),
            "INSTASELL_URL": self.url,
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            "PYTHONPATH": str(ROOT),
            "COLUMNS": "200",
        }
        token = {} if self.token is None else {"INSTASELL_TOKEN": self.token}
        return {**kept, **own, **token, **self.extra}

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        """Start a command with pipes."""
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "instasell_cli", *arguments),
            env=self.environment,
            cwd=self.home,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def run(self, *arguments: str, stdin: str = "") -> Result:
        """Run a command to its end."""
        code, out, err = await asyncio.to_thread(
            forked.run, arguments, self.environment, self.home, stdin.encode()
        )
        return Result(code, out.decode(), err.decode())


@pytest.fixture(autouse=True)
def server_unmeasured() -> Iterator[None]:
    """The commands are measured, and the server has tests of its own."""
    with unmeasured(processes=False):
        yield


@pytest.fixture
async def market(
    server: RunningServer, sql: Callable[..., list[tuple[Any, ...]]]
) -> AsyncIterator[Market]:
    """A market of people and items on `server`."""
    async with open_market(server.base_url, sql) as opened:
        yield opened


@pytest.fixture
def shell(server: RunningServer, tmp_path: Path) -> Shell:
    """A shell in which nobody is signed in."""
    return Shell(server.base_url, tmp_path)


@pytest.fixture
def shell_of(server: RunningServer, tmp_path: Path) -> Callable[[Any], Shell]:
    """The shell of a user who is signed in: `shell_of(client)`."""
    return lambda client: Shell(server.base_url, tmp_path, client.token)


__all__ = ["PASSWORD", "Result", "Shell"]
