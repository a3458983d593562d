"""The embedded Valkey: start or adopt, stop, kill.

It listens on a socket only, with a password that stands in its configuration file and never in a
command line. Every write goes to the append-only file before it is answered, which is flushed to
the disk every second; a snapshot (RDB) is made as well.
"""

from __future__ import annotations

import signal
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote

from .failures import EngineFailed
from .folder import EngineFolder, Secrets, write_private
from .privileges import Identity
from .processes import EngineProcess, end_all, find_marked, launch
from .tails import tail

SOCKET: Final = "valkey.sock"
_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 30.0
_ADOPT_SECONDS: Final = 5.0
_ANSWER_SECONDS: Final = 2.0
_POLL_SECONDS: Final = 0.01
_LOG_BYTES: Final = 10_000_000

_SETTINGS: Final = """\
port 0
unixsocket {socket}
unixsocketperm 700
requirepass {password}
dir {folder}
logfile {log}
loglevel notice
daemonize no
appendonly yes
appendfsync everysec
save 3600 1 300 100 60 10000
maxmemory 512mb
maxmemory-policy volatile-ttl
set-proc-title yes
proc-title-template "{{title}} {mark}"
"""


class EmbeddedValkey:
    """Run one Valkey server on the data folder's append-only file."""

    def __init__(
        self, folder: EngineFolder, identity: Identity, secrets: Secrets, program: Path
    ) -> None:
        self._folder = folder
        self._identity = identity
        self._secrets = secrets
        self._program = program
        self._log = folder.log / "valkey.log"
        self._output = folder.home / "valkey.out"
        self._config = folder.conf / f"{secrets.mark}.valkey.conf"
        self._socket: Path | None = None
        self._process: EngineProcess | None = None

    @property
    def pid(self) -> int | None:
        """Return the server's process id while it runs."""
        return self._process.pid if self._process and self._process.alive() else None

    def url(self) -> str:
        """Return a redis-py URL over the socket."""
        return f"unix://:{self._secrets.valkey}@{quote(str(self._socket))}?db=0"

    def start(self, sockets: Path) -> None:
        """Adopt the server that runs on this folder, or start one; raises EngineFailed."""
        self._socket = sockets / SOCKET
        if self.pid is not None:
            return
        self.release()
        if not self._adopt():
            self._launch()

    def stop(self) -> None:
        """Stop cleanly: the append-only file is flushed and a snapshot written."""
        if self._process is not None:
            self._end(self._process)
            self._process = None

    def request_stop(self) -> None:
        """Ask for the stop that `stop` waits for."""
        if self._process is not None:
            self._process.send(signal.SIGTERM)

    def kill(self) -> None:
        """End the server as a crash would, with SIGKILL; for tests of what survives."""
        if self._process is not None:
            end_all([self._process], signal.SIGKILL, _STOP_SECONDS)
            self.release()

    def release(self) -> None:
        """Leave the server running for the next owner of the folder."""
        if self._process is not None:
            self._process.release()
            self._process = None

    def prune_logs(self) -> None:
        """Truncate the log at 10 MB; Valkey opens it for each line, so it may be renamed."""
        with suppress(OSError):
            if self._log.lstat().st_size > _LOG_BYTES:
                self._log.replace(self._log.with_suffix(".log.1"))

    def _adopt(self) -> bool:
        """Take over a server that outlived its owner; one that does not answer is ended."""
        for seen in find_marked(self._secrets.mark, self._identity.uid):
            # Its children, which write snapshots, carry the mark under titles of their own.
            if "/valkey-server " not in seen.command:
                continue
            process = EngineProcess(seen.pid)
            process.send(signal.SIGCONT)
            if self._wait_until_ready(process, _ADOPT_SECONDS):
                self._process = process
                return True
            self._end(process)
        return False

    def _end(self, process: EngineProcess) -> None:
        if not end_all([process], signal.SIGTERM, _STOP_SECONDS):
            end_all([process], signal.SIGKILL, _STOP_SECONDS)
        process.release()

    def _launch(self) -> None:
        self.prune_logs()
        text = _SETTINGS.format(
            socket=_quoted(str(self._socket)),
            password=self._secrets.valkey,
            folder=_quoted(str(self._folder.valkey)),
            log=_quoted(str(self._log)),
            mark=self._secrets.mark,
        )
        write_private(self._config, text, self._identity)
        arguments = [str(self._config)]
        self._process = launch(self._program, arguments, self._identity, self._output)
        if not self._wait_until_ready(self._process, _START_SECONDS):
            raise EngineFailed(
                f"Valkey did not start. See {self._log}. Last messages:\n"
                f"{tail(self._output, self._log)}"
            )

    def _wait_until_ready(self, process: EngineProcess, seconds: float) -> bool:
        """Wait for an answer; the time starts again while the server is loading its data."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            replies = self._ask()
            if replies.startswith(b"+OK\r\n+PONG\r\n"):
                return True
            if replies.startswith(b"+OK\r\n-LOADING"):
                deadline = time.monotonic() + seconds
            if process.wait(_POLL_SECONDS):
                return False
        return False

    def _ask(self) -> bytes:
        """Return the replies of the server behind our socket to our password and a PING."""
        replies = b""
        with socket.socket(socket.AF_UNIX) as connection, suppress(OSError):
            connection.settimeout(_ANSWER_SECONDS)
            connection.connect(str(self._socket))
            connection.sendall(f"AUTH {self._secrets.valkey}\r\nPING\r\n".encode())
            while replies.count(b"\r\n") < 2 and len(replies) < 1024:
                piece = connection.recv(1024)
                if not piece:
                    break
                replies += piece
        return replies


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
