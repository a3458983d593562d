"""Exit codes, and which error ends with which."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """List the exit codes of the process; `instasell help exit-codes` prints this table."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    NOT_ALLOWED = 4
    NOT_FOUND = 5
    CONFLICT = 6
    PARTLY = 7
    INTERRUPTED = 130


MEANINGS: dict[ExitCode, str] = {
    ExitCode.OK: "done",
    ExitCode.FAILURE: "failed: no connection, too many requests, no payment, or a server's problem",
    ExitCode.USAGE: "used wrongly: an option or a value that is missing or cannot be taken",
    ExitCode.NOT_ALLOWED: "not signed in, or not allowed",
    ExitCode.NOT_FOUND: "there is no such thing",
    ExitCode.CONFLICT: "the state of the market is against it: outbid, over, in use, too little",
    ExitCode.PARTLY: "a bulk command did its work but for some rows that were rejected",
    ExitCode.INTERRUPTED: "interrupted with Ctrl-C",
}


class CliError(Exception):
    """A failure that the command line itself finds; the message names the remedy."""

    def __init__(self, message: str, code: ExitCode = ExitCode.FAILURE) -> None:
        super().__init__(message)
        self.exit_code = code


class UsageProblem(CliError):
    """An option or a value that is missing or cannot be taken."""

    def __init__(self, message: str) -> None:
        super().__init__(message, ExitCode.USAGE)


def exit_code_of(error: BaseException) -> ExitCode:
    """Return the exit code for an error that ends a command."""
    if isinstance(error, CliError):
        return error.exit_code
    if isinstance(error, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    from instasell_client import errors
    from instasell_client.profiles import ProfileError

    by_kind = (
        ((errors.Unauthenticated, errors.Forbidden), ExitCode.NOT_ALLOWED),
        ((errors.NotFound,), ExitCode.NOT_FOUND),
        ((errors.Conflict,), ExitCode.CONFLICT),
        ((errors.Invalid, ProfileError), ExitCode.USAGE),
    )
    for kinds, code in by_kind:
        if isinstance(error, kinds):
            return code
    return ExitCode.FAILURE


def message_of(error: BaseException) -> str:
    """Return the message for the user, one line for each bad field."""
    from instasell_client import errors

    if isinstance(error, errors.Invalid) and error.errors:
        return "\n".join(f"{entry.field}: {entry.message}" for entry in error.errors)
    text = str(error)
    if isinstance(error, errors.Unauthenticated) and not isinstance(error, errors.BadCredentials):
        return f"{text} (instasell auth login, or set INSTASELL_TOKEN)"
    if isinstance(error, errors.InstaSellError) and error.status >= 500 and error.request_id:
        return f"{text} (request {error.request_id})"
    return text
