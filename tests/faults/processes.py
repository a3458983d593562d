"""Server processes that can be killed and started again on their port."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.support.servers import SECRET

START_SECONDS = 60.0
_LOOK_SECONDS = 0.02


class ServerProcess:
    """`python -m instasell_server run`, with what it says kept in `folder`."""

    def __init__(self, folder: Path, name: str, **settings: str) -> None:
        self._ready = folder / f"{name}.ready"
        self._output = folder / f"{name}.log"
        self._environment = {
            # Measured for coverage, a server would be too slow for what is asked of it here.
            **{
                key: value
                for key, value in os.environ.items()
                if "INSTASELL" not in key and "COVERAGE" not in key
            },
            "INSTASELL_ENVIRONMENT": "production",
            "INSTASELL_JWT_SECRET": SECRET,
            "INSTASELL_BCRYPT_ROUNDS": "4",
            "INSTASELL_LOG_LEVEL": "warning",
            "INSTASELL_SIGNUP_GAS": "100000",
            **{
                f"INSTASELL_RATE_LIMIT_{name}": "0"
                for name in ("ANONYMOUS", "SIGN_IN", "SIGNED_IN", "TOKEN", "BIDS", "WEBHOOKS")
            },
            "INSTASELL_CONNECTIONS_PER_ADDRESS": "0",
            **{f"INSTASELL_{key.upper()}": value for key, value in settings.items()},
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0
        self.url = ""
        self.status: int | None = None

    @property
    def pid(self) -> int:
        """The id of the running process."""
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Start the server, on its old port if it had one, and wait until it listens."""
        self._ready.unlink(missing_ok=True)
        process = self._process = self._launch()
        async with asyncio.timeout(START_SECONDS):
            while not self._ready.exists():
                if process.poll() is not None:
                    raise RuntimeError(f"the server ended:\n{self.last_words()}")
                await asyncio.sleep(_LOOK_SECONDS)
        said = json.loads(self._ready.read_text())
        self._port, self.url = said["port"], said["url"]

    def _launch(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "instasell_server", "run", "--port", str(self._port)]
        with self._output.open("ab") as output:
            return subprocess.Popen(
                [*command, "--ready-file", str(self._ready)],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def kill(self) -> None:
        """SIGKILL."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM, and SIGKILL for one that does not go."""
        try:
            self._end(signal.SIGTERM)
        except subprocess.TimeoutExpired:
            self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self.status = self._process.wait(30)
            self._process = None

    def last_words(self) -> str:
        """The end of what the server said."""
        return self._output.read_text(errors="replace")[-3000:]
