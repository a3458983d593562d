"""Read times and spans as people type them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from instasell_cli.exit_codes import UsageProblem
from instasell_cli.output.times import UNITS_SECONDS

_SPAN = re.compile(r"(?:(\d{1,4})d)?(?:(\d{1,5})h)?(?:(\d{1,6})m)?(?:(\d{1,8})s?)?", re.ASCII)


def parse_seconds(text: str, option: str) -> int:
    """Return seconds from "90", "90s", "10m", "1d12h". Raises UsageProblem."""
    found = _SPAN.fullmatch(text.strip().lower())
    if found is None or not any(found.groups()):
        raise UsageProblem(f"{option}: {text!r} is not a span of time; write 90s, 10m or 1d12h")
    counts = (int(group or 0) for group in found.groups())
    return sum(count * unit for count, unit in zip(counts, UNITS_SECONDS, strict=True))


def parse_instant(text: str, option: str) -> datetime:
    """Read a time with its zone, from ISO 8601 (local without a zone) or "+10m" from now.

    Raises UsageProblem.
    """
    if text.startswith("+"):
        try:
            return datetime.now(UTC) + timedelta(seconds=parse_seconds(text[1:], option))
        except OverflowError as error:
            raise UsageProblem(f"{option}: {text!r} is too far away") from error
    try:
        found = datetime.fromisoformat(text)
        return found if found.tzinfo else found.astimezone()
    except (ValueError, OverflowError) as error:
        raise UsageProblem(
            f"{option}: {text!r} is not a time; write 2030-01-31T18:00 or +10m"
        ) from error
