"""Signing up from the screen at a market that makes an account only after the proof."""

from __future__ import annotations

import pytest

from instasell_server.config.settings import Settings
from instasell_tui.account.screen import SignInScreen
from tests.support.market import PASSWORD
from tests.support.servers import settings_for_tests
from tests.tui.pilot import Opener


@pytest.fixture
def server_settings(database_url: str, redis_url: str) -> Settings:
    """A server that has each address proved."""
    return settings_for_tests(database_url, redis_url, signup_needs_proof=True)


async def test_a_sign_up_says_what_to_do_next(screen: Opener) -> None:
    async with screen(loaded=False) as shown:
        await shown.until(lambda: isinstance(shown.app.screen, SignInScreen))
        await shown.press("ctrl+n")
        await shown.type("ada@example.org")
        await shown.press("tab")
        await shown.type(PASSWORD)
        await shown.press("enter")
        await shown.reads("A mail was sent to this address", "auth verify", "Sign in at")
        assert isinstance(shown.app.screen, SignInScreen)
