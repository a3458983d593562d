"""Addresses of servers."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

DEFAULT_URL = "http://127.0.0.1:8780"
"""Where a server listens that was started without configuration."""


def checked_url(url: str) -> str:
    """Return the address of a server, without a slash at its end.

    Raises ValueError, with a sentence for the person, for anything else than http(s)://host.
    """
    try:
        parsed = urlsplit(url.strip())
        port = parsed.port
    except ValueError as error:
        raise ValueError(f"{url!r} is not an address: {error}") from error
    if parsed.scheme not in ("http", "https") or not parsed.hostname or port == 0:
        raise ValueError(f"{url!r} is not an address; write it as {DEFAULT_URL}")
    if parsed.username is not None or parsed.query or parsed.fragment:
        raise ValueError("leave user, query and fragment out of the address")
    return urlunsplit((parsed.scheme, parsed.netloc, parsed.path.rstrip("/"), "", ""))


def live_url(base_url: str) -> str:
    """Return the address of the live socket of the server at `base_url`."""
    scheme, rest = base_url.split("://", 1)
    return f"{'wss' if scheme == 'https' else 'ws'}://{rest}/ws"
