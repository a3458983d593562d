"""`instasell auth`: signing in and out, and the profiles on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from instasell_cli.context import Invocation, invocation, open_client
from instasell_cli.exit_codes import CliError, ExitCode, UsageProblem
from instasell_cli.input.prompts import ask, ask_secret, is_interactive, secret_from_stdin
from instasell_cli.options import command, group
from instasell_cli.output.schemas import ACCOUNT, USER, record_of
from instasell_cli.output.writer import clean

if TYPE_CHECKING:
    from instasell_client import InstaSell
    from instasell_client.models.accounts import User
    from instasell_client.profiles import Profile

app = group(
    "Sign in and out, and switch between profiles.",
    "auth login",
    "auth status",
    "auth switch work",
    "auth logout",
    sections={
        "Sign in and out": ("login", "signup", "logout", "status"),
        "Address and password": ("verify", "forgot", "reset"),
        "Account and tokens": ("switch", "become-seller", "token", "tokens"),
    },
)

Email = Annotated[str | None, typer.Option("--email", help="The account's e-mail address.")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from the first line of stdin.")
]


class NewRole(StrEnum):
    """Name the roles with which an account can be created."""

    BUYER = "buyer"
    SELLER = "seller"


@dataclass(frozen=True)
class SignIn:
    """Hold the way to sign in: with a token from stdin, or an address and a password."""

    email: str | None = None
    with_token: bool = False
    password_stdin: bool = False


@dataclass(frozen=True)
class SignUp:
    """A new account."""

    email: str | None = None
    name: str | None = None
    role: NewRole = NewRole.BUYER
    password_stdin: bool = False


@command(
    app,
    "login",
    "Sign in and keep the token. It is in the keyring, or in a file that only you can read.",
    "auth login",
    "auth login --email me@example.com --password-stdin < password.txt",
    'auth login --with-token --profile ci <<< "$TOKEN"',
)
def login(
    ctx: typer.Context,
    email: Email = None,
    with_token: Annotated[
        bool, typer.Option("--with-token", help="Read a token from the first line of stdin.")
    ] = False,
    password_stdin: FromStdin = False,
) -> None:
    """Read how to sign in, and sign in."""
    run_login(invocation(ctx), SignIn(email, with_token, password_stdin))


def run_login(call: Invocation, options: SignIn) -> None:
    """Sign in, and save the profile. Raises BadCredentials, UsageProblem."""
    from instasell_client import InstaSell

    with InstaSell(wanted_url(call)) as client:
        if options.with_token:
            client.token = secret_from_stdin("a token")
            user = client.auth.me()
        else:
            email = options.email or ask("E-mail", option="--email, or --with-token")
            user = client.auth.login(email, password_of(options.password_stdin)).user
        _keep(call, client, user)


@command(
    app,
    "signup",
    "Create an account, and sign in with it.",
    "auth signup --role seller",
    "auth signup --email me@example.com --password-stdin < password.txt",
)
def signup(
    ctx: typer.Context,
    email: Email = None,
    name: Annotated[
        str | None, typer.Option("--name", help="The name that other people see.")
    ] = None,
    role: Annotated[NewRole, typer.Option("--role", help="A seller may buy, too.")] = NewRole.BUYER,
    password_stdin: FromStdin = False,
) -> None:
    """Read the new account, and create it."""
    run_signup(invocation(ctx), SignUp(email, name, role, password_stdin))


def run_signup(call: Invocation, options: SignUp) -> None:
    """Make an account, and save the profile; or say how to prove the address first.

    Raises EmailTaken, Invalid, UsageProblem.
    """
    from instasell_client import InstaSell
    from instasell_client.models.accounts import Grant

    email = options.email or ask("E-mail", option="--email")
    password = password_of(options.password_stdin, twice=True)
    with InstaSell(wanted_url(call)) as client:
        reply = client.auth.signup(
            email, password, display_name=options.name, role=options.role.value
        )
        if isinstance(reply, Grant):
            _keep(call, client, reply.user)
        else:
            call.output.note(clean(reply.message))


@command(app, "logout", "End the session, and forget its token.", "auth logout")
def logout(ctx: typer.Context) -> None:
    """End the session of the profile."""
    run_logout(invocation(ctx))


def run_logout(call: Invocation) -> None:
    """End the session at the server where it can, and forget the token in any case."""
    from instasell_client import InstaSellError, Unauthenticated

    target = call.target
    if target.token is None:
        raise CliError("you are not signed in", ExitCode.NOT_ALLOWED)
    try:
        with call.client() as client:
            client.auth.logout()
    except Unauthenticated:
        call.output.note("the session had ended already")
    except InstaSellError as error:
        call.output.note(f"the session on the server may still be open: {error}")
    if target.profile is not None:
        call.store.forget_token(target.profile.name)
    call.output.note(f"signed out of {target.url}")


@command(
    app,
    "status",
    "Show the server, and who is signed in there. Exit 4 when nobody is.",
    "auth status",
    "auth status -o json --fields email,role",
    records=ACCOUNT,
)
def status(ctx: typer.Context) -> None:
    """Print the account, and end with NOT_ALLOWED when there is none."""
    if not run_status(invocation(ctx)):
        raise typer.Exit(ExitCode.NOT_ALLOWED)


def run_status(call: Invocation) -> bool:
    """Print the account, and return whether a user is signed in."""
    from instasell_client import Unauthenticated

    target = call.target
    user: Mapping[str, object] = {}
    if target.token is not None:
        try:
            with call.client() as client:
                user = client.auth.me().model_dump(mode="json")
        except Unauthenticated:
            call.output.note("the session has ended; sign in again: instasell auth login")
    name = target.profile.name if target.profile else None
    record = {"profile": name, "url": target.url, "signed_in": bool(user)}
    told = {key: user.get(key) for key in ("email", "display_name", "role", "status")}
    call.output.one(ACCOUNT, {**record, **told})
    return bool(user)


@command(
    app,
    "become-seller",
    "Let your account sell as well as buy. This cannot be undone.",
    "auth become-seller",
    records=USER,
)
def become_seller(ctx: typer.Context) -> None:
    """Give the account the role of a seller, and print it."""
    with open_client(ctx) as (client, output):
        output.one(USER, record_of(client.auth.become_seller()))


@command(
    app,
    "switch",
    "Use another profile from here on; without a name, list them.",
    "auth switch",
    "auth switch ci",
    records=ACCOUNT,
)
def switch(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(help="The profile.")] = None,
) -> None:
    """Make a profile the current one, or list them."""
    run_switch(invocation(ctx), name)


def run_switch(call: Invocation, name: str | None) -> None:
    """Make a profile the current one, or list all. Raises ProfileError."""
    if name is None:
        current = call.store.current_name()
        profiles = call.store.list().values()
        call.output.many(ACCOUNT, (_listed(call, each, current) for each in profiles))
        return
    profile = call.store.use(name)
    call.output.note(f"{profile.name}: {profile.email or 'nobody'} at {profile.url}")


@command(
    app,
    "token",
    "Print the token, for another program.",
    '$ INSTASELL_TOKEN="$(instasell auth token)" python script.py',
)
def token(ctx: typer.Context) -> None:
    """Print the token of the profile."""
    run_token(invocation(ctx))


def run_token(call: Invocation) -> None:
    """Print the token alone."""
    found = call.target.token
    if found is None:
        raise CliError("you are not signed in (instasell auth login)", ExitCode.NOT_ALLOWED)
    call.output.line(found)


def _listed(call: Invocation, profile: Profile, current: str) -> Mapping[str, object]:
    known = call.store.token(profile) is not None
    name = f"{profile.name} *" if profile.name == current else profile.name
    shown = profile.name if call.output.form != "table" else name
    return {"profile": shown, "url": profile.url, "signed_in": known, "email": profile.email}


def wanted_url(call: Invocation) -> str:
    """Return the address to sign in to. A named profile that is new is created later."""
    from instasell_client.profiles import resolve_target

    known = call.profile is None or call.store.find(call.profile) is not None
    return resolve_target(call.profile if known else None, call.url, store=call.store).url


def _keep(call: Invocation, client: InstaSell, user: User) -> None:
    import os

    from instasell_client.profiles import Profile

    name = call.profile or call.store.current_name()
    former = call.store.find()
    replaced = call.store.find(name)
    call.store.save(Profile(name, client.base_url, user.email), client.token)
    call.output.note(
        f"signed in to {client.base_url} as {clean(user.email)} ({user.role.value}), profile {name}"
    )
    if former is not None and former.name != name:
        call.output.note(
            f"{name} is the current profile now; back to the former one:"
            f" instasell auth switch {former.name}"
        )
    if replaced is not None and (replaced.email, replaced.url) != (user.email, client.base_url):
        call.output.note(
            f"the profile {name} was {replaced.email or 'nobody'} at {replaced.url} before;"
            " --profile NAME keeps several"
        )
    if os.environ.get("INSTASELL_TOKEN"):
        call.output.note("INSTASELL_TOKEN is set, and wins over the profile")


def password_of(from_stdin: bool, *, twice: bool = False, option: str = "--password-stdin") -> str:
    """Return a password from stdin or the prompt; a new one is asked for twice."""
    if from_stdin:
        return secret_from_stdin("a password")
    password = ask_secret("Password", option=option)
    if twice and is_interactive() and ask_secret("Again", option=option) != password:
        raise UsageProblem("the two passwords differ")
    return password
