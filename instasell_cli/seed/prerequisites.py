"""Check what seeding needs: a market that may be seeded, categories, an admin for them."""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from instasell_cli.exit_codes import CliError, ExitCode
from instasell_cli.input.category_paths import CategoryMaker
from instasell_cli.processes import command_of, environment

if TYPE_CHECKING:
    from instasell_cli.context import Invocation
    from instasell_client import InstaSell

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
ADMIN_VARIABLE = "INSTASELL_ADMIN_TOKEN"
PASSWORD_VARIABLE = "INSTASELL_SEED_PASSWORD"
TRIES_MAX = 10


def is_on_this_machine(url: str) -> bool:
    """Return whether a server runs on this machine, where publicly known passwords do no harm."""
    return urlsplit(url).hostname in LOOPBACK


@dataclass(frozen=True)
class Prepared:
    """The ids of categories by path, and how many of them had been missing."""

    ids: Mapping[str, str]
    created: int


def prepared_categories(
    call: Invocation, paths: Iterable[str], admin: InstaSell | None
) -> Prepared:
    """Return the ids of category paths, creating the missing. Raises CliError without an admin."""
    from instasell_client import InstaSell

    paths = list(dict.fromkeys(paths))
    # Without the profile's token, which a market that was begun again does not know any more.
    with InstaSell(call.target.url, admin.token if admin else None) as reader:
        maker = CategoryMaker(reader)
        missing = maker.missing(paths)
        if not missing:
            return Prepared({path: maker.make(path)[0] for path in paths}, 0)
    if admin is None:
        raise CliError(
            "categories are missing, and only an admin can create them: add --create-admin,"
            f" sign in as one, or set {ADMIN_VARIABLE}",
            ExitCode.NOT_ALLOWED,
        )
    found, created = _made(admin, paths)
    return Prepared(found, created)


def _made(admin: InstaSell, paths: Sequence[str]) -> tuple[Mapping[str, str], int]:
    """Create paths; return their ids, and the number created. Another run may create the same."""
    from instasell_client import CategoryExists

    created = 0
    for left in reversed(range(TRIES_MAX)):
        maker = CategoryMaker(admin)
        found: dict[str, str] = {}
        try:
            for path in paths:
                found[path], made = maker.make(path)
                created += made
        except CategoryExists:
            if not left:
                raise
        else:
            break
    return found, created


@contextmanager
def seeding_admin(call: Invocation, *, create: bool) -> Iterator[InstaSell | None]:
    """Provide the admin who makes categories and signs people in by the hundred, if there is one.

    One that is made for the moment has no rights any more when the context ends.
    """
    from instasell_client import InstaSell, Unauthenticated

    token = os.environ.get(ADMIN_VARIABLE)
    is_new = create and token is None
    with InstaSell(call.target.url, None if is_new else token or call.target.token) as client:
        if is_new:
            email, password = _new_admin()
            try:
                client.auth.login(email, password)
                yield client
            finally:
                _remove_admin(email)
            return
        try:
            is_admin = client.token is not None and client.auth.me().role == "admin"
        except Unauthenticated:
            is_admin = False
        yield client if is_admin else None


def _new_admin() -> tuple[str, str]:
    """Create an admin that no other can become later: the password is random, and forgotten."""
    email, password = f"seeder-{secrets.token_hex(6)}@example.test", secrets.token_urlsafe(24)
    done = _run_server("create-admin", email, password + "\n")
    if done.returncode:
        raise CliError(f"no admin could be made: {done.stderr.strip()}")
    return email, password


def _remove_admin(email: str) -> None:
    done = _run_server("remove-admin", email, "")
    if done.returncode:
        raise CliError(
            f"{email} is an admin still; run: instasell-server remove-admin --email {email}\n"
            + done.stderr.strip()
        )


def _run_server(name: str, email: str, stdin: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command_of("instasell_server", name, "--email", email),
        input=stdin,
        env=environment({}),
        capture_output=True,
        text=True,
        check=False,
    )
