"""`--jq`: a filter of jq over the JSON of a command."""

from __future__ import annotations

import json
from collections.abc import Iterator

import jq

from instasell_cli.exit_codes import CliError, UsageProblem
from instasell_cli.output.writer import clean, json_text


class JqFilter:
    """A compiled expression. Raises UsageProblem for one that jq does not take."""

    def __init__(self, expression: str) -> None:
        try:
            self._program = jq.compile(expression)
        except ValueError as error:
            raise UsageProblem(f"--jq: {error}") from error

    def pieces(self, document: object) -> Iterator[str]:
        """Yield a line for each result: text as it is, everything else as JSON."""
        try:
            for result in self._program.input_text(json.dumps(document)):
                if isinstance(result, str):
                    yield clean(result, keep="\n\t") + "\n"
                else:
                    yield json_text(result) + "\n"
        except ValueError as error:
            raise CliError(f"--jq: {error}") from error
