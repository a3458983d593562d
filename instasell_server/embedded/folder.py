"""The data folder of the embedded engines: places, modes, lock and passwords.

Everything lies in `engines` below the data folder and is closed to other users:

    engines/           mode 0700; under root 0710, open to the engines' group for passing through
      lock             held by the process that owns the engines (flock), names its pid
      secrets.json     0600: passwords and the mark that tells this folder's processes
      conf/            configuration of both engines, written at every start
      postgres/ valkey/ log/    the engines' own, 0700
      run/             the sockets, 0700; a short temporary folder stands in when paths get too long

Under root all but the engines' own folders belong to root, so that an engine that was taken over
can neither replace its configuration nor have root follow its links.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import secrets
import stat
import sys
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from .failures import FolderInUse, FolderUnusable
from .privileges import FREE_IDS, Identity, blocked_at, choose_identity
from .programs import ROOT_HOME

# struct sockaddr_un holds the path and a final NUL in 108 bytes, on BSD and macOS in 104.
_SOCKET_PATH_BYTES: Final = 107 if sys.platform == "linux" else 103
_LONGEST_SOCKET: Final = ".s.PGSQL.5432"
_SECRETS_BYTES: Final = 4096


def default_data_dir() -> Path:
    """Return the default data folder: the user's, or for root one the engines can reach."""
    if os.geteuid() == 0:
        return ROOT_HOME / "data"
    from platformdirs import user_data_dir

    return Path(user_data_dir("instasell", appauthor=False))


@dataclass(frozen=True)
class Secrets:
    """Hold what only the owner of the data folder knows; `mark` is no secret but unique."""

    mark: str
    superuser: str
    role: str
    valkey: str

    @property
    def server(self) -> str:
        """Derive the password of the role that serves; it does not tell the owner's, `role`.

        It is made of that one, so that folders of before there was a second role need no new file.
        """
        return hmac.new(self.role.encode(), b"instasell_server", hashlib.sha256).hexdigest()

    @classmethod
    def generate(cls) -> Secrets:
        """Make new ones from the operating system's randomness."""
        mark = f"instasell-{secrets.token_hex(6)}"
        return cls(mark, *(secrets.token_urlsafe(32) for _ in range(3)))


class EngineFolder:
    """Lock the folder `engines` of one data folder for this process while it is open."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = Path(os.path.abspath(data_dir))
        self.home = self.data_dir / "engines"
        self.conf = self.home / "conf"
        self.postgres = self.home / "postgres"
        self.valkey = self.home / "valkey"
        self.log = self.home / "log"
        self._lock: int | None = None

    def open(self) -> Identity:
        """Create what is missing, take the lock, and return who the engines run as.

        Raises FolderInUse, FolderUnusable or NoUnprivilegedUser.
        """
        identity = choose_identity(self._recorded_uid())
        try:
            self._create_outer(identity)
            self._take_lock()
        except OSError as error:
            raise FolderUnusable(
                f"The data folder {self.data_dir} cannot be used: {error.strerror} "
                f"({error.filename}). Make it writable, or choose another data folder."
            ) from error
        try:
            self._create_inner(identity)
        except BaseException:
            self.close()
            raise
        return identity

    def close(self) -> None:
        """Give the lock back."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _recorded_uid(self) -> int | None:
        """Return the owner of the engines' files from an earlier start, or None."""
        try:
            if self.log.is_dir():
                return self.log.stat().st_uid
            if self.home.is_dir() and os.geteuid() != 0:
                return self.home.stat().st_uid
        except OSError as error:
            raise FolderUnusable(
                f"The data folder {self.data_dir} belongs to another user. "
                "Run the server as that user, or choose another data folder."
            ) from error
        return None

    def _create_outer(self, identity: Identity) -> None:
        missing = [p for p in (self.data_dir, *self.data_dir.parents) if not p.exists()]
        for folder in reversed(missing):
            folder.mkdir(mode=0o700)
            if identity.switched:
                folder.chmod(0o755)
        if self.data_dir.stat().st_uid not in (0, os.geteuid()):
            raise FolderUnusable(
                f"The data folder {self.data_dir} belongs to another user, who could replace what "
                "lies in it. Run the server as that user, or choose another data folder."
            )
        if identity.switched:
            self._let_engines_pass(identity, created=bool(missing))
        self.home.mkdir(mode=0o700, exist_ok=True)
        if self.home.is_symlink() or self.home.stat().st_uid != os.geteuid():
            raise FolderUnusable(
                f"{self.home} does not belong to this user. Choose another data folder."
            )
        _set_mode(self.home, 0o710 if identity.switched else 0o700, identity)

    def _let_engines_pass(self, identity: Identity, *, created: bool) -> None:
        """Open the data folder itself, and no other, to the engines' group for passing through."""
        status = self.data_dir.stat()
        ours = created or status.st_gid in FREE_IDS or not any(self.data_dir.iterdir())
        if ours and status.st_uid == 0:
            _set_mode(self.data_dir, 0o710, identity)
        blocked = blocked_at(self.home, identity)
        if blocked is not None:
            raise FolderUnusable(
                f"Root's engines run without root's rights, and such a user cannot pass through "
                f"{blocked}. Choose a data folder elsewhere, such as {ROOT_HOME / 'data'}, "
                "or run the server as an ordinary user."
            )

    def _create_inner(self, identity: Identity) -> None:
        self.conf.mkdir(mode=0o700, exist_ok=True)
        _set_mode(self.conf, 0o710 if identity.switched else 0o700, identity)
        self.log.mkdir(mode=0o700, exist_ok=True)
        hand_over(self.log, identity)
        self.valkey.mkdir(mode=0o700, exist_ok=True)
        hand_over(self.valkey, identity)

    def _take_lock(self) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        lock = os.open(self.home / "lock", flags, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(lock, 32).strip()
            os.close(lock)
            raise FolderInUse(self.data_dir, int(holder) if holder.isdigit() else None) from None
        os.ftruncate(lock, 0)
        os.write(lock, f"{os.getpid()}\n".encode())
        self._lock = lock

    def secrets(self) -> Secrets:
        """Read the passwords, or make them when the folder is new."""
        path = self.home / "secrets.json"
        if not path.exists():
            if self.postgres.exists():
                raise FolderUnusable(
                    f"{path} is missing, and without it the data in {self.postgres} cannot be "
                    "opened. Restore that file from a backup, or choose another data folder."
                )
            made = Secrets.generate()
            write_private(path, json.dumps(asdict(made), indent=1) + "\n", None)
            return made
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
            raise FolderUnusable(f"{path} is not a file of this user. Restore it from a backup.")
        path.chmod(0o600)
        try:
            return Secrets(**json.loads(path.read_bytes()[:_SECRETS_BYTES]))
        except (ValueError, TypeError) as error:
            raise FolderUnusable(
                f"{path} cannot be read ({error}). Restore it from a backup."
            ) from error

    def sockets(self, identity: Identity) -> Path:
        """Return the private folder for the sockets, with a path short enough for a socket."""
        own = self.home / "run"
        if _fits(own):
            own.mkdir(mode=0o700, exist_ok=True)
            hand_over(own, identity)
            return own
        record = self.home / "sockets"
        with suppress(OSError):
            kept = Path(os.fsdecode(record.read_bytes()))
            if _is_private(kept, identity):
                return kept
        short = _make_short_folder(identity)
        write_private(record, str(short), None)
        return short

    def forget_short_sockets(self) -> None:
        """Remove the stand-in for `run` after a clean stop, if there is one and it is empty."""
        record = self.home / "sockets"
        with suppress(OSError):
            Path(os.fsdecode(record.read_bytes())).rmdir()
            record.unlink()


def hand_over(path: Path, identity: Identity) -> None:
    """Give a folder or file to the engines' user, closed to everybody else."""
    if identity.switched:
        os.chown(path, identity.uid, identity.gid, follow_symlinks=False)
    path.chmod(0o700 if path.is_dir() else 0o600)


def write_private(path: Path, text: str, identity: Identity | None) -> None:
    """Write a file of mode 0600 in one step and to the disk; `identity` becomes its owner."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(os.fsencode(text))
            if identity is not None and identity.switched:
                os.fchown(file.fileno(), identity.uid, identity.gid)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _set_mode(folder: Path, mode: int, identity: Identity) -> None:
    if identity.switched:
        os.chown(folder, 0, identity.gid, follow_symlinks=False)
    folder.chmod(mode)


def _fits(folder: Path) -> bool:
    # libpq splits host names at commas, also those that are paths.
    path = os.fsencode(folder / _LONGEST_SOCKET)
    return len(path) <= _SOCKET_PATH_BYTES and b"," not in path


def _is_private(folder: Path, identity: Identity) -> bool:
    status = folder.lstat()
    kind, mode = stat.S_IFMT(status.st_mode), stat.S_IMODE(status.st_mode)
    return kind == stat.S_IFDIR and mode == 0o700 and status.st_uid == identity.uid


def _make_short_folder(identity: Identity) -> Path:
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    candidates = [tempfile.gettempdir(), "/tmp"]
    if runtime.startswith("/") and not identity.switched:
        candidates.insert(0, runtime)
    for parent in candidates:
        example = Path(parent, "instasell-12345678")
        if not _fits(example) or blocked_at(example, identity):
            continue
        with suppress(OSError):
            folder = Path(tempfile.mkdtemp(prefix="instasell-", dir=parent))
            hand_over(folder, identity)
            return folder
    raise FolderUnusable(
        "The data folder's path is too long for sockets, and no short temporary folder can be "
        "made. Choose a data folder with a shorter path, or set TMPDIR to a short one."
    )
