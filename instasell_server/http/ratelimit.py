"""How often who may ask: by address, by signed-in user, and by the user behind a token."""

from __future__ import annotations

import math

from instasell_server.errors import RateLimited
from instasell_server.http.address import limited_as
from instasell_server.ports import Limiter, Quota
from instasell_server.principal import Principal
from instasell_server.settings import Settings

WINDOW_SECONDS = 15 * 60


class RateLimits:
    """The limits of the settings over one Limiter."""

    def __init__(self, limiter: Limiter, settings: Settings) -> None:
        self._limiter = limiter
        self._anonymous = settings.rate_limit_anonymous
        self._signed_in = settings.rate_limit_signed_in
        self._token = settings.rate_limit_token

    async def hit_anonymous(self, address: str) -> Quota | None:
        """Counts a request of an address; None while that limit is off."""
        if self._anonymous == 0:
            return None
        return await self._hit("anonymous", limited_as(address), self._anonymous)

    async def hit_user(self, principal: Principal) -> Quota | None:
        """Counts a request of a user. All tokens of one user share what a token may."""
        if principal.scopes is None:
            return await self._hit("user", principal.user_id, self._signed_in)
        return await self._hit("token", principal.user_id, self._token)

    async def _hit(self, bucket: str, who: str, limit: int) -> Quota | None:
        if limit == 0:
            return None
        return await self._limiter.hit(bucket, who, limit=limit, window_seconds=WINDOW_SECONDS)


def require(quota: Quota) -> None:
    """Raises RateLimited when the quota is used up."""
    if not quota.allowed:
        seconds = max(1, math.ceil(quota.reset_after_seconds))
        raise RateLimited(
            f"{quota.limit} in {quota.window_seconds} s are allowed; come back in {seconds} s",
            retry_after_seconds=seconds,
        )


def headers_of(quota: Quota) -> dict[str, str]:
    """RateLimit and RateLimit-Policy as drawn up by the IETF's httpapi group."""
    reset = max(0, math.ceil(quota.reset_after_seconds))
    return {
        "RateLimit": f'"default";r={quota.remaining};t={reset}',
        "RateLimit-Policy": f'"default";q={quota.limit};w={quota.window_seconds}',
    }
