"""Times and spans as people read them."""

from __future__ import annotations

from datetime import datetime

LOCAL_FORMAT = "%Y-%m-%d %H:%M:%S"
UNITS_SECONDS = (86400, 3600, 60, 1)
"""Days, hours, minutes and seconds."""


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
    for unit, name in zip(UNITS_SECONDS, "dhms", strict=True):
        count, left = divmod(left, unit)
        if count or (name == "s" and not parts):
            parts.append(f"{count}{name}")
    return " ".join(parts[:2])
