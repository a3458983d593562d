"""The embedded PostgreSQL: create, start or adopt, stop, kill.

The server listens on a socket only and asks everybody for a password (SCRAM). `postgres` is the
superuser, used here alone. The database `instasell` belongs to the role `instasell`, which migrates
and may create databases but is no superuser; the market serves as `instasell_server`, which can
neither change the schema nor rewrite what is final.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote

from .bootstrap import BOOTSTRAP
from .failures import EmbeddedError, EngineFailed
from .folder import EngineFolder, Secrets, hand_over, sync_folder, write_private
from .privileges import Identity, NamedRun, borrow_name
from .processes import ENGINE_ENVIRONMENT, EngineProcess, end_all, find_marked, launch
from .tails import newest_first, tail

PORT: Final = 5432
ROLE: Final = "instasell"
SERVER_ROLE: Final = "instasell_server"
_START_SECONDS: Final = 120.0
_STOP_SECONDS: Final = 60.0
_CLIENT_SECONDS: Final = 20
_POLL_SECONDS: Final = 0.01
_KEPT_LOGS: Final = 5
# Glibc and musl know C.UTF-8, macOS has UTF-8; with plain C trigrams would skip all but ASCII.
_CTYPES: Final = ("C.UTF-8", "UTF-8", "en_US.UTF-8")
_SETTING_NAME: Final = re.compile(r"[a-z_][a-z0-9_.]{0,62}")

SETTINGS: Final[Mapping[str, str]] = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "client_connection_check_interval": "500ms",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "datestyle": "iso, ymd",
    "default_text_search_config": "pg_catalog.english",
    "lc_messages": "C",
    "lc_monetary": "C",
    "lc_numeric": "C",
    "lc_time": "C",
    "logging_collector": "on",
    "log_filename": "postgres-%Y%m%d-%H%M%S.log",
    "log_rotation_age": "0",
    "log_rotation_size": "10MB",
    "log_file_mode": "0600",
    # Statements arrive with their values written in, so neither they nor details are logged.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_line_prefix": "%m [%p] ",
}


class EmbeddedPostgres:
    """Run one PostgreSQL server on the data folder's cluster."""

    def __init__(
        self,
        folder: EngineFolder,
        identity: Identity,
        secrets: Secrets,
        programs: Path,
        extra_settings: Mapping[str, str],
    ) -> None:
        for name in extra_settings:
            if not _SETTING_NAME.fullmatch(name):
                raise EmbeddedError(f"{name!r} is no name of a PostgreSQL setting. Correct it.")
        self._folder = folder
        self._identity = identity
        self._secrets = secrets
        self._programs = programs
        self._extra_settings = dict(extra_settings)
        self._output = folder.home / "postgres.out"
        self._sockets: Path | None = None
        self._process: EngineProcess | None = None

    @property
    def pid(self) -> int | None:
        """Return the postmaster's process id while it runs."""
        return self._process.pid if self._process and self._process.alive() else None

    def url(self) -> str:
        """Return a libpq URI for the role that owns the database, over the socket."""
        return self._url_of(ROLE, self._secrets.role)

    def server_url(self) -> str:
        """Return a libpq URI for the role that the market serves as, over the socket."""
        return self._url_of(SERVER_ROLE, self._secrets.server)

    def _url_of(self, role: str, password: str) -> str:
        host = quote(str(self._sockets), safe="")
        return f"postgresql://{role}:{password}@/{ROLE}?host={host}&port={PORT}"

    def start(self, sockets: Path) -> None:
        """Adopt the server that runs on this cluster, or start one; raises EngineFailed."""
        self._sockets = sockets
        if self.pid is not None:
            return
        self.release()
        if not self._adopt():
            self._clear_away(sockets)
            if not self._folder.postgres.exists():
                self._create_cluster()
            self._launch()
            self._prepare_database()

    def stop(self) -> None:
        """Stop fast and cleanly: open transactions are rolled back, a checkpoint is written."""
        if self._process is not None:
            self._end(self._process)
            self._process = None

    def request_stop(self) -> None:
        """Ask for the stop that `stop` waits for."""
        if self._process is not None:
            self._process.send(signal.SIGINT)

    def kill(self) -> None:
        """End the server as a crash would, with SIGKILL; for tests of what survives."""
        if self._process is not None:
            end_all([self._process], signal.SIGKILL, _STOP_SECONDS)
            self.release()
            self._end_orphans()

    def release(self) -> None:
        """Leave the server running for the next owner of the folder."""
        if self._process is not None:
            self._process.release()
            self._process = None

    def prune_logs(self) -> None:
        """Remove all but the newest log files; each ends at 10 MB."""
        for old in newest_first(self._folder.log, "postgres-*.log")[_KEPT_LOGS:]:
            with suppress(OSError):
                old.unlink()

    def _create_cluster(self) -> None:
        """Run initdb beside the cluster's place and move the result there when it is on disk."""
        staging = self._folder.home / "postgres.new"
        for ctype in _CTYPES:
            shutil.rmtree(staging, ignore_errors=True)
            result = self._initdb(staging, ctype)
            if result.returncode == 0:
                break
            if "locale" not in result.stderr:
                raise EngineFailed(_initdb_failed(result.stderr, self._identity))
        else:
            raise EngineFailed(_initdb_failed(result.stderr, self._identity))
        cluster = staging / "data"
        for top, folders, files in os.walk(cluster):
            for name in (*folders, *files):
                if self._identity.switched:
                    path = Path(top, name)
                    os.chown(path, self._identity.uid, self._identity.gid, follow_symlinks=False)
        hand_over(cluster, self._identity)
        cluster.rename(self._folder.postgres)
        sync_folder(self._folder.home)
        shutil.rmtree(staging, ignore_errors=True)

    def _initdb(self, staging: Path, ctype: str) -> subprocess.CompletedProcess[str]:
        run = borrow_name(self._identity)
        staging.mkdir(mode=0o700)
        hand_over(staging, run.identity)
        password = staging / "password"
        write_private(password, self._secrets.superuser + "\n", run.identity)
        options = [
            *("-D", str(staging / "data"), "-U", "postgres", "-A", "scram-sha-256"),
            *("--pwfile", str(password), "--encoding", "UTF8", "--no-instructions"),
            *("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
            *("--locale", "C", "--lc-ctype", ctype),
        ]
        return self._run_initdb(run, [str(self._programs / "initdb"), *options])

    def _run_initdb(self, run: NamedRun, command: list[str]) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                [*run.prefix, *command],
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                cwd="/",
                env=ENGINE_ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                timeout=_START_SECONDS,
                umask=0o077,
                **run.identity.rights(),
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise EngineFailed(_initdb_failed(str(error), self._identity)) from error

    def _configure(self) -> Path:
        """Write the configuration, which is ours alone; returns its path."""
        hba = self._folder.conf / "pg_hba.conf"
        write_private(hba, "local all all scram-sha-256\n", self._identity)
        # This setting is a list, whose entries are quoted as identifiers are.
        sockets = str(self._sockets).replace('"', '""')
        places = {
            "unix_socket_directories": f'"{sockets}"',
            "hba_file": str(hba),
            "log_directory": str(self._folder.log),
        }
        settings = {**SETTINGS, **self._extra_settings, **places}
        lines = [f"{name} = '{_quoted(value)}'\n" for name, value in settings.items()]
        path = self._folder.conf / "postgresql.conf"
        write_private(path, "".join(lines), self._identity)
        return path

    def _launch(self) -> None:
        self.prune_logs()
        config = self._configure()
        arguments = ["-D", str(self._folder.postgres), "-c", f"config_file={config}"]
        arguments += ["-c", f"cluster_name={self._secrets.mark}"]
        server = self._programs / "postgres"
        self._process = launch(server, arguments, self._identity, self._output)
        if not self._wait_until_ready(self._process, _START_SECONDS):
            raise EngineFailed(f"PostgreSQL did not start. {self._last_words()}")

    def _wait_until_ready(self, process: EngineProcess, seconds: float) -> bool:
        """Wait until the server accepts connections; False if it ends, stops or takes too long."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            pid, state = self._read_pid_file()
            if pid == process.pid and state == "ready":
                return True
            if process.wait(_POLL_SECONDS) or state == "stopping":
                return False
        return False

    def _read_pid_file(self) -> tuple[int | None, str]:
        """Read the postmaster's id and state, lines 1 and 8 of its file (PostgreSQL 10 and up)."""
        try:
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
            handle = os.open(self._folder.postgres / "postmaster.pid", flags)
        except OSError:
            return None, ""
        try:
            lines = os.read(handle, 4096).decode(errors="replace").splitlines()
        finally:
            os.close(handle)
        pid = int(lines[0]) if lines and lines[0].isdigit() else None
        return pid, lines[7].strip() if len(lines) > 7 else ""

    def _adopt(self) -> bool:
        """Take over a server that outlived its owner; one that does not answer is ended."""
        pid, _ = self._read_pid_file()
        if pid not in {seen.pid for seen in find_marked(self._secrets.mark, self._identity.uid)}:
            return False
        assert pid is not None
        process = EngineProcess(pid)
        process.send(signal.SIGCONT)
        if self._wait_until_ready(process, _START_SECONDS):
            try:
                self._prepare_database()
            except EngineFailed:
                self._end(process)
                return False
            self._process = process
            return True
        self._end(process)
        return False

    def _end(self, process: EngineProcess) -> None:
        """Stop fast, then immediately, then by SIGKILL; what was committed survives each."""
        gentle = end_all([process], signal.SIGINT, _STOP_SECONDS)
        if not gentle and not end_all([process], signal.SIGQUIT, _STOP_SECONDS / 6):
            end_all([process], signal.SIGKILL, _STOP_SECONDS / 6)
        process.release()
        self._end_orphans()

    def _clear_away(self, sockets: Path) -> None:
        """Remove what would keep a new server from starting after a crash of the old one.

        The lock files of a dead server may name a process that was given the same id since.
        PostgreSQL would take that for a running server; it is certain that none runs, because no
        process carries this folder's mark.
        """
        self._end_orphans()
        name = f".s.PGSQL.{PORT}"
        for left in (
            self._folder.postgres / "postmaster.pid",
            sockets / name,
            sockets / f"{name}.lock",
        ):
            with suppress(FileNotFoundError):
                left.unlink()

    def _end_orphans(self) -> None:
        """End backends that have not noticed by themselves that the postmaster is dead."""
        orphans = self._orphans()
        if orphans and not end_all(orphans, signal.SIGQUIT, _STOP_SECONDS / 6):
            end_all(self._orphans(), signal.SIGKILL, _STOP_SECONDS / 6)
        for orphan in orphans:
            orphan.release()
        if self._orphans():
            raise EngineFailed(
                f"Processes of an earlier PostgreSQL on {self._folder.postgres} do not end. "
                "End them, or restart the machine."
            )

    def _orphans(self) -> list[EngineProcess]:
        marked = find_marked(self._secrets.mark, self._identity.uid)
        return [EngineProcess(seen.pid) for seen in marked if _is_postgres(seen.command)]

    def _prepare_database(self) -> None:
        """Prove that this server is ours, and make the market's roles and database."""
        script = BOOTSTRAP.format(
            role=ROLE,
            password=self._secrets.role,
            server_role=SERVER_ROLE,
            server_password=self._secrets.server,
        )
        answer = self._psql(script)
        if not answer or not os.path.samefile(answer.splitlines()[0], self._folder.postgres):
            raise EngineFailed(
                f"The server on {self._sockets} is not the one of {self._folder.postgres}. "
                "Stop it, or choose another data folder."
            )

    def _psql(self, script: str) -> str:
        command = [str(self._programs / "psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-f", "-"]
        place = ["-h", str(self._sockets), "-p", str(PORT), "-U", "postgres", "-d", "postgres"]
        secret = {"PGPASSWORD": self._secrets.superuser, "PGCONNECT_TIMEOUT": "10"}
        try:
            result = subprocess.run(
                [*command, *place],
                input=script,
                capture_output=True,
                text=True,
                check=True,
                env={**ENGINE_ENVIRONMENT, **secret},
                timeout=_CLIENT_SECONDS,
            )
        except subprocess.CalledProcessError as error:
            raise EngineFailed(f"PostgreSQL refused: {error.stderr.strip()[-500:]}") from error
        except (OSError, subprocess.SubprocessError) as error:
            raise EngineFailed(f"PostgreSQL does not answer. {self._last_words()}") from error
        return result.stdout

    def _last_words(self) -> str:
        logs = newest_first(self._folder.log, "postgres-*.log")[:1]
        return f"See {self._folder.log}. Last messages:\n{tail(self._output, *logs)}"


def _is_postgres(command: str) -> bool:
    """Tell a postmaster by its command line, which backends replace by a title."""
    return command.startswith("postgres: ") or "/postgres -D " in command


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''")


def _initdb_failed(reason: str, identity: Identity) -> str:
    remedy = "Look at the disk's free space and the folder's permissions."
    if "user" in reason or "unshare" in reason:
        remedy = (
            f"initdb needs a name for user id {identity.uid}: add one to /etc/passwd, or name a "
            "server of your own in INSTASELL_DATABASE_URL."
        )
    return f"The PostgreSQL cluster could not be created. {remedy}\n{reason.strip()[-1500:]}"
