"""`instasell seed`: a market full of people, goods, auctions and bids, for trying things out."""

from __future__ import annotations

import asyncio
import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from instasell_cli.context import Invocation, invocation
from instasell_cli.exits import CliError, ExitCode, UsageProblem
from instasell_cli.options import command
from instasell_cli.processes import command_of, environment
from instasell_cli.shapes import SEEDED

if TYPE_CHECKING:
    from collections import Counter

    from instasell_client import InstaSell

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
ADMIN_VARIABLE = "INSTASELL_ADMIN_TOKEN"
PASSWORD_VARIABLE = "INSTASELL_SEED_PASSWORD"
NOUNS = ("categories", "users", "listings", "auctions", "bids")


@dataclass(frozen=True)
class SeedOptions:
    """How much to make up, and from which seed."""

    users: int = 50
    listings: int = 1000
    auctions: int = 200
    bids: int = 400
    seed: int = 42
    create_admin: bool = False


def add_to(app: typer.Typer) -> None:
    """Declares the command."""
    command(
        app,
        "seed",
        "Fill a market on this machine with people, goods, auctions and bids. The same seed makes"
        " up the same market, and run again it changes nothing. Categories need an admin: the"
        " profile's, INSTASELL_ADMIN_TOKEN, or one that --create-admin makes for the moment."
        " The people's password is INSTASELL_SEED_PASSWORD, or else it is printed.",
        "seed --create-admin",
        "seed --users 50 --listings 1000 --auctions 200 --seed 42",
        "seed --seed 7 -o json",
    )(seed)


def seed(
    ctx: typer.Context,
    users: Annotated[int, typer.Option("--users", min=2, max=2000)] = 50,
    listings: Annotated[int, typer.Option("--listings", min=1, max=1_000_000)] = 1000,
    auctions: Annotated[int, typer.Option("--auctions", min=0, max=100_000)] = 200,
    bids: Annotated[int, typer.Option("--bids", min=0, max=100_000)] = 400,
    number: Annotated[int, typer.Option("--seed", min=0, max=10**9)] = 42,
    create_admin: Annotated[
        bool,
        typer.Option("--create-admin", help="Make an admin with `instasell-server create-admin`."),
    ] = False,
) -> None:
    """`seed`."""
    run_seed(invocation(ctx), SeedOptions(users, listings, auctions, bids, number, create_admin))


def run_seed(call: Invocation, options: SeedOptions) -> None:
    """Fills the market and prints what was made. Raises CliError without a needed admin."""
    if options.auctions > options.listings:
        raise UsageProblem("--auctions are some of the --listings; raise --listings")
    if urlsplit(call.target.url).hostname not in LOOPBACK:
        raise UsageProblem(f"{call.target.url} is not on this machine; seed fills local markets")
    password = os.environ.get(PASSWORD_VARIABLE) or f"seed {options.seed} password"
    made = _categories(call, options)
    made.update(asyncio.run(_sow(call, options, password)))
    records = [
        {"noun": noun, "created": made[noun, "created"], "existing": made[noun, "existing"]}
        for noun in NOUNS
    ]
    call.output.many(SEEDED, records)
    shown = "your INSTASELL_SEED_PASSWORD" if os.environ.get(PASSWORD_VARIABLE) else repr(password)
    call.output.note(
        f"sign in as seller1.seed{options.seed}@example.test or"
        f" buyer{options.users}.seed{options.seed}@example.test with {shown}"
    )


async def _sow(call: Invocation, options: SeedOptions, password: str) -> Counter[tuple[str, str]]:
    from instasell_cli.seeding.plan import make_plan
    from instasell_cli.seeding.sowing import Sower

    plan = make_plan(
        options.seed,
        users=options.users,
        listings=options.listings,
        auctions=options.auctions,
        bids=options.bids,
    )
    async with Sower(call.target.url, plan, password) as sower:
        await sower.sow()
    return sower.made


def _categories(call: Invocation, options: SeedOptions) -> Counter[tuple[str, str]]:
    from collections import Counter

    from instasell_cli.categories_tree import CategoryMaker
    from instasell_cli.seeding.plan import categories

    paths = categories()
    with call.client() as anybody:
        missing = CategoryMaker(anybody).missing(paths)
    if missing:
        with _admin(call, create=options.create_admin) as admin:
            maker = CategoryMaker(admin)
            for path in missing:
                maker.make(path)
    created = len(missing)
    return Counter(
        {("categories", "created"): created, ("categories", "existing"): len(paths) - created}
    )


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
