"""Both engines of one data folder, as the server and the tests use them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from .failures import EmbeddedError
from .folder import EngineFolder
from .postgres import EmbeddedPostgres
from .privileges import Identity
from .programs import find_postgres, find_valkey
from .valkey import EmbeddedValkey

_Engine = TypeVar("_Engine", EmbeddedPostgres, EmbeddedValkey)


@dataclass(frozen=True)
class EngineUrls:
    """Hold the addresses of the engines; empty for an engine that was not asked for.

    `database_url` is a libpq URI for the role that owns the schema, `server_database_url` one for
    the role that serves, and `redis_url` one for redis-py. Each contains a password.
    """

    database_url: str
    redis_url: str
    server_database_url: str = ""

    def __repr__(self) -> str:
        return "EngineUrls(<hidden>)"


class EmbeddedEngines:
    """Run PostgreSQL and Valkey on sockets in a data folder, which one process owns at a time.

    Synchronous, not for use by several threads at once. The engines outlive an owner that is
    killed: the next `start` on the folder adopts those that still run, with the settings they have.
    `extra_postgres_settings` are added to postgresql.conf of a server that is started.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        postgres: bool = True,
        valkey: bool = True,
        extra_postgres_settings: Mapping[str, str] | None = None,
    ) -> None:
        self._folder = EngineFolder(data_dir)
        self._with_postgres = postgres
        self._with_valkey = valkey
        self._extra_settings = dict(extra_postgres_settings or {})
        self._identity: Identity | None = None
        self._postgres: EmbeddedPostgres | None = None
        self._valkey: EmbeddedValkey | None = None
        self._programs: Path | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def data_dir(self) -> Path:
        """Return the data folder, absolute."""
        return self._folder.data_dir

    @property
    def urls(self) -> EngineUrls:
        """Return the addresses; raises EmbeddedError before `start`."""
        self._started()
        return EngineUrls(
            self._postgres.url() if self._postgres else "",
            self._valkey.url() if self._valkey else "",
            self._postgres.server_url() if self._postgres else "",
        )

    @property
    def postgres_pid(self) -> int | None:
        """Return the id of PostgreSQL's main process while it runs, or None."""
        return self._postgres.pid if self._postgres else None

    @property
    def valkey_pid(self) -> int | None:
        """Return the id of Valkey's process while it runs, or None."""
        return self._valkey.pid if self._valkey else None

    def postgres_bin(self, name: str) -> Path:
        """Return the path of a PostgreSQL program of the wheel, like `psql` or `pg_dump`.

        Usable before `start` as well. Raises EmbeddedError if there is no such program.
        """
        if self._programs is None:
            self._programs = find_postgres(self._identity or Identity.of_this_process())
        path = self._programs / name
        if Path(name).name != name or not path.is_file():
            raise EmbeddedError(f"The PostgreSQL wheel has no program {name!r}. Check the name.")
        return path

    def start(self) -> EngineUrls:
        """Take the folder's lock, start or adopt the engines, and return their addresses.

        Raises FolderInUse, FolderUnusable, ProgramsMissing, EngineFailed or NoUnprivilegedUser,
        all of them EmbeddedError; after that no process of this call runs on.
        """
        if self._identity is not None:
            raise EmbeddedError("These engines are started already. Stop them first.")
        self._identity = self._folder.open()
        try:
            self._build(self._identity)
            self.ensure_running()
        except BaseException:
            self.stop()
            raise
        return self.urls

    def ensure_running(self) -> list[str]:
        """Start again what has died, bound the logs; returns the names of what was started."""
        self._started()
        engines = {"postgres": self._postgres, "valkey": self._valkey}
        begun = []
        for name, engine in engines.items():
            if engine is None:
                continue
            engine.prune_logs()
            if engine.pid is None:
                engine.start(self._sockets())
                begun.append(name)
        return begun

    def stop(self) -> None:
        """Stop both engines cleanly and give the folder back; a second call does nothing."""
        engines = [engine for engine in (self._postgres, self._valkey) if engine]
        try:
            for engine in engines:
                engine.request_stop()
            for engine in engines:
                engine.stop()
            if self._identity is not None:
                self._folder.forget_short_sockets()
        finally:
            self._close()

    def detach(self) -> None:
        """Leave the engines running and give the folder back, for another process to adopt."""
        for engine in (self._postgres, self._valkey):
            if engine is not None:
                engine.release()
        self._close()

    def start_postgres(self) -> None:
        """Start PostgreSQL again after `kill_postgres` or a crash; nothing if it runs."""
        self._need(self._postgres, "PostgreSQL").start(self._sockets())

    def restart_postgres(self) -> None:
        """Stop PostgreSQL fast and start it again; connections are cut."""
        self._need(self._postgres, "PostgreSQL").stop()
        self.start_postgres()

    def kill_postgres(self) -> None:
        """End PostgreSQL with SIGKILL, as a crash would."""
        self._need(self._postgres, "PostgreSQL").kill()

    def start_valkey(self) -> None:
        """Start Valkey again after `kill_valkey` or a crash; nothing if it runs."""
        self._need(self._valkey, "Valkey").start(self._sockets())

    def kill_valkey(self) -> None:
        """End Valkey with SIGKILL, as a crash would."""
        self._need(self._valkey, "Valkey").kill()

    def _build(self, identity: Identity) -> None:
        folder, secrets = self._folder, self._folder.secrets()
        if self._with_postgres:
            self._programs = find_postgres(identity)
            self._postgres = EmbeddedPostgres(
                folder, identity, secrets, self._programs, self._extra_settings
            )
        if self._with_valkey:
            self._valkey = EmbeddedValkey(folder, identity, secrets, find_valkey(identity))

    def _sockets(self) -> Path:
        return self._folder.sockets(self._started())

    def _started(self) -> Identity:
        if self._identity is None:
            raise EmbeddedError("These engines are not started. Call start() first.")
        return self._identity

    def _need(self, engine: _Engine | None, name: str) -> _Engine:
        self._started()
        if engine is None:
            raise EmbeddedError(f"{name} is not one of these engines. Ask for it when making them.")
        return engine

    def _close(self) -> None:
        self._postgres = self._valkey = self._identity = None
        self._folder.close()
