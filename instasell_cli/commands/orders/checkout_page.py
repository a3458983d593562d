"""The payment provider's page: shown, opened, and waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from instasell_cli.exit_codes import CliError, UsageProblem
from instasell_cli.input.prompts import is_interactive
from instasell_cli.input.times import parse_seconds
from instasell_cli.output.times import span_text

if TYPE_CHECKING:
    from instasell_cli.output.writer import OutputWriter

T = TypeVar("T")

FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 5.0


@dataclass(frozen=True)
class PageOptions:
    """Hold the options for the payment page, as typed."""

    opens: bool = False
    waits: bool = False
    timeout: str = "15m"

    def timeout_seconds(self) -> int:
        """Return the longest wait in seconds. Raises UsageProblem."""
        return parse_seconds(self.timeout, "--timeout")


def prints_link_alone(output: OutputWriter) -> bool:
    """Return whether the link is the whole output, so that a shell can take it as it is."""
    return output.for_people and not output.fields


def show_page(output: OutputWriter, url: str | None, options: PageOptions) -> str:
    """Print the link where it is the output or is waited for, and open it if that is wanted.

    Raises CliError where there is no page.
    """
    if url is None:
        raise CliError("the payment provider has no page for it; look at it, and try again")
    if prints_link_alone(output):
        output.text(url)
    elif options.waits:
        # The record comes when it is paid, which takes the link first.
        output.note(f"pay here: {url}")
    if options.opens:
        _open(output, url)
    return url


def _open(output: OutputWriter, url: str) -> None:
    if not is_interactive():
        output.note("the page is not opened: there is no terminal")
        return
    if not url.startswith(("https://", "http://")):
        # Whatever else a server may answer is not handed to programs of this machine.
        raise UsageProblem("--open: the link is no web page")
    import webbrowser

    if not webbrowser.open(url):
        output.note("there is no browser to open the page in")


def wait_until_paid(look: Callable[[], T | None], options: PageOptions) -> T:
    """Call `look` until it returns something, and return that; the pauses between calls grow.

    A market that does not answer for a while is asked again. Raises CliError when the time is
    over, and what `look` raises for good.
    """
    from instasell_client import InstaSellError

    seconds = options.timeout_seconds()
    over_at = time.monotonic() + seconds
    pause = FIRST_PAUSE_SECONDS
    while True:
        try:
            found = look()
        except InstaSellError as error:
            if not error.retryable:
                raise
            found = None
        if found is not None:
            return found
        left = over_at - time.monotonic()
        if left <= 0:
            raise CliError(f"it was not paid within {span_text(seconds)}; it still can be")
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)
