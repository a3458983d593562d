"""What seeding needs beforehand: a market that may be seeded, categories, an admin for them."""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from instasell_cli.categories_tree import CategoryMaker
from instasell_cli.exits import CliError, ExitCode
from instasell_cli.processes import command_of, environment

if TYPE_CHECKING:
    from instasell_cli.context import Invocation
    from instasell_client import InstaSell

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
ADMIN_VARIABLE = "INSTASELL_ADMIN_TOKEN"
PASSWORD_VARIABLE = "INSTASELL_SEED_PASSWORD"
TRIES_MAX = 10


def is_on_this_machine(url: str) -> bool:
    """Whether a server is one that passwords which anybody knows do no harm to."""
    return urlsplit(url).hostname in LOOPBACK


@dataclass(frozen=True)
class Prepared:
    """The ids of categories by path, and how many of them had been missing."""

    ids: Mapping[str, str]
    created: int


def prepared_categories(call: Invocation, paths: Iterable[str], *, create_admin: bool) -> Prepared:
    """The categories of paths, the missing ones made. Raises CliError without a needed admin."""
    paths = list(dict.fromkeys(paths))
    with call.client() as anybody:
        maker = CategoryMaker(anybody)
        missing = maker.missing(paths)
        if not missing:
            return Prepared({path: maker.make(path)[0] for path in paths}, 0)
    with _admin(call, create=create_admin) as admin:
        found, created = _made(admin, paths)
    return Prepared(found, created)


def _made(admin: InstaSell, paths: Sequence[str]) -> tuple[Mapping[str, str], int]:
    """The ids of paths, and how many had to be made. Another run may make the same ones."""
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
def _admin(call: Invocation, *, create: bool) -> Iterator[InstaSell]:
    """A client that may create categories."""
    from instasell_client import InstaSell

    token = os.environ.get(ADMIN_VARIABLE)
    with InstaSell(call.target.url, token or call.target.token) as client:
        if create and token is None:
            client.auth.login(*_new_admin())
            try:
                yield client
            finally:
                client.auth.logout()
            return
        if client.token is None or client.auth.me().role != "admin":
            raise CliError(
                "categories are missing, and only an admin can create them: add --create-admin,"
                f" sign in as one, or set {ADMIN_VARIABLE}",
                ExitCode.NOT_ALLOWED,
            )
        yield client


def _new_admin() -> tuple[str, str]:
    """An admin whom nobody can become later: the password is random, and forgotten."""
    email, password = f"seeder-{secrets.token_hex(6)}@example.test", secrets.token_urlsafe(24)
    done = subprocess.run(
        command_of("instasell_server", "create-admin", "--email", email),
        input=password + "\n",
        env=environment({}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CliError(f"no admin could be made: {done.stderr.strip()}")
    return email, password
