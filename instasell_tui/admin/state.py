"""Read and change the state of the admin screens. It is a part of the feed, which holds the
client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from instasell_client import NotFound
from instasell_client.models.accounts import Role, User
from instasell_client.models.admin import AdminAction, AdminOrder, Alert, Analytics, Bucket
from instasell_client.models.base import Page
from instasell_client.models.disputes import Dispute, DisputeStatus, DisputeView
from instasell_client.resources.media import FILE_BYTES_MAX

if TYPE_CHECKING:
    from instasell_tui.market.connection import MarketConnection

PAGE = 100


class AdminState:
    """Serves the screens of admins. All that writes raises Forbidden under read-only."""

    def __init__(self, feed: MarketConnection) -> None:
        self._feed = feed

    @property
    def is_mine(self) -> bool:
        """Return whether an admin is signed in."""
        return self._feed.user is not None and self._feed.user.role is Role.ADMIN

    # Reading ----------------------------------------------------------------------------------

    async def disputes(self, cursor: str | None = None) -> Page[Dispute]:
        """Return one page of all disputes: the open ones first, then the longest waits."""
        status, _, at = (cursor or "open:").partition(":")
        part = DisputeStatus(status)
        page = await self._feed.client.admin.disputes_page(
            status=part, cursor=at or None, limit=PAGE
        )
        following = f"{status}:{page.next}" if page.next is not None else None
        if following is None and part is DisputeStatus.OPEN:
            following = f"{DisputeStatus.RESOLVED.value}:"
        return Page[Dispute](items=page.items, next=following)

    async def alerts(self, cursor: str | None = None) -> Page[Alert]:
        """Return one page of alerts, the open ones first."""
        return await self._feed.client.admin.alerts_page(cursor=cursor, limit=PAGE)

    async def users(self, q: str, cursor: str | None = None) -> Page[User]:
        """Return a page of accounts, the newest first; `q` is a part of the e-mail or the name."""
        return await self._feed.client.admin.users_page(q=q or None, cursor=cursor, limit=PAGE)

    async def actions(self, cursor: str | None = None) -> Page[AdminAction]:
        """Return one page of what admins did, the newest first."""
        return await self._feed.client.admin.audit_log_page(cursor=cursor, limit=PAGE)

    async def figures(self, bucket: Bucket) -> Analytics:
        """Return the figures of the last 24 hours, 30 days or 26 weeks."""
        return await self._feed.client.admin.analytics(bucket=bucket)

    async def dispute(self, dispute_id: str) -> DisputeView:
        """Return a dispute and what both sides said. Raises DisputeNotFound."""
        return await self._feed.client.disputes.get(dispute_id)

    async def evidence(self, dispute_id: str, evidence_id: str) -> bytes:
        """Fetch a file of a dispute, by an address that was just made. Raises DisputeNotFound."""
        view = await self.dispute(dispute_id)
        for each in view.evidence:
            if each.id == evidence_id:
                return await self._feed.client.media.fetch(each.url, bytes_max=FILE_BYTES_MAX)
        raise NotFound("the file is not in this dispute any more")

    async def order(self, order_id: str) -> AdminOrder:
        """Return an order with its history and its money. Raises OrderNotFound."""
        return await self._feed.client.admin.order(order_id)

    # Steps ------------------------------------------------------------------------------------

    async def resolve(self, dispute_id: str, refund_amount: int, reason: str) -> DisputeView:
        """Decide; amounts in minor units. Raises DisputeClosed, Forbidden, Invalid."""

        async def send(key: str) -> DisputeView:
            return await self._feed.client.admin.resolve_dispute(
                dispute_id, refund_amount, reason, idempotency_key=key
            )

        self._feed.require_writable()
        request = ("resolve", dispute_id, refund_amount, reason)
        return await self._feed.keys.send_once(request, send)

    async def close_alert(self, alert_id: str, reason: str) -> Alert:
        """Say that an alert is dealt with. Raises AlertNotFound."""
        self._feed.require_writable()
        return await self._feed.client.admin.close_alert(alert_id, reason)

    async def suspend(self, user_id: str, reason: str) -> User:
        """Let an account only read. Raises UserNotFound, Forbidden, LastAdmin."""
        self._feed.require_writable()
        return await self._feed.client.admin.suspend(user_id, reason)

    async def unsuspend(self, user_id: str, reason: str) -> User:
        """Let a suspended account act again. Raises UserNotFound."""
        self._feed.require_writable()
        return await self._feed.client.admin.unsuspend(user_id, reason)
