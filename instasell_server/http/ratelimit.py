"""Limit how often each address, signed-in user, and user behind a token may ask.

Every path counts against one budget but those that say whether a server is alive. Signing in,
webhooks and files have budgets of their own, so that none of them shuts the others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from instasell_server.config.settings import Settings
from instasell_server.http.client_address import limited_as
from instasell_server.ports import Limiter, Quota
from instasell_server.ports.principal import Principal
from instasell_server.ports.quotas import require_quota

WINDOW_SECONDS = 15 * 60
FILES_PATH = "/media/{token}"
UNCOUNTED = frozenset({"/healthz", "/readyz", "/metrics"})
DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class RateBudget:
    """Group what is counted together.

    `bucket` names the counter, `setting` the limit, and `what` says in refusals what is counted.
    `policy` is its name in the headers.
    """

    bucket: str
    setting: str
    what: str
    policy: str = DEFAULT
    remedy: str = "Try again"


ANONYMOUS = RateBudget(
    "anonymous", "rate_limit_anonymous", "requests from your address without signing in",
    remedy="Sign in, or try again",
)  # fmt: skip
USER = RateBudget("user", "rate_limit_signed_in", "requests by your account")
TOKEN = RateBudget("token", "rate_limit_token", "requests by your account's tokens")
SIGN_IN = RateBudget("sign-in", "rate_limit_sign_in", "sign-ins from your address", "sign-in")
WEBHOOK = RateBudget("webhook", "rate_limit_webhooks", "webhooks from your address", "webhooks")
FILES = RateBudget("files", "rate_limit_files", "transfers of files from your address", "files")

OF_ADDRESS: Mapping[str, RateBudget] = {
    "/auth/login": SIGN_IN,
    "/auth/signup": SIGN_IN,
    "/webhooks/stripe": WEBHOOK,
    FILES_PATH: FILES,
}
"""Paths that count for the address of the caller, not for the user."""


@dataclass(frozen=True, slots=True)
class RateLimitResult:
    """Hold a hit of a budget, and what is left of it."""

    budget: RateBudget
    quota: Quota

    def require(self) -> None:
        """Raise RateLimited when the budget is used up."""
        require_quota(self.quota, self.budget.what, self.budget.remedy)

    def headers(self) -> dict[str, str]:
        """Return RateLimit and RateLimit-Policy, as drafted by the IETF's httpapi group."""
        quota, name = self.quota, self.budget.policy
        reset = max(0, math.ceil(quota.reset_after_seconds))
        return {
            "RateLimit": f'"{name}";r={quota.remaining};t={reset}',
            "RateLimit-Policy": f'"{name}";q={quota.limit};w={quota.window_seconds}',
        }


class RateLimits:
    """Apply the limits of the settings with one Limiter."""

    def __init__(self, limiter: Limiter, settings: Settings) -> None:
        self._limiter = limiter
        self._limits: Mapping[RateBudget, int] = {
            budget: getattr(settings, budget.setting)
            for budget in (ANONYMOUS, USER, TOKEN, SIGN_IN, WEBHOOK, FILES)
        }

    async def hit_address(
        self, address: str, budget: RateBudget = ANONYMOUS
    ) -> RateLimitResult | None:
        """Count a request of an address; None while that limit is off."""
        return await self._hit(budget, limited_as(address))

    def try_address(
        self, address: str, budget: RateBudget = ANONYMOUS
    ) -> tuple[bool, RateLimitResult | None]:
        """Count a request of an address without waiting: whether it is counted, and the result.

        A limit that is off counts nothing; one whose hits are not at hand takes `hit_address`.
        """
        limit = self._limits[budget]
        if limit == 0:
            return True, None
        quota = self._limiter.try_hit(
            budget.bucket, limited_as(address), limit=limit, window_seconds=WINDOW_SECONDS
        )
        return quota is not None, None if quota is None else RateLimitResult(budget, quota)

    async def hit_user(self, principal: Principal) -> RateLimitResult | None:
        """Count a request of a user. All tokens of one user share what a token may."""
        budget = USER if principal.scopes is None else TOKEN
        return await self._hit(budget, principal.user_id)

    async def _hit(self, budget: RateBudget, who: str) -> RateLimitResult | None:
        limit = self._limits[budget]
        if limit == 0:
            return None
        quota = await self._limiter.hit(
            budget.bucket, who, limit=limit, window_seconds=WINDOW_SECONDS, in_parts=True
        )
        return RateLimitResult(budget, quota)
