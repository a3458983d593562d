"""Opening a page in the browser, where that does not take the terminal away."""

from __future__ import annotations

import asyncio
import webbrowser
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from textual.app import App

_IN_TERMINAL = frozenset({"GenericBrowser", "Elinks"})
"""Browsers that run in the terminal, and would draw over this screen."""


def is_page(url: str) -> bool:
    """Return whether an address is that of a web page: others could name a file or start a
    program.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


async def open_page(app: App[None], url: str) -> bool:
    """Open a page; False where there is no browser with a window of its own."""
    if not is_page(url):
        return False
    if app.is_web:
        app.open_url(url)
        return True
    # Browsers are looked for and started with calls that block, for seconds at worst.
    if not await asyncio.to_thread(_has_window):
        return False
    await asyncio.to_thread(app.open_url, url)
    return True


def _has_window() -> bool:
    try:
        return type(webbrowser.get()).__name__ not in _IN_TERMINAL
    except webbrowser.Error:
        return False
