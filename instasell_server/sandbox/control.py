"""Let tests and demonstrations control the sandbox: chargebacks, faults, its books."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any, Literal, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from instasell_server.sandbox import balances, disputes
from instasell_server.sandbox.api import Api
from instasell_server.sandbox.body import read_body
from instasell_server.sandbox.errors import InvalidRequest
from instasell_server.sandbox.params import AMOUNT_MAX
from instasell_server.sandbox.records import SandboxRecords
from instasell_server.sandbox.schedule import Schedule
from instasell_server.sandbox.settings import Faults, SandboxSettings, WebhookEndpoint
from instasell_server.sandbox.store import Store
from instasell_server.sandbox.webhook_sender import WebhookSender

Count = Annotated[int, Field(ge=0, le=1_000_000)]
Copies = Annotated[int, Field(ge=0, le=100)]


class _ControlBody(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _NewDispute(_ControlBody):
    payment_intent: str
    amount: Annotated[int, Field(ge=1, le=AMOUNT_MAX)] | None = None
    reason: str = "fraudulent"


class _Verdict(_ControlBody):
    verdict: Literal["won", "lost"]


class _NewFaults(_ControlBody):
    """Read faults to set; those that are not named stay as they are."""

    duplicate_webhooks: Copies | None = None
    reorder_webhooks: bool | None = None
    hold_webhooks: bool | None = None
    refuse_next: Count | None = None
    drop_reply_next: Count | None = None
    fail_payouts: bool | None = None
    fail_refunds: bool | None = None
    hold_payouts: bool | None = None
    hold_refunds: bool | None = None
    hold_requests: bool | None = None


class _NewEndpoint(_ControlBody):
    url: Annotated[str, Field(pattern=r"^https?://[^\s/]+\S*$")]
    secret: Annotated[str, Field(pattern=r"^whsec_\S+$")]


class _NewEndpoints(_ControlBody):
    endpoints: Annotated[list[_NewEndpoint], Field(max_length=16)]


_Model = TypeVar("_Model", bound=_ControlBody)


class Control:
    """Serves what is below /sandbox."""

    def __init__(
        self,
        store: Store,
        settings: SandboxSettings,
        faults: Faults,
        api: Api,
        webhook_sender: WebhookSender,
        schedule: Schedule,
    ) -> None:
        self._store = store
        self._settings = settings
        self._faults = faults
        self._api = api
        self._webhook_sender = webhook_sender
        self._schedule = schedule

    def add_routes(self, app: web.Application) -> None:
        """Put them into the application's router."""
        app.router.add_route("POST", "/sandbox/disputes", self.open_dispute)
        app.router.add_route("POST", "/sandbox/disputes/{id}/verdict", self.judge)
        app.router.add_route("POST", "/sandbox/faults", self.set_faults)
        app.router.add_route("GET", "/sandbox/faults", self.show_faults)
        app.router.add_route("POST", "/sandbox/endpoints", self.set_endpoints)
        app.router.add_route("GET", "/sandbox/ledger", self.ledger)

    async def open_dispute(self, request: web.Request) -> web.StreamResponse:
        """Let a customer's bank take a payment back."""
        body = await self._read(request, _NewDispute)
        if body.reason not in disputes.REASONS:
            raise InvalidRequest("Invalid reason", param="reason")
        dispute = await self._store.transact(
            lambda records: disputes.open_dispute(
                records, self._settings, body.payment_intent, body.amount, body.reason
            )
        )
        return web.json_response(dispute)

    async def judge(self, request: web.Request) -> web.StreamResponse:
        """Let the bank decide who is right."""
        body = await self._read(request, _Verdict)
        dispute_id = request.match_info["id"]

        def work(records: SandboxRecords) -> dict[str, Any]:
            dispute = records.get("dispute", dispute_id)
            return disputes.judge(records, dispute, won=body.verdict == "won")

        return web.json_response(await self._store.transact(work))

    async def set_faults(self, request: web.Request) -> web.StreamResponse:
        """Set what goes wrong from now on."""
        body = await self._read(request, _NewFaults)
        for name, value in body.model_dump(exclude_none=True).items():
            setattr(self._faults, name, value)
        self._webhook_sender.wake()
        self._schedule.wake()
        return web.json_response(dataclasses.asdict(self._faults))

    async def show_faults(self, request: web.Request) -> web.StreamResponse:
        """Show what goes wrong at the moment."""
        self._api.require_key(request)
        return web.json_response(dataclasses.asdict(self._faults))

    async def set_endpoints(self, request: web.Request) -> web.StreamResponse:
        """Set where webhooks go from now on, until the next start."""
        body = await self._read(request, _NewEndpoints)
        self._webhook_sender.send_to(
            [WebhookEndpoint(each.url, each.secret) for each in body.endpoints]
        )
        return web.json_response({"endpoints": [each.url for each in body.endpoints]})

    async def ledger(self, request: web.Request) -> web.StreamResponse:
        """Show what the provider holds, and how many webhooks are outstanding."""
        self._api.require_key(request)

        def work(records: SandboxRecords) -> dict[str, Any]:
            outstanding = records.count_undelivered()
            return {**balances.ledger(records), "undelivered_webhooks": outstanding}

        return web.json_response(await self._store.transact(work))

    async def _read(self, request: web.Request, model: type[_Model]) -> _Model:
        self._api.require_key(request)
        try:
            return model.model_validate_json(await read_body(request) or b"{}")
        except ValidationError as error:
            [first, *_] = error.errors(include_url=False)
            param = ".".join(map(str, first["loc"]))
            raise InvalidRequest(first["msg"], param=param or None) from error
