"""Ask the user at the terminal, and find out whether there is one."""

from __future__ import annotations

import sys
from collections.abc import Callable

from instasell_cli.exit_codes import UsageProblem

SECRET_BYTES_MAX = 8192


def is_interactive() -> bool:
    """Return whether a user can be asked: questions go to stderr, answers come from stdin."""
    return _is_tty(sys.stdin) and _is_tty(sys.stderr)


def ask(question: str, *, option: str) -> str:
    """Ask the user for a line. Raises UsageProblem, naming `option`, where there is no terminal."""
    _require_terminal(option)
    print(f"{question}: ", end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline()
    if not answer.strip():
        raise UsageProblem(f"no answer; give {option}")
    return answer.strip()


def ask_secret(question: str, *, option: str) -> str:
    """Ask the same without an echo."""
    import getpass

    _require_terminal(option)
    answer = getpass.getpass(f"{question}: ", stream=sys.stderr)
    if not answer:
        raise UsageProblem(f"no answer; give {option}")
    return answer


def confirm(question: str | Callable[[], str], *, assume_yes: bool) -> bool:
    """Ask before a step that moves money, affects other users, or cannot be undone.

    A question that has to be looked up first is given as a function; it is called only where it is
    asked. Raises UsageProblem, naming --yes, where there is no terminal: a script that forgot the
    option ends at once, and nothing has happened.
    """
    if assume_yes:
        return True
    _require_terminal("--yes")
    text = question if isinstance(question, str) else question()
    print(f"{text} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def secret_from_stdin(what: str) -> str:
    """Return the first line of stdin. Raises UsageProblem when there is none."""
    text = sys.stdin.readline(SECRET_BYTES_MAX).rstrip("\r\n")
    if not text:
        raise UsageProblem(f"{what} is expected on stdin, and nothing came")
    return text


def _require_terminal(option: str) -> None:
    if not is_interactive():
        raise UsageProblem(f"there is no terminal to ask on; give {option}")


def _is_tty(stream: object) -> bool:
    try:
        return bool(stream.isatty())  # type: ignore[attr-defined]
    except (AttributeError, ValueError):
        return False
