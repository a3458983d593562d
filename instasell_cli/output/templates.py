"""`--template`: a Jinja template over the JSON of a command."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime

from jinja2 import ChainableUndefined, TemplateError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from instasell_cli.exit_codes import CliError, UsageProblem
from instasell_cli.output.amounts import shown_amount
from instasell_cli.output.times import local_text, span_text
from instasell_cli.output.writer import clean, json_text

NAMES = ("records", "record")
"""What every template has: the records, and the single one where there is no list."""


class JinjaTemplate:
    """A template in a sandbox: it reads records, and nothing else of this computer.

    With `known`, names that are neither `NAMES` nor known fields are refused at once. Raises
    UsageProblem.
    """

    def __init__(self, text: str, known: Collection[str] | None = None) -> None:
        environment = ImmutableSandboxedEnvironment(
            undefined=ChainableUndefined, finalize=_shown, autoescape=False
        )
        environment.filters.update(
            amount=_amount, local=_local, ago=_ago, json=lambda value: json_text(value)
        )
        try:
            names = meta.find_undeclared_variables(environment.parse(text))
            self._template = environment.from_string(text)
        except TemplateError as error:
            raise UsageProblem(f"--template: {error}") from error
        unknown = sorted(names - {*NAMES, *(known or names), *environment.globals})
        if unknown:
            there = ", ".join((*NAMES, *(known or ())))
            raise UsageProblem(f"--template: there is no {unknown[0]!r}; there are: {there}")

    def pieces(self, document: object) -> Iterator[str]:
        """Yield the template's text for a document, with a line end after it."""
        names: dict[str, object] = {}
        if isinstance(document, Mapping):
            names = {**document, "record": document, "records": [document]}
        else:
            names = {"records": document}
        try:
            text = self._template.render(names)
        except (TemplateError, ValueError, TypeError, ArithmeticError) as error:
            raise CliError(f"--template: {error}") from error
        if text:
            yield clean(text, keep="\n\t").removesuffix("\n") + "\n"


def _shown(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return json_text(value) if isinstance(value, dict | list) else value


def _amount(value: object, currency: str | None = None) -> str:
    """Return minor units as 12.50."""
    return shown_amount(value, currency) if isinstance(value, int) else ""


def _local(value: object) -> str:
    """Return a time in the local zone."""
    return local_text(str(value)) if value else ""


def _ago(value: object) -> str:
    """Return how long ago a time is, or how long it is still to come."""
    try:
        seconds = (datetime.now(UTC) - datetime.fromisoformat(str(value))).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return ""
    return f"{span_text(seconds)} ago" if seconds >= 0 else f"in {span_text(-seconds)}"
