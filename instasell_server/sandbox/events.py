"""List what happened, for clients that poll."""

from __future__ import annotations

from instasell_server.sandbox.call import SandboxCall, list_page
from instasell_server.sandbox.errors import InvalidRequest, Json


def retrieve_event(call: SandboxCall) -> Json:
    """Retrieve one event."""
    return call.records.get("event", call.ids["id"], call.account)


def list_events(call: SandboxCall) -> Json:
    """List events, newest first, by `type` or `types` and `created`.

    As at Stripe, those of a connected account are seen by callers that act for it.
    """
    params = call.params
    params.ignore("delivery_success")
    kind, kinds = params.find_text("type"), params.list_texts("types")
    if kind is not None and kinds:
        raise InvalidRequest("Give type or types, not both.", param="types")
    return list_page(call, "event", {"type": kind or kinds})
