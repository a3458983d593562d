"""Administer the market: accounts, alerts, what is on sale, orders, disputes, figures."""

from __future__ import annotations

from instasell_client.endpoint import Mode
from instasell_client.resources.admin.alerts import AlertCalls
from instasell_client.resources.admin.trade import TradeCalls
from instasell_client.resources.admin.users import UserCalls


class Admin(UserCalls[Mode], AlertCalls[Mode], TradeCalls[Mode]):
    """Group the calls of `client.admin`.

    Every call needs an admin, and a script's token the scope `admin`: it raises Forbidden or
    ScopeMissing(scope) for all others. Each change takes a `reason`, which stays in the audit log.
    """
