"""The steps of an admin: each asks for its reason, is confirmed with what it does, and is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from instasell_client import InstaSellError, Invalid
from instasell_client.models.accounts import User
from instasell_client.models.admin import Alert
from instasell_client.models.disputes import Dispute, DisputeView
from instasell_client.models.money import parse_amount
from instasell_tui.admin import text as admin_text
from instasell_tui.orders import text as orders_text
from instasell_tui.orders.actions import FILES_ELSEWHERE, NOTHING_SENT, ask_form
from instasell_tui.orders.evidence import save, suggested_path, target_problem
from instasell_tui.widgets.confirm_screen import ConfirmScreen, Question
from instasell_tui.widgets.form_screen import Form, FormField, Values
from instasell_tui.widgets.formats import clip, money, safe_text
from instasell_tui.widgets.path_suggester import PathSuggester
from instasell_tui.widgets.tone import Tone, TonedText

if TYPE_CHECKING:
    from instasell_tui.admin.host import AdminApp

FILE_CELLS = 42
REASON = FormField("reason", "Reason", max_length=500, placeholder="stays in the log")


class AdminActions:
    """Does the steps of an admin for a screen. Call from a worker: they wait for answers."""

    def __init__(self, app: AdminApp) -> None:
        self._app = app
        self._admin = app.admin

    async def resolve(self, dispute: Dispute) -> TonedText:
        """Split what is held between both sides."""
        currency, held = dispute.currency, money(dispute.held_amount, dispute.currency)
        entries = (
            FormField("amount", f"To buyer, {currency}", max_length=24, placeholder=f"0 to {held}"),
            REASON,
        )
        title = safe_text(dispute.title)
        form = Form(f"Decide: {held} is held", title, entries, "Go on", _amount(dispute))

        async def send(values: Values) -> TonedText:
            refund = parse_amount(values["amount"], currency)
            question = Question(
                "Decide it so? There is no way back",
                title,
                admin_text.split(dispute, refund),
                "Decide",
            )
            if not await self._confirmed(question):
                return NOTHING_SENT
            await self._admin.resolve(dispute.id, refund, values["reason"])
            rest = money(dispute.held_amount - refund, currency)
            back = money(refund, currency)
            return f"Decided: {back} to the buyer, {rest} to the seller", Tone.GOOD

        return await self._filled(form, send, currency)

    async def save_evidence(self, view: DisputeView) -> TonedText:
        """Save a file that one side has sent, under a path that is typed, and say where it is."""
        if self._app.is_web:
            return FILES_ELSEWHERE
        files = {each.id: each for each in view.evidence}
        names = {
            each.id: clip(f"{each.author}: {safe_text(each.file_name)}", FILE_CELLS)
            for each in view.evidence
        }
        first = view.evidence[0]
        which = [FormField("file", "File", options=names)] if len(files) > 1 else []
        to = FormField("path", "Save as", max_length=4096, suggester=PathSuggester())
        title = safe_text(view.dispute.title) if which else names[first.id]
        suggested = {each.id: suggested_path(each) for each in view.evidence}

        def check(values: Values) -> Values:
            why = target_problem(values["path"]) if values["path"] else None
            return {"path": why} if why else {}

        async def send(values: Values) -> TonedText:
            chosen = files[values.get("file", first.id)]
            path = values["path"]
            if path == suggested[first.id] and chosen is not first:
                # Nobody typed the name that was suggested for the first file.
                path = suggested[chosen.id]
            data = await self._admin.evidence(view.dispute.id, chosen.id)
            try:
                saved = await asyncio.to_thread(save, path, data)
            except (OSError, ValueError) as error:
                why = getattr(error, "strerror", None) or str(error)
                raise Invalid.one("path", f"not saved: {why}") from error
            return f"Saved ({len(data):,} bytes): {safe_text(str(saved))}", Tone.GOOD

        form = Form("Save a file of this dispute", title, [*which, to], "Save", check)
        try:
            currency = self._app.feed.currency
            return await ask_form(self._app, form, {"path": suggested[first.id]}, currency, send)
        except InstaSellError as error:
            return orders_text.refusal(error, self._app.feed.currency)

    async def close_alert(self, alert: Alert) -> TonedText:
        """Say that an alert is dealt with; nothing else moves."""
        form = Form(
            "Close this alert", safe_text(f"{alert.kind}: {alert.subject}"), (REASON,), "Close"
        )

        async def send(values: Values) -> TonedText:
            await self._admin.close_alert(alert.id, values["reason"])
            return "The alert is closed", Tone.GOOD

        return await self._filled(form, send)

    async def suspend(self, user: User) -> TonedText:
        """Suspend a user, after a question."""
        who = safe_text(f"{user.display_name}, {user.email}")
        form = Form("Suspend this account", who, (REASON,), "Go on")

        async def send(values: Values) -> TonedText:
            lines = [("Sessions", "end"), ("Open auctions", "cancelled"), ("From then", "reads")]
            if not await self._confirmed(Question("Suspend?", who, lines, "Suspend")):
                return NOTHING_SENT
            await self._admin.suspend(user.id, values["reason"])
            return f"{safe_text(user.email)} is suspended", Tone.GOOD

        return await self._filled(form, send)

    async def unsuspend(self, user: User) -> TonedText:
        """Let a suspended user act again, after a question."""
        who = safe_text(f"{user.display_name}, {user.email}")
        form = Form("Let this account act again", who, (REASON,), "Go on")

        async def send(values: Values) -> TonedText:
            lines = [("Cancelled auctions", "stay cancelled")]
            if not await self._confirmed(Question("Let it act?", who, lines, "Let it act")):
                return NOTHING_SENT
            await self._admin.unsuspend(user.id, values["reason"])
            return f"{safe_text(user.email)} may act again", Tone.GOOD

        return await self._filled(form, send)

    async def _confirmed(self, question: Question) -> bool:
        return await self._app.push_screen_wait(
            ConfirmScreen(question, self._app.armed_after_seconds)
        )

    async def _filled(
        self,
        form: Form,
        send: Callable[[Values], Awaitable[TonedText]],
        currency: str | None = None,
    ) -> TonedText:
        currency = currency or self._app.feed.currency
        try:
            return await ask_form(self._app, form, {}, currency, send)
        except InstaSellError as error:
            return orders_text.refusal(error, currency)


def _amount(dispute: Dispute) -> Callable[[Values], Values]:
    def check(values: Values) -> Values:
        try:
            amount = parse_amount(values["amount"], dispute.currency)
        except ValueError as error:
            return {"amount": str(error)}
        if amount > dispute.held_amount:
            return {"amount": f"At most {money(dispute.held_amount, dispute.currency)}"}
        return {}

    return check
