"""A payment provider of our own, which speaks enough of Stripe's API for Stripe's own client.

It stands in for Stripe where there is none: over HTTP, with signed webhooks, with a page to pay on,
and with books that survive a crash. It moves no money.
"""

from instasell_server.sandbox.app import Sandbox, SandboxOptions, make_sandbox, run_sandbox
from instasell_server.sandbox.settings import Faults, SandboxSettings, WebhookEndpoint
from instasell_server.sandbox.store import Store, StoreError

__all__ = [
    "Faults",
    "Sandbox",
    "SandboxOptions",
    "SandboxSettings",
    "Store",
    "StoreError",
    "WebhookEndpoint",
    "make_sandbox",
    "run_sandbox",
]
