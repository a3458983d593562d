"""`instasell seed`: a market full of users, listings, auctions and bids, for trying things out."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from instasell_cli.commands.seed import apply as seed_apply
from instasell_cli.context import Invocation, invocation
from instasell_cli.exit_codes import UsageProblem
from instasell_cli.options import called_alone, group
from instasell_cli.output.schemas import SEEDED
from instasell_cli.seed.accounts import explain_limits
from instasell_cli.seed.prerequisites import (
    PASSWORD_VARIABLE,
    is_on_this_machine,
    prepared_categories,
    seeding_admin,
)

if TYPE_CHECKING:
    from collections import Counter

NOUNS = ("categories", "users", "listings", "auctions", "bids")


@dataclass(frozen=True)
class SeedOptions:
    """Hold the numbers of records to make up, and the seed of the random numbers."""

    users: int = 50
    listings: int = 1000
    auctions: int = 200
    bids: int = 400
    seed: int = 42
    create_admin: bool = False


def add_to(app: typer.Typer) -> None:
    """Declare the command, and those below it."""
    commands = group("")
    called_alone(
        commands,
        "Fill a local market with users, listings, auctions and bids. The same seed makes"
        " up the same market, and run again it changes nothing. Categories need an admin: the"
        " profile's, INSTASELL_ADMIN_TOKEN, or one that --create-admin makes for the moment and"
        " takes the rights from at the end. With an admin, users are signed in by the hundred."
        " The users' password is INSTASELL_SEED_PASSWORD, or else it is printed.",
        "seed --create-admin",
        "seed --users 50 --listings 1000 --auctions 200 --seed 42",
        "seed --seed 7 -o json",
        "seed apply market.yaml",
        records=SEEDED,
    )(seed)
    seed_apply.add_to(commands)
    app.add_typer(commands, name="seed")


def seed(
    ctx: typer.Context,
    users: Annotated[
        int, typer.Option("--users", help="Make up this many users.", min=2, max=2000)
    ] = 50,
    listings: Annotated[
        int, typer.Option("--listings", help="Make up this many listings.", min=1, max=1_000_000)
    ] = 1000,
    auctions: Annotated[
        int, typer.Option("--auctions", help="Make up this many auctions.", min=0, max=100_000)
    ] = 200,
    bids: Annotated[
        int, typer.Option("--bids", help="Make at most this many bids.", min=0, max=100_000)
    ] = 400,
    number: Annotated[
        int,
        typer.Option("--seed", help="The same number makes up the same market.", min=0, max=10**9),
    ] = 42,
    create_admin: Annotated[
        bool,
        typer.Option("--create-admin", help="Make an admin for this run, by `instasell-server`."),
    ] = False,
) -> None:
    """Fill the market, unless a command below `seed` was named."""
    if ctx.invoked_subcommand is not None:
        _refuse_options(ctx)
        return
    run_seed(invocation(ctx), SeedOptions(users, listings, auctions, bids, number, create_admin))


def _refuse_options(ctx: typer.Context) -> None:
    """Refuse options before a subcommand, which would be ignored otherwise."""
    for parameter in ctx.command.params:
        source = ctx.get_parameter_source(parameter.name or "")
        if parameter.expose_value and source is not None and source.name == "COMMANDLINE":
            raise UsageProblem(
                f"{parameter.opts[0]} is not for seed {ctx.invoked_subcommand}; leave it out"
            )


def run_seed(call: Invocation, options: SeedOptions) -> None:
    """Fill the market and print what was made. Raises CliError without a needed admin."""
    from instasell_cli.seed.plan import categories

    if options.auctions > options.listings:
        raise UsageProblem("--auctions are some of the --listings; raise --listings")
    if not is_on_this_machine(call.target.url):
        raise UsageProblem(f"{call.target.url} is not on this machine; seed fills local markets")
    password = os.environ.get(PASSWORD_VARIABLE) or f"seed {options.seed} password"
    import asyncio

    with seeding_admin(call, create=options.create_admin) as admin, explain_limits():
        shelves = prepared_categories(call, categories(), admin)
        made = asyncio.run(_sow(call, options, password, admin.token if admin else None))
    made["categories", "created"] = shelves.created
    made["categories", "existing"] = len(shelves.ids) - shelves.created
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


async def _sow(
    call: Invocation, options: SeedOptions, password: str, admin_token: str | None
) -> Counter[tuple[str, str]]:
    from instasell_cli.seed.plan import make_plan
    from instasell_cli.seed.seed_runner import SeedRunner

    plan = make_plan(
        options.seed,
        users=options.users,
        listings=options.listings,
        auctions=options.auctions,
        bids=options.bids,
    )
    async with SeedRunner(call.target.url, plan, password, admin_token) as sower:
        await sower.run()
    return sower.made
