"""Choose the user that the engines run as.

Started by an ordinary user, the engines run as that user. PostgreSQL refuses to run as root, so
under root the engines run under a numeric user id that belongs to nobody: the first id of
61100-61183 without an entry in the user and group databases. That range lies outside what
distributions hand out to people and services and outside systemd's dynamic users
(https://systemd.io/UIDS-GIDS). `nobody` and `postgres` are not used because other services run
under them, and these could then read the market's files and signal its engines. No user is added.

`initdb` alone insists on a named user. Under root it is lent the name of an existing unprivileged
user for the second it runs, with the free group id as its only group: the folder it works in is
open to that group alone, and a process needs the same group to trace it. Its files are handed over
to the free id before the server starts. An ordinary user whose id has no name (as in
`docker run --user 12345`) is given a name inside a user namespace, where the kernel allows that.
"""

from __future__ import annotations

import grp
import os
import pwd
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypedDict

from .failures import FolderUnusable, NoUnprivilegedUser

FREE_IDS: Final = range(61100, 61184)
NAMELESS_GUEST: Final = 65534


class SpawnRights(TypedDict, total=False):
    """Hold the arguments of `subprocess.Popen` that give up root's rights."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Identity:
    """Hold the user and group that the engines run as; `switched` when we are root."""

    uid: int
    gid: int
    switched: bool

    @classmethod
    def of_this_process(cls) -> Identity:
        """Return the identity of this process, with all its rights."""
        return cls(os.geteuid(), os.getegid(), switched=False)

    def rights(self) -> SpawnRights:
        """Return arguments for `subprocess.Popen`; empty when the caller's own rights are kept."""
        if not self.switched:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def choose_identity(recorded_uid: int | None) -> Identity:
    """Choose the engines' identity; `recorded_uid` owns the engines' files from an earlier run.

    Raises FolderUnusable when those files belong to another user, and NoUnprivilegedUser when
    root may not switch to any free id.
    """
    own = os.geteuid()
    if own != 0:
        if recorded_uid not in (None, own):
            raise FolderUnusable(
                f"The data folder belongs to user id {recorded_uid}, and this process runs as "
                f"{own}. Run it as that user, or choose another data folder."
            )
        return Identity.of_this_process()
    if recorded_uid is None:
        free = next((uid for uid in FREE_IDS if _is_free(uid)), None)
        if free is None:
            raise NoUnprivilegedUser(
                f"All user ids {FREE_IDS.start}-{FREE_IDS.stop - 1} have names here. "
                "Run the server as an ordinary user."
            )
        recorded_uid = free
    if recorded_uid not in FREE_IDS:
        raise FolderUnusable(
            f"The data folder belongs to user id {recorded_uid}. "
            "Run the server as that user, or choose another data folder for root."
        )
    if not _is_free(recorded_uid):
        raise FolderUnusable(
            f"User id {recorded_uid}, which owns the engines' files, has meanwhile been given to "
            f"the user or group {_name_of(recorded_uid)!r}. Give that user another id."
        )
    identity = Identity(recorded_uid, recorded_uid, switched=True)
    _prove_switch(identity)
    return identity


def _is_free(number: int) -> bool:
    return _name_of(number) is None


def _name_of(number: int) -> str | None:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        pass
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return None


def _prove_switch(identity: Identity) -> None:
    """Try the change of user id, which containers may forbid, before anything is written."""
    try:
        subprocess.run(["/bin/sh", "-c", ":"], check=True, cwd="/", **identity.rights())
    except (OSError, subprocess.SubprocessError) as error:
        raise NoUnprivilegedUser(
            f"Root cannot switch to the unprivileged user id {identity.uid} here ({error}). "
            "Run the server as an ordinary user, or name servers of your own in "
            "INSTASELL_DATABASE_URL and INSTASELL_REDIS_URL."
        ) from error


@dataclass(frozen=True)
class NamedRun:
    """Say as whom, and behind which command, to run a program that insists on a named user."""

    identity: Identity
    prefix: tuple[str, ...] = ()


def borrow_name(identity: Identity) -> NamedRun:
    """Return how `initdb` is run for `identity`; raises NoUnprivilegedUser if nobody has a name."""
    if not identity.switched:
        try:
            pwd.getpwuid(identity.uid)
        except KeyError:
            guest = ("unshare", "--user", f"--map-user={NAMELESS_GUEST}")
            return NamedRun(identity, guest)
        return NamedRun(identity)
    users = {user.pw_name: user.pw_uid for user in pwd.getpwall() if user.pw_uid != 0}
    lent = users.get("nobody", next(iter(users.values()), None))
    if lent is None:
        raise NoUnprivilegedUser(
            "The user database names no user but root, and initdb needs one. "
            "Add any unprivileged user (for example `nobody`) to /etc/passwd."
        )
    return NamedRun(Identity(lent, identity.gid, switched=True))


def blocked_at(path: Path, identity: Identity) -> Path | None:
    """Return the first folder above `path` that `identity` may not pass through, or None."""
    if not identity.switched:
        return None
    for folder in reversed(path.resolve().parents):
        if not folder.exists():
            return None
        if not _may_pass(folder.stat(), identity):
            return folder
    return None


def _may_pass(status: os.stat_result, identity: Identity) -> bool:
    if status.st_uid == identity.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == identity.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)
