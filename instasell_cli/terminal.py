"""What the terminal can do, and questions to the person in front of it."""

from __future__ import annotations

import sys

from instasell_cli.exits import UsageProblem

SECRET_BYTES_MAX = 8192


def is_interactive() -> bool:
    """Whether somebody is there to be asked: questions go to stderr, answers come from stdin."""
    return _is_tty(sys.stdin) and _is_tty(sys.stderr)


def ask(question: str, *, option: str) -> str:
    """A line from the person. Raises UsageProblem, naming `option`, where nobody can answer."""
    _need_somebody(option)
    print(f"{question}: ", end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline()
    if not answer.strip():
        raise UsageProblem(f"no answer; give {option}")
    return answer.strip()


def ask_secret(question: str, *, option: str) -> str:
    """The same without an echo."""
    import getpass

    _need_somebody(option)
    answer = getpass.getpass(f"{question}: ", stream=sys.stderr)
    if not answer:
        raise UsageProblem(f"no answer; give {option}")
    return answer


def confirm(question: str, *, assume_yes: bool) -> bool:
    """Whether to go on. Asked on a terminal only: off it, running the command is the answer."""
    if assume_yes or not is_interactive():
        return True
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def confirm_money(question: str, *, assume_yes: bool) -> bool:
    """Whether to let money move. Raises UsageProblem, naming --yes, where nobody can be asked."""
    if not assume_yes:
        _need_somebody("--yes")
    return confirm(question, assume_yes=assume_yes)


def confirm_consequence(question: str, *, assume_yes: bool) -> bool:
    """Whether to do what hits somebody else, as a ban; asked like what moves money."""
    return confirm_money(question, assume_yes=assume_yes)


def secret_from_stdin(what: str) -> str:
    """The first line of stdin. Raises UsageProblem when there is none."""
    text = sys.stdin.readline(SECRET_BYTES_MAX).rstrip("\r\n")
    if not text:
        raise UsageProblem(f"{what} is expected on stdin, and nothing came")
    return text


def _need_somebody(option: str) -> None:
    if not is_interactive():
        raise UsageProblem(f"there is no terminal to ask on; give {option}")


def _is_tty(stream: object) -> bool:
    try:
        return bool(stream.isatty())  # type: ignore[attr-defined]
    except (AttributeError, ValueError):
        return False
