"""A server with engines of its own in a temporary folder, and its end."""

from __future__ import annotations

import json
import os
import secrets
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from instasell_cli.exit_codes import CliError
from instasell_cli.processes import command_of, environment

START_SECONDS = 60.0
STOP_SECONDS = 20.0
LOG_BYTES_SHOWN_MAX = 2000
ADMIN_EMAIL = "admin@demo.example"

# Hashes are cheap and limits are off: the market is on loopback, and gone in a minute.
_SETTINGS = {
    "INSTASELL_BCRYPT_ROUNDS": "4",
    "INSTASELL_RATE_LIMIT_ANONYMOUS": "0",
    "INSTASELL_RATE_LIMIT_SIGNED_IN": "0",
    "INSTASELL_RATE_LIMIT_TOKEN": "0",
    "INSTASELL_RATE_LIMIT_BIDS": "0",
    "INSTASELL_LOG_LEVEL": "warning",
    "INSTASELL_ENVIRONMENT": "production",
}


class DemoMarket:
    """A market for `with`: entering starts it, leaving stops and removes all of it.

    It is synchronous, and runs in a session of its own, so that Ctrl-C reaches this process
    alone, which then ends the market in order. Raises CliError when it does not start.
    """

    def __init__(self) -> None:
        self.folder = Path()
        self.url = ""
        self.password = secrets.token_urlsafe(18)
        self._server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="instasell-demo-"))
        try:
            # Under root the engines run as another user, who has to pass through this folder.
            self.folder.chmod(0o711)
            self._start()
            self._make_admin()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def audit(self) -> tuple[bool, str]:
        """Have every auction's bids replayed through the rules: whether all is well, and its words.

        The audit is a process of its own that reads the market's database.
        """
        done = self._run("audit", "--auctions", "--data-dir", str(self._data))
        return done.returncode == 0, (done.stdout + done.stderr).strip()

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _start(self) -> None:
        command = command_of(
            "instasell_server", "run", "--port", "0", "--data-dir", str(self._data)
        )
        with (self.folder / "log").open("wb") as log:
            self._server = subprocess.Popen(
                command,
                cwd=self.folder,
                env=_clean_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        assert self._server.stdout is not None
        line = _first_line(self._server.stdout, START_SECONDS)
        try:
            self.url = str(json.loads(line)["url"])
        except (ValueError, KeyError, TypeError):
            raise CliError(f"the market did not start: {self._last_words()}") from None

    def _make_admin(self) -> None:
        arguments = ("create-admin", "--email", ADMIN_EMAIL, "--data-dir", str(self._data))
        done = self._run(*arguments, stdin=self.password + "\n")
        if done.returncode:
            raise CliError(f"the market has no admin: {done.stderr.strip()}")

    def _run(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command_of("instasell_server", *arguments),
            cwd=self.folder,
            env=_clean_environment(),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=START_SECONDS,
        )

    def _last_words(self) -> str:
        try:
            text = (self.folder / "log").read_bytes()[-LOG_BYTES_SHOWN_MAX:]
        except OSError:
            return "it left no log"
        return text.decode(errors="replace").strip() or "it said nothing"

    def _end(self) -> None:
        """Stop the server, which stops its engines; a second Ctrl-C does not hurry that."""
        handlers = {number: _ignored(number) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            if self._server is not None:
                self._server.terminate()
                try:
                    self._server.wait(STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    os.killpg(self._server.pid, signal.SIGKILL)
                    self._server.wait()
                if self._server.stdout is not None:
                    self._server.stdout.close()
                self._server = None
            shutil.rmtree(self.folder, ignore_errors=True)
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)


def _clean_environment() -> dict[str, str]:
    """Return our environment without the settings of another market that may stand in it."""
    gone: Mapping[str, str | None] = {
        name: None for name in os.environ if name.startswith("INSTASELL_")
    }
    return environment({**gone, **_SETTINGS})


def _first_line(pipe: IO[bytes], seconds: float) -> bytes:
    """Return the first line of a pipe; what there is of it when it ends or takes too long."""
    line, deadline = b"", time.monotonic() + seconds
    while not line.endswith(b"\n"):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([pipe], [], [], left)[0]:
            break
        part = os.read(pipe.fileno(), 1024)
        if not part:
            break
        line += part
    return line


def _ignored(number: int) -> signal.Handlers:
    found = signal.signal(number, signal.SIG_IGN)
    # None stands for a handler that was not set from Python, which cannot be set again from here.
    return found if found is not None else signal.SIG_DFL  # type: ignore[return-value]
