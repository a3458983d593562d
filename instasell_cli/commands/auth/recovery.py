"""`instasell auth verify`, `forgot` and `reset`: what is done by the token of a mail."""

from __future__ import annotations

from typing import Annotated

import typer

from instasell_cli.commands.auth import tokens
from instasell_cli.commands.auth.app import Email, app, password_of, wanted_url
from instasell_cli.context import Invocation, invocation
from instasell_cli.exit_codes import UsageProblem
from instasell_cli.input.prompts import ask, ask_secret, secret_from_stdin
from instasell_cli.options import command

app.add_typer(tokens.app, name="tokens")


@command(
    app,
    "verify",
    "Verify your address with the token of an e-mail. `auth verify --send` sends another one.",
    "auth verify",
    "auth verify - < token.txt",
    "auth verify - --password-stdin < token-and-password.txt",
    "auth verify --send",
)
def verify(
    ctx: typer.Context,
    token: Annotated[
        str | None,
        typer.Argument(
            help="The token, or - for stdin. Other people on this machine may see arguments:"
            " without one it is asked for.",
            show_default=False,
        ),
    ] = None,
    send: Annotated[bool, typer.Option("--send", help="Send another token by e-mail.")] = False,
    password_stdin: Annotated[
        bool,
        typer.Option(
            "--password-stdin",
            help="Read the password of a new account from stdin, after the token.",
        ),
    ] = False,
) -> None:
    """Verify an address with a token, or send one."""
    run_verify(invocation(ctx), token, send=send, password_stdin=password_stdin)


def run_verify(
    call: Invocation, token: str | None, *, send: bool = False, password_stdin: bool = False
) -> None:
    """Prove an address, or have a token mailed. Raises Invalid, RateLimited, UsageProblem.

    The token of a sign-up needs the password of the new account, which is asked for.
    """
    from instasell_client import InstaSell, Invalid

    if send:
        if token is not None:
            raise UsageProblem("give a token or --send, not both")
        with call.client() as client:
            client.auth.verify()
        call.output.note("a token is on its way to your address")
        return
    with InstaSell(wanted_url(call)) as client:
        mailed = _mailed_token(token)
        password = secret_from_stdin("a password") if password_stdin else None
        try:
            client.auth.verify(mailed, password)
        except Invalid as error:
            is_signup = any(each.field == "password" for each in error.errors)
            if password is not None or not is_signup:
                raise
            # A market that takes the password only with the proof has used nothing up yet.
            password = password_of(False, twice=True)
            client.auth.verify(mailed, password)
    if password is None:
        call.output.note("the address is verified")
    else:
        call.output.note("the account is ready; sign in with it: instasell auth login")


@command(
    app,
    "forgot",
    "Send a token by e-mail that sets a new password.",
    "auth forgot --email me@example.com",
)
def forgot(ctx: typer.Context, email: Email = None) -> None:
    """Ask the server for an e-mail with a token."""
    run_forgot(invocation(ctx), email)


def run_forgot(call: Invocation, email: str | None) -> None:
    """Ask for an e-mail; the answer does not say whether the account exists. Raises RateLimited."""
    from instasell_client import InstaSell

    wanted = email or ask("E-mail", option="--email")
    with InstaSell(wanted_url(call)) as client:
        client.auth.forgot(wanted)
    call.output.note(
        "if there is such an account, a token is on its way; then: instasell auth reset"
    )


@command(
    app,
    "reset",
    "Set a new password with the token of an e-mail. Every session of the account ends.",
    "auth reset",
    "auth reset --stdin < token-and-password.txt",
)
def reset(
    ctx: typer.Context,
    from_stdin: Annotated[
        bool,
        typer.Option("--stdin", help="Read the token and then the password, a line each."),
    ] = False,
) -> None:
    """Set a new password with a token, from the prompt or stdin."""
    run_reset(invocation(ctx), from_stdin=from_stdin)


def run_reset(call: Invocation, *, from_stdin: bool) -> None:
    """Set a new password. Raises Invalid for a token that is wrong, used or expired."""
    from instasell_client import InstaSell

    if from_stdin:
        token = secret_from_stdin("a token")
    else:
        token = ask_secret("Token", option="--stdin")
    password = password_of(from_stdin, twice=True, option="--stdin")
    with InstaSell(wanted_url(call)) as client:
        client.auth.reset(token, password)
    call.output.note("the password is set; sign in with it: instasell auth login")


def _mailed_token(given: str | None) -> str:
    if given == "-":
        return secret_from_stdin("a token")
    return given or ask_secret("Token", option="the token, or - for stdin")


__all__ = ["app"]
