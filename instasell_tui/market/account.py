"""The session that a screen has at the market: signing in and up, and ending that session alone."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from instasell_client import InstaSellError, Unauthenticated
from instasell_client.models.accounts import SignupPending

if TYPE_CHECKING:
    from instasell_tui.market.connection import MarketConnection

log = logging.getLogger("instasell_tui")

END_SECONDS = 3.0


class AccountSession:
    """Keeps apart what is this screen's to end from a token that scripts use too."""

    def __init__(self, feed: MarketConnection) -> None:
        self._feed = feed
        self._owned: str | None = None

    @property
    def is_owned(self) -> bool:
        """Tell whether the client's token belongs to this screen alone."""
        return self._owned is not None and self._owned == self._feed.client.token

    async def sign_in(self, email: str, password: str) -> None:
        """Sign in. Raises BadCredentials and whatever else a call may."""
        feed = self._feed
        grant = await feed.client.auth.login(email, password)
        self._owned = grant.token
        await feed.restart()
        feed.set_user(grant.user)

    async def sign_up(self, email: str, password: str, display_name: str | None) -> str | None:
        """Make an account and sign in with it. Raises EmailTaken, Invalid.

        Returns what to do next where the market wants the address proved first, else None.
        """
        feed = self._feed
        reply = await feed.client.auth.signup(email, password, display_name=display_name)
        if isinstance(reply, SignupPending):
            return reply.message
        self._owned = reply.token
        await feed.restart()
        feed.set_user(reply.user)
        return None

    async def open(self) -> None:
        """Use a session of this screen's from here on. Raises Unauthenticated.

        A market that has no such call leaves the screen on the token that it was given, which
        signing out then forgets and does not end.
        """
        client = self._feed.client
        token = client.token
        if token is None or self.is_owned or self._feed.read_only:
            return
        try:
            grant = await client.auth.open_session()
        except Unauthenticated:
            raise
        except InstaSellError as error:
            log.info("the screen has no session of its own: %s", error)
            return
        if client.token == token:
            client.token = self._owned = grant.token

    def share(self) -> None:
        """Note that the token is kept elsewhere too, and so is not this screen's to end."""
        self._owned = None

    async def sign_out(self) -> None:
        """End the session of this screen, and go on as nobody."""
        await self.end()
        self._feed.client.token = None
        await self._feed.restart()

    async def end(self) -> None:
        """End this screen's session at the market; one that others use too goes on."""
        if not self.is_owned:
            return
        self._owned = None
        try:
            async with asyncio.timeout(END_SECONDS):
                await self._feed.client.auth.logout()
        except (InstaSellError, TimeoutError) as error:
            log.info("the session was not ended at the market: %s", error)
