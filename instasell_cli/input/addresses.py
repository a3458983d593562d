"""Read delivery addresses from a file or from options."""

from __future__ import annotations

import json
from collections.abc import Mapping

from instasell_cli.exit_codes import UsageProblem
from instasell_cli.input.files import opened_text
from instasell_cli.input.prompts import ask

CHARACTERS_MAX = 64 * 1024
EXAMPLE = (
    '{"name": "Bob Lee", "line1": "5 Mill Lane", "postal_code": "10115",'
    ' "city": "Berlin", "country": "DE"}'
)

_NEEDED = {
    "name": "Name",
    "line1": "Street and number",
    "postal_code": "Postal code",
    "city": "City",
    "country": "Country (two letters, as DE)",
}


def read_address(name: str) -> Mapping[str, object]:
    """Return the JSON object in a file, or on stdin for "-"; the client checks its fields.

    Raises UsageProblem.
    """
    with opened_text(name) as file:
        content = file.read(CHARACTERS_MAX + 1)
    try:
        found = json.loads(content) if len(content) <= CHARACTERS_MAX else None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise UsageProblem(f"{name}: it is not an address; write {EXAMPLE}")
    return found


def complete_address(typed: Mapping[str, str | None]) -> Mapping[str, object]:
    """Return the typed parts; ask on a terminal for those that are needed and missing.

    Raises UsageProblem that names the option where nobody can be asked.
    """
    found = {name: value for name, value in typed.items() if value is not None}
    for name, question in _NEEDED.items():
        if name not in found:
            found[name] = ask(question, option=f"--{name.replace('_', '-')}, or --ship-to FILE")
    found["country"] = found["country"].upper()
    return found
