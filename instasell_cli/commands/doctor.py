"""`instasell doctor`: whether everything is in place."""

from __future__ import annotations

import os
import platform
import stat
from collections.abc import Iterator, Mapping

import typer

from instasell_cli.context import Invocation, invocation
from instasell_cli.exit_codes import CliError, ExitCode, message_of
from instasell_cli.options import command
from instasell_cli.output.schemas import CHECK
from instasell_cli.processes import command_of

GOOD, WARNING, BAD = "ok", "warning", "failed"
PRIVATE_MODE = 0o077


def add_to(app: typer.Typer) -> None:
    """Declare the command."""
    command(
        app,
        "doctor",
        "Check this installation, the profile and the server. Exit 1 when something fails.",
        "doctor",
        "doctor -o json",
        records=CHECK,
    )(doctor)


def doctor(ctx: typer.Context) -> None:
    """Print the checks, and end with FAILURE when one failed."""
    if not run_doctor(invocation(ctx)):
        raise typer.Exit(ExitCode.FAILURE)


def run_doctor(call: Invocation) -> bool:
    """Print every check, and return whether none failed."""
    checks = list(_checks(call))
    call.output.many(CHECK, checks)
    return all(check["state"] != BAD for check in checks)


def _checks(call: Invocation) -> Iterator[Mapping[str, str]]:
    yield _check("python", GOOD, platform.python_version())
    for package, name in (("instasell_server", "server"), ("instasell_tui", "screen")):
        try:
            command_of(package)
            yield _check(name, GOOD, "installed")
        except CliError as error:
            yield _check(name, WARNING, str(error))
    yield _folder(call)
    yield from _server(call)


def _folder(call: Invocation) -> Mapping[str, str]:
    folder = call.store.folder / "tokens"
    if not folder.exists():
        return _check("tokens", GOOD, f"none in {folder}")
    loose = [
        path.name
        for path in (folder, *folder.iterdir())
        if stat.S_IMODE(path.stat().st_mode) & PRIVATE_MODE
    ]
    if loose and os.name == "posix":
        return _check("tokens", BAD, f"others can read {', '.join(loose)} in {folder}; chmod go=")
    return _check("tokens", GOOD, f"private, in {folder}")


def _server(call: Invocation) -> Iterator[Mapping[str, str]]:
    from instasell_client import InstaSellError, ProfileError, Unauthenticated

    try:
        target = call.target
        yield _check("profile", GOOD, target.profile.name if target.profile else "none is needed")
        with call.client() as client:
            ready = client.operations.ready()
            state = GOOD if ready.status == "ok" else WARNING
            yield _check("market", state, f"{target.url}: {ready.status}")
            if target.token is None:
                yield _check("account", WARNING, "nobody is signed in (instasell auth login)")
                return
            user = client.auth.me()
            yield _check("account", GOOD, f"{user.email} ({user.role.value})")
    except Unauthenticated:
        yield _check("account", BAD, "the session has ended; sign in again: instasell auth login")
    except (InstaSellError, ProfileError) as error:
        yield _check("market", BAD, message_of(error))


def _check(name: str, state: str, detail: str) -> Mapping[str, str]:
    return {"check": name, "state": state, "detail": detail}
