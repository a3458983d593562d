"""`instasell admin users`: finding people, and what an admin does to an account."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from instasell_cli.context import open_client
from instasell_cli.exit_codes import CliError, ExitCode, UsageProblem
from instasell_cli.input.prompts import confirm
from instasell_cli.options import Limit, Yes, command, group, page_size
from instasell_cli.output.schemas import USER, record_of
from instasell_cli.output.writer import clean

if TYPE_CHECKING:
    from instasell_client import InstaSell
    from instasell_client.endpoint import Sync
    from instasell_client.models.accounts import User
    from instasell_client.resources.admin import Admin

app = group(
    "Find, suspend, verify and change accounts.",
    "admin users list --q ada@",
    'admin users suspend ada@example.com --reason "Bids on own items"',
)

LIKE_IT_MAX = 1000
"""How many accounts are looked at for one with exactly that e-mail address."""

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)

UserId = Annotated[
    str, typer.Argument(help="The id or the e-mail address of the account.", metavar="ID")
]
Reason = Annotated[
    str, typer.Option("--reason", help="Reason; it stays in the audit log.", metavar="TEXT")
]


class AccountRoleFilter(StrEnum):
    """Select accounts by what they may do."""

    BUYER = "buyer"
    SELLER = "seller"
    ADMIN = "admin"


class AccountStatusFilter(StrEnum):
    """Select accounts that may act, or may not."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


@command(
    app,
    "list",
    "List accounts, the newest first.",
    "admin users list",
    "admin users list --q ada@ --status active",
    "admin users list --role seller -o csv --limit 0",
    records=USER,
)
def list_users(
    ctx: typer.Context,
    q: Annotated[
        str | None,
        typer.Option(
            "--q", help="A part of the e-mail address or the name, or an id.", metavar="TEXT"
        ),
    ] = None,
    role: Annotated[AccountRoleFilter | None, typer.Option("--role", help="Only these.")] = None,
    status: Annotated[
        AccountStatusFilter | None, typer.Option("--status", help="Only these.")
    ] = None,
    limit: Limit = 50,
) -> None:
    """Print the accounts that match the filters."""
    with open_client(ctx) as (client, output):
        found = client.admin.users(
            q=q,
            role=role.value if role else None,
            status=status.value if status else None,
            page_size=page_size(limit),
        )
        output.many(USER, map(record_of, itertools.islice(found, limit or None)))


@command(
    app,
    "suspend",
    "Suspend an account. Its sessions end, its open auctions are cancelled, and it only reads.",
    'admin users suspend ada@example.com --reason "Bids on own items"',
    'admin users suspend ID --reason "Stolen account" --yes',
    records=USER,
)
def suspend(ctx: typer.Context, user: UserId, reason: Reason, yes: Yes = False) -> None:
    """Suspend the account after a question."""
    question = "Suspend {}? Sessions end, and open auctions are cancelled."
    _change_account(
        ctx, user, question, lambda admin, user_id: admin.suspend(user_id, reason), yes=yes
    )


@command(
    app,
    "unsuspend",
    "Let a suspended account act again. Auctions that were cancelled stay so.",
    'admin users unsuspend ada@example.com --reason "Wrong account" --yes',
    records=USER,
)
def unsuspend(ctx: typer.Context, user: UserId, reason: Reason, yes: Yes = False) -> None:
    """End the suspension after a question."""
    question = "Let {} act again?"
    _change_account(
        ctx, user, question, lambda admin, user_id: admin.unsuspend(user_id, reason), yes=yes
    )


@command(
    app,
    "verify",
    "Mark the e-mail address of an account as verified, so that it may withdraw.",
    'admin users verify ada@example.com --reason "Showed a passport" --yes',
    records=USER,
)
def verify(ctx: typer.Context, user: UserId, reason: Reason, yes: Yes = False) -> None:
    """Mark the e-mail address as verified after a question."""
    question = "Mark the address of {} as verified? The account may withdraw then."
    _change_account(
        ctx, user, question, lambda admin, user_id: admin.verify(user_id, reason), yes=yes
    )


@command(
    app,
    "allow-payouts",
    "Let an account withdraw again. A chargeback stops that until an admin has looked at it.",
    'admin users allow-payouts ada@example.com --reason "Showed a bank statement" --yes',
    records=USER,
)
def allow_payouts(ctx: typer.Context, user: UserId, reason: Reason, yes: Yes = False) -> None:
    """Allow withdrawals again after a question."""
    question = "Let {} withdraw again?"
    _change_account(
        ctx, user, question, lambda admin, user_id: admin.allow_payouts(user_id, reason), yes=yes
    )


@command(
    app,
    "role",
    "Give an account a role, in every session at once.",
    'admin users role ada@example.com seller --reason "Asked for it"',
    'admin users role ID admin --reason "New on the desk" --yes',
    records=USER,
)
def set_role(
    ctx: typer.Context,
    user: UserId,
    role: Annotated[
        AccountRoleFilter, typer.Argument(help="buyer, seller or admin.", metavar="ROLE")
    ],
    reason: Reason,
    yes: Yes = False,
) -> None:
    """Set the role of the account after a question."""
    question = f"Make {{}} {role.value}?"
    _change_account(
        ctx,
        user,
        question,
        lambda admin, user_id: admin.set_role(user_id, role.value, reason),
        yes=yes,
    )


def _change_account(
    ctx: typer.Context,
    user: str,
    question: str,
    change: Callable[[Admin[Sync], str], User],
    *,
    yes: bool,
) -> None:
    """Ask about the account that is meant, change it by its id, and print it."""
    with open_client(ctx) as (client, output):
        user_id = found_user(client, user)
        if not confirm(_about(client, user_id, question), assume_yes=yes):
            raise CliError("nothing was changed")
        output.one(USER, record_of(change(client.admin, user_id)))


def found_user(client: InstaSell, text: str) -> str:
    """Return the id that was meant. A part of an address is not enough: it could fit another user.

    Raises CliError for nobody, UsageProblem where it is not the whole address.
    """
    if _ID.fullmatch(text):
        return text.lower()
    # As the market stores addresses. Folding more than that would take an address that only looks
    # like this one, as one with a long s in it, for the same.
    wanted = unicodedata.normalize("NFC", text.strip()).lower()
    if not wanted:
        raise UsageProblem("name an account by its id or its e-mail address")
    seen = 0
    for user in itertools.islice(client.admin.users(q=wanted), LIKE_IT_MAX):
        if user.email == wanted:
            return user.id
        seen += 1
    if not seen:
        raise CliError(f"nobody has the e-mail address {wanted}", ExitCode.NOT_FOUND)
    if seen == LIKE_IT_MAX:
        raise UsageProblem(f"{seen:,} accounts and more are like {wanted}; give the id")
    many = "1 account is" if seen == 1 else f"{seen:,} accounts are"
    raise UsageProblem(
        f"{many} like {wanted}; give the whole e-mail address or the id"
        f" (instasell admin users list --q lists them)"
    )


def _about(client: InstaSell, user_id: str, question: str) -> Callable[[], str]:
    """Return the question with the name and address of the account, however it was typed."""

    def asked() -> str:
        for user in itertools.islice(client.admin.users(q=user_id), LIKE_IT_MAX):
            if user.id == user_id:
                return question.format(f"{clean(user.display_name)} <{clean(user.email)}>")
        raise CliError(f"nobody has the id {user_id}", ExitCode.NOT_FOUND)

    return asked
