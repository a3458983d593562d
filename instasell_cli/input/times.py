"""Times and spans as a person types and reads them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from instasell_cli.exit_codes import UsageProblem

_SPAN = re.compile(r"(?:(\d{1,4})d)?(?:(\d{1,5})h)?(?:(\d{1,6})m)?(?:(\d{1,8})s?)?", re.ASCII)
LOCAL_FORMAT = "%Y-%m-%d %H:%M:%S"
_UNITS_SECONDS = (86400, 3600, 60, 1)


def parse_seconds(text: str, option: str) -> int:
    """Seconds from "90", "90s", "10m", "1d12h". Raises UsageProblem."""
    found = _SPAN.fullmatch(text.strip().lower())
    if found is None or not any(found.groups()):
        raise UsageProblem(f"{option}: {text!r} is not a span of time; write 90s, 10m or 1d12h")
    counts = (int(group or 0) for group in found.groups())
    return sum(count * unit for count, unit in zip(counts, _UNITS_SECONDS, strict=True))


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


def local_text(instant: str) -> str:
    """Return an ISO time of the wire in the local zone; any other text stays as it is."""
    try:
        return datetime.fromisoformat(instant).astimezone().strftime(LOCAL_FORMAT)
    except (ValueError, OverflowError):
        return instant


def short_text(local: str) -> str:
    """Shorten a time of `local_text` by what is the same today: the date, or the year."""
    try:
        instant = datetime.strptime(local, LOCAL_FORMAT)
    except ValueError:
        return local
    today = datetime.now()
    if instant.date() == today.date():
        return f"{instant:%H:%M:%S}"
    return f"{instant:%m-%d %H:%M}" if instant.year == today.year else f"{instant:%Y-%m-%d}"


def span_text(seconds: float) -> str:
    """Return a span in its two largest units: 3725 is "1h 2m"."""
    left = max(0, int(seconds))
    parts: list[str] = []
    for unit, name in zip(_UNITS_SECONDS, "dhms", strict=True):
        count, left = divmod(left, unit)
        if count or (name == "s" and not parts):
            parts.append(f"{count}{name}")
    return " ".join(parts[:2])
