"""Signs the people of a seed in or up: many with one request by an admin, else each by themselves.

Sign-ins and sign-ups count for the address of the caller, so a market that others can reach lets
only so many through in a quarter of an hour. An admin's request counts once for up to 100 people.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from instasell_cli.exit_codes import CliError, ExitCode

if TYPE_CHECKING:
    from instasell_client.models.admin import EnteredUser

# bcrypt takes about 60 ms each, so a request takes a few seconds.
AT_ONCE_MAX = 50
REASON = "seeding the market"
WAYS_ON = (
    "What was done stays. To go on without waiting, sign in as an admin (instasell auth login), set"
    " INSTASELL_ADMIN_TOKEN, or add --create-admin: an admin signs people in by the hundred."
)


class Entrant(NamedTuple):
    """Name a person who is to be signed in, or up."""

    email: str
    password: str
    display_name: str
    sells: bool


async def enter_people(
    url: str, admin_token: str | None, people: Sequence[Entrant]
) -> Mapping[str, EnteredUser]:
    """Return what became of people, by e-mail address; nothing without an admin's token."""
    from instasell_client import AsyncInstaSell

    found: dict[str, EnteredUser] = {}
    if admin_token is None:
        return found
    async with AsyncInstaSell(url, admin_token) as admin:
        for start in range(0, len(people), AT_ONCE_MAX):
            part = people[start : start + AT_ONCE_MAX]
            rows = [
                {
                    "email": person.email,
                    "password": person.password,
                    "display_name": person.display_name,
                    "role": "seller" if person.sells else "buyer",
                }
                for person in part
            ]
            entered = await admin.admin.enter_users(rows, REASON)
            found |= {person.email: item for person, item in zip(part, entered.items, strict=True)}
    return found


def requires_proof(email: str) -> CliError:
    """Return the error of a market that made no account yet, because it mails a token first."""
    return CliError(
        f"{email}: this market makes an account only when its address is proved by a mailed token;"
        " sign in as an admin (instasell auth login), who may enter people without one",
        ExitCode.NOT_ALLOWED,
    )


@contextmanager
def explain_limits() -> Iterator[None]:
    """Say how a seed goes on that a limit has stopped. Raises CliError."""
    from instasell_client import RateLimited

    try:
        yield
    except RateLimited as error:
        raise CliError(f"{str(error).rstrip('.')}. {WAYS_ON}") from error
