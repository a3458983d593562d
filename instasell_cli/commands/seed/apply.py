"""`instasell seed apply`: the users, listings, auctions and bids of a file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from instasell_cli.context import Invocation, invocation
from instasell_cli.exit_codes import CliError, ExitCode, UsageProblem
from instasell_cli.input.files import opened_text
from instasell_cli.options import command
from instasell_cli.output.schemas import SEED_IDS
from instasell_cli.output.writer import Format, OutputWriter
from instasell_cli.seed.accounts import explain_limits
from instasell_cli.seed.prerequisites import (
    PASSWORD_VARIABLE,
    Prepared,
    is_on_this_machine,
    prepared_categories,
    seeding_admin,
)

if TYPE_CHECKING:
    from instasell_cli.seed.market_file import AccountEntry, MarketFile
    from instasell_cli.seed.market_file_applier import MarketFileApplier
    from instasell_cli.seed.yaml_document import FileProblem

PASSWORD = "seed apply password"
ROWS = (Format.TABLE, Format.WIDE, Format.CSV, Format.NAME)
"""Formats that show ids row by row."""

FAULTS_SHOWN_MAX = 50


@dataclass(frozen=True)
class ApplyOptions:
    """Hold the name of the market file, "-" for stdin."""

    file: str
    create_admin: bool = False


def add_to(app: typer.Typer) -> None:
    """Declare the command."""
    command(
        app,
        "apply",
        "Bring a market to what a YAML file says. It has users, categories, listings, auctions and"
        " bids that refer to each other by name. Run again it changes nothing. The ids are printed"
        " as one JSON object, by section and name. The whole file is checked before anything is"
        " written; exit 2 tells every fault with its line. Exit 7: the market did not take some"
        " of it. Passwords are those of the file, or INSTASELL_SEED_PASSWORD, or on a market on"
        " this machine one that is printed. Categories that are missing need an admin, as for"
        " seed.",
        "seed apply market.yaml",
        "seed apply - --create-admin < market.yaml",
        "seed apply market.yaml | jq -r .auctions.sextant",
        records=SEED_IDS,
    )(apply)


def apply(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(help="A YAML file, or - for stdin.", metavar="FILE")],
    create_admin: Annotated[
        bool,
        typer.Option("--create-admin", help="Make an admin for this run, by `instasell-server`."),
    ] = False,
) -> None:
    """Apply a market file, and print the ids."""
    run_apply(invocation(ctx), ApplyOptions(file, create_admin))


def run_apply(call: Invocation, options: ApplyOptions) -> None:
    """Carry a file out, and print the ids. Raises CliError for faults and refusals."""
    import asyncio

    if call.fields and call.form not in ROWS:
        raise UsageProblem("ids are printed whole; use jq, or -o csv with --fields")
    sheet = _sheet(call.output, options.file)
    _check_passwords(call.target.url, sheet)
    with seeding_admin(call, create=options.create_admin) as admin, explain_limits():
        prepared = prepared_categories(call, sheet.categories.values(), admin)
        applier = asyncio.run(_apply(call, sheet, prepared, admin.token if admin else None))
    _print_ids(call, applier.ids)
    applier.made["categories", "created"] = prepared.created
    applier.made["categories", "unchanged"] = len(prepared.ids) - prepared.created
    call.output.note(_summary(applier))
    if any(not _is_known(person) for person in sheet.people):
        call.output.note(f"the password of users without one in the file is {PASSWORD!r}")
    if applier.rejected:
        _tell(call.output, options.file, applier.rejected)
        raise CliError(f"{len(applier.rejected)} rejected by the market", ExitCode.PARTLY)


async def _apply(
    call: Invocation, sheet: MarketFile, prepared: Prepared, admin_token: str | None
) -> MarketFileApplier:
    from instasell_cli.seed.market_file_applier import MarketFileApplier

    shared = os.environ.get(PASSWORD_VARIABLE) or PASSWORD
    categories = {name: prepared.ids[path] for name, path in sheet.categories.items()}
    async with MarketFileApplier(
        call.target.url, sheet, categories, lambda person: person.password or shared, admin_token
    ) as applier:
        await applier.apply()
    return applier


def _sheet(output: OutputWriter, file: str) -> MarketFile:
    from instasell_cli.seed.market_file import InvalidMarketFile
    from instasell_cli.seed.market_file_reader import read_sheet
    from instasell_cli.seed.yaml_document import CHARACTERS_MAX

    with opened_text(file) as source:
        text = source.read(CHARACTERS_MAX + 1)
    try:
        return read_sheet(text)
    except InvalidMarketFile as faulty:
        _tell(output, file, faulty.faults)
        raise UsageProblem(f"{faulty}; nothing was written") from None


def _check_passwords(url: str, sheet: MarketFile) -> None:
    """Refuse a password that the help shows for accounts that others can reach."""
    if not is_on_this_machine(url) and not all(map(_is_known, sheet.people)):
        raise UsageProblem(
            f"{url} is not on this machine: give every user a password, or set {PASSWORD_VARIABLE}"
        )


def _is_known(person: AccountEntry) -> bool:
    return bool(person.password or os.environ.get(PASSWORD_VARIABLE))


def _print_ids(call: Invocation, ids: Mapping[str, Mapping[str, str]]) -> None:
    if call.form in ROWS:
        call.output.many(
            SEED_IDS,
            (
                {"section": section, "name": name, "id": found}
                for section, names in ids.items()
                for name, found in names.items()
            ),
        )
    else:
        call.output.document(ids)


def _tell(output: OutputWriter, file: str, faults: Sequence[FileProblem]) -> None:
    shown = "stdin" if file == "-" else file
    for fault in faults[:FAULTS_SHOWN_MAX]:
        path = f"{fault.path}: " if fault.path else ""
        output.note(f"{shown}:{fault.line}: {path}{fault.message}")
    if len(faults) > FAULTS_SHOWN_MAX:
        output.note(f"and {len(faults) - FAULTS_SHOWN_MAX} more")


def _summary(applier: MarketFileApplier) -> str:
    counts: dict[str, list[str]] = {}
    for (section, outcome), count in sorted(applier.made.items()):
        if count:
            counts.setdefault(section, []).append(f"{count} {outcome}")
    told = "; ".join(f"{section}: {', '.join(each)}" for section, each in counts.items())
    return told or "there was nothing to do"
