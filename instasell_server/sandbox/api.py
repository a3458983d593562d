"""The API over HTTP: keys, idempotency, errors, and the table of operations."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from aiohttp import web

from instasell_server.sandbox import (
    balances,
    checkout,
    connect,
    disputes,
    events,
    payments,
    refunds,
)
from instasell_server.sandbox.body import read_body
from instasell_server.sandbox.call import SandboxCall, expand
from instasell_server.sandbox.errors import (
    ApiError,
    Broken,
    Declined,
    InvalidRequest,
    Json,
    KeyReused,
    Unauthorised,
)
from instasell_server.sandbox.form import parse_form
from instasell_server.sandbox.params import Params
from instasell_server.sandbox.records import PLATFORM, SandboxRecords, StoredReply
from instasell_server.sandbox.settings import API_VERSION, Faults, SandboxSettings
from instasell_server.sandbox.store import Store

KEY_MAX = 255
FORM = "application/x-www-form-urlencoded"
REQUEST_ID: web.RequestKey[str] = web.RequestKey("request_id", str)

Operation = Callable[[SandboxCall], Json]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

OPERATIONS: dict[tuple[str, str], Operation] = {
    ("POST", "/v1/customers"): payments.create_customer,
    ("GET", "/v1/customers/{id}"): payments.retrieve_customer,
    ("POST", "/v1/payment_intents"): payments.create_intent,
    ("GET", "/v1/payment_intents"): payments.list_intents,
    ("GET", "/v1/payment_intents/{id}"): payments.retrieve_intent,
    ("POST", "/v1/payment_intents/{id}/confirm"): payments.confirm_intent,
    ("POST", "/v1/payment_intents/{id}/cancel"): payments.cancel_intent,
    ("GET", "/v1/charges/{id}"): payments.retrieve_charge,
    ("POST", "/v1/checkout/sessions"): checkout.create_session,
    ("GET", "/v1/checkout/sessions"): checkout.list_sessions,
    ("GET", "/v1/checkout/sessions/{id}"): checkout.retrieve_session,
    ("POST", "/v1/checkout/sessions/{id}/expire"): checkout.expire_session,
    ("POST", "/v1/refunds"): refunds.create_refund,
    ("GET", "/v1/refunds"): refunds.list_refunds,
    ("GET", "/v1/refunds/{id}"): refunds.retrieve_refund,
    ("GET", "/v1/disputes"): disputes.list_disputes,
    ("GET", "/v1/disputes/{id}"): disputes.retrieve_dispute,
    ("POST", "/v1/disputes/{id}"): disputes.update_dispute,
    ("POST", "/v1/disputes/{id}/close"): disputes.close_dispute,
    ("POST", "/v1/accounts"): connect.create_account,
    ("GET", "/v1/accounts/{id}"): connect.retrieve_account,
    ("POST", "/v1/account_links"): connect.create_account_link,
    ("POST", "/v1/transfers"): connect.create_transfer,
    ("GET", "/v1/transfers"): connect.list_transfers,
    ("GET", "/v1/transfers/{id}"): connect.retrieve_transfer,
    ("POST", "/v1/transfers/{id}/reversals"): connect.reverse_transfer,
    ("POST", "/v1/payouts"): connect.create_payout,
    ("GET", "/v1/payouts"): connect.list_payouts,
    ("GET", "/v1/payouts/{id}"): connect.retrieve_payout,
    ("POST", "/v1/payouts/{id}/cancel"): connect.cancel_payout,
    ("GET", "/v1/balance"): balances.retrieve_balance,
    ("GET", "/v1/balance_transactions"): balances.list_balance_transactions,
    ("GET", "/v1/balance_transactions/{id}"): balances.retrieve_balance_transaction,
    ("GET", "/v1/events"): events.list_events,
    ("GET", "/v1/events/{id}"): events.retrieve_event,
}


class _Answer(NamedTuple):
    status: int
    body: str
    first_request_id: str | None = None


class _Asked(NamedTuple):
    """Hold a request: what it asks for, and what identifies it for its idempotency key."""

    method: str
    path: str
    ids: dict[str, str]
    parameters: bytes
    account: str
    key: str | None
    request_id: str
    base_url: str

    @property
    def operation(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def scope(self) -> tuple[str, str]:
        return self.account, self.key or ""


class Api:
    """Serves the operations."""

    def __init__(self, store: Store, settings: SandboxSettings, faults: Faults) -> None:
        self._store = store
        self._settings = settings
        self._faults = faults
        self._under_way: set[tuple[str, str]] = set()

    def add_routes(self, app: web.Application) -> None:
        """Put every operation into the application's router."""
        for (method, path), operation in OPERATIONS.items():
            app.router.add_route(method, path, self._handler(operation))

    def require_key(self, request: web.Request) -> None:
        """Raise `Unauthorised` unless the caller has the secret key."""
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not given.strip():
            raise Unauthorised(
                "You did not provide an API key. You need to provide your API key in the"
                " Authorization header, using Bearer auth (e.g. 'Authorization: Bearer"
                " YOUR_SECRET_KEY')."
            )
        expected = self._settings.secret_key.encode()
        if not hmac.compare_digest(given.strip().encode(errors="replace"), expected):
            # The key is not repeated, because it may be a real one that went astray.
            raise Unauthorised("Invalid API Key provided.", code="api_key_invalid")

    def _handler(self, operation: Operation) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            self.require_key(request)
            asked = await self._read(request)
            await self._faults.hold()
            if self._faults.take_refusal():
                raise Broken("A fault that was set makes the sandbox refuse this request.")
            answer = await self._answer(asked, operation)
            response = _response(answer, asked)
            if request.method == "POST" and self._faults.take_dropped_reply():
                assert request.transport is not None
                request.transport.abort()
            return response

        return handle

    async def _read(self, request: web.Request) -> _Asked:
        if request.method == "POST":
            parameters = await read_body(request)
            if parameters and request.content_type != FORM:
                raise InvalidRequest(
                    "Invalid request (check that your POST content type is"
                    " application/x-www-form-urlencoded)."
                )
        else:
            parameters = request.rel_url.raw_query_string.encode()
        key = request.headers.get("Idempotency-Key") if request.method == "POST" else None
        if key is not None and not 1 <= len(key) <= KEY_MAX:
            raise InvalidRequest(f"Idempotency keys can have from 1 to {KEY_MAX} characters.")
        return _Asked(
            method=request.method,
            path=request.path,
            ids=dict(request.match_info),
            parameters=parameters,
            account=request.headers.get("Stripe-Account", PLATFORM),
            key=key,
            request_id=request[REQUEST_ID],
            base_url=base_url(request, self._settings),
        )

    async def _answer(self, asked: _Asked, operation: Operation) -> _Answer:
        tree = parse_form(asked.parameters)
        fingerprint = hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()
        if asked.key is None:
            return await self._store.transact(
                lambda records: self._carry_out(records, asked, Params(tree), operation)
            )
        if asked.scope in self._under_way:
            raise KeyReused(
                "There is currently another in-progress request using this Idempotency Key (that"
                " probably means you submitted twice, and the other request is still going"
                f" through): {asked.key}. Please try again later.",
                status=409,
                code="idempotency_key_in_use",
            )
        self._under_way.add(asked.scope)
        try:
            return await self._store.transact(
                lambda records: self._once(records, asked, Params(tree), fingerprint, operation)
            )
        finally:
            self._under_way.discard(asked.scope)

    def _once(
        self,
        records: SandboxRecords,
        asked: _Asked,
        params: Params,
        fingerprint: str,
        operation: Operation,
    ) -> _Answer:
        """Return the stored reply, or the work and its reply in one transaction."""
        assert asked.key is not None
        stored = records.find_reply(asked.account, asked.key)
        if stored is None:
            answer = self._carry_out(records, asked, params, operation)
            reply = StoredReply(
                asked.operation, fingerprint, asked.request_id, answer.status, answer.body
            )
            records.insert_reply(asked.account, asked.key, reply)
            return answer
        if stored.operation != asked.operation:
            raise KeyReused(
                "Keys for idempotent requests can only be used for the same endpoint they were"
                f" first used for ('{stored.operation.split(' ')[1]}'). Try using a key other than"
                f" '{asked.key}' if you meant to execute a different request."
            )
        if stored.fingerprint != fingerprint:
            raise KeyReused(
                "Keys for idempotent requests can only be used with the same parameters they were"
                f" first used with. Try using a key other than '{asked.key}' if you meant to"
                " execute a different request."
            )
        return _Answer(stored.status, stored.body, stored.request_id)

    def _carry_out(
        self, records: SandboxRecords, asked: _Asked, params: Params, operation: Operation
    ) -> _Answer:
        """Do the work. What a request that was begun ended with is an answer like any other."""
        if asked.account != PLATFORM and records.find("account", asked.account) is None:
            raise InvalidRequest(
                f"The provided key does not have access to account '{asked.account}' (or that"
                " account does not exist).",
                status=403,
                code="account_invalid",
            )
        records.request = {"id": asked.request_id, "idempotency_key": asked.key}
        call = SandboxCall(
            records,
            params,
            asked.account,
            self._settings,
            self._faults,
            asked.base_url,
            asked.path,
            asked.ids,
        )
        paths = params.list_texts("expand")
        records.savepoint()
        try:
            body = operation(call)
            params.finish()
            return _Answer(200, json.dumps(expand(call, body, paths)))
        except ApiError as error:
            if not error.begun:
                raise
            if not isinstance(error, Declined):
                records.undo()
            return _Answer(error.status, json.dumps(error.body()))


def base_url(request: web.Request, settings: SandboxSettings) -> str:
    """Return the address of the sandbox's pages, as reached from outside."""
    return (settings.public_url or str(request.url.origin())).rstrip("/")


def _response(answer: _Answer, asked: _Asked) -> web.Response:
    headers = {"Stripe-Version": API_VERSION}
    if asked.key is not None:
        headers["Idempotency-Key"] = asked.key
    if answer.first_request_id is not None:
        headers["Idempotent-Replayed"] = "true"
        headers["Original-Request"] = answer.first_request_id
    return web.Response(
        status=answer.status,
        body=answer.body.encode(),
        content_type="application/json",
        headers=headers,
    )
