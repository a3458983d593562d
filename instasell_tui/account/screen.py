"""Signing in, making an account, or going on without one."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import Screen
from textual.widgets import Button, Input, Label, Static

from instasell_client import (
    AccountSuspended,
    BadCredentials,
    EmailTaken,
    InstaSellError,
    Invalid,
)
from instasell_tui.account.checkbox import CheckboxField
from instasell_tui.widgets.footer import Footer
from instasell_tui.widgets.formats import clip, safe_text

if TYPE_CHECKING:
    from instasell_tui.market.host import MarketApp

FIELDS = ("email", "password", "display_name")


class SignInScreen(Screen[bool]):
    """Return True once a user is signed in, False to watch only."""

    app: MarketApp

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "watch_only", "Watch only"),
        Binding("ctrl+n", "switch", "New account / sign in"),
        Binding("ctrl+q", "quit", "Quit"),
    ]

    def __init__(self, reason: str = "") -> None:
        super().__init__()
        self._reason = reason
        self._new = False

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="middle"), Vertical(id="card"):
            yield Static(Text("InstaSell"), id="name")
            yield Static(id="lead")
            yield Label("E-mail")
            yield Input(id="email", compact=True, max_length=254)
            yield Static(id="email-error", classes="field-error")
            yield Label("Password")
            yield Input(id="password", compact=True, password=True, max_length=200)
            yield Static(id="password-error", classes="field-error")
            with Vertical(id="only-new"):
                yield Label("Name that others see, if they may (optional)")
                yield Input(id="display_name", compact=True, max_length=60)
                yield Static(id="display_name-error", classes="field-error")
            yield CheckboxField("Stay signed in on this computer", name="stay")
            yield Static(id="problem")
            with Horizontal(id="buttons"):
                yield Button("Sign in", id="go", compact=True)
                yield Button("New account", id="switch", compact=True)
                yield Button("Watch only", id="watch", compact=True)
        yield Footer()

    def on_mount(self) -> None:
        self.query_one("#stay", CheckboxField).display = self.app.can_remember
        self._tell("problem", self._reason)
        self._turn(new=False)

    def _turn(self, *, new: bool) -> None:
        self._new = new
        self.query_one("#only-new").display = new
        host = clip(safe_text(self.app.feed.client.base_url), 44)
        lead = f"Make an account at {host}" if new else f"Sign in at {host}"
        self.query_one("#lead", Static).update(Text(lead))
        self.query_one("#go", Button).label = "Make account" if new else "Sign in"
        self.query_one("#switch", Button).label = "Have an account" if new else "New account"
        self.query_one("#email", Input).focus()

    def _tell(self, where: str, text: str) -> None:
        self.query_one(f"#{where}", Static).update(Text(safe_text(text)))
        self.query_one(f"#{where}", Static).set_class(bool(text), "-said")

    def action_switch(self) -> None:
        self._turn(new=not self._new)

    def action_watch_only(self) -> None:
        self.dismiss(False)

    @on(Button.Pressed, "#switch")
    def _switch(self) -> None:
        self.action_switch()

    @on(Button.Pressed, "#watch")
    def _watch(self) -> None:
        self.action_watch_only()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        """Enter goes to the next empty field, and sends from the last."""
        fields = [each for each in self.query(Input) if each.display and each.parent is not None]
        if not self._new:
            fields = fields[:2]
        empty = [each for each in fields if not each.value and each.id != "display_name"]
        if empty and empty[0] is not event.input:
            empty[0].focus()
        else:
            self._go()

    @on(Button.Pressed, "#go")
    def _go(self) -> None:
        for field in FIELDS:
            self._tell(f"{field}-error", "")
        self._tell("problem", "")
        email = self.query_one("#email", Input).value.strip()
        password = self.query_one("#password", Input).value
        if not email:
            self._tell("email-error", "Type your e-mail address")
        if not password:
            self._tell("password-error", "Type your password")
        if email and password:
            self._send(email, password, self.query_one("#display_name", Input).value.strip())

    @work(exclusive=True)
    async def _send(self, email: str, password: str, display_name: str) -> None:
        self._busy(on=True)
        next_step = None
        try:
            if self._new:
                next_step = await self.app.session.sign_up(email, password, display_name or None)
            else:
                await self.app.session.sign_in(email, password)
        except InstaSellError as error:
            self._refused(error)
            self._busy(on=False)
            return
        if next_step is not None:
            self._busy(on=False)
            self._turn(new=False)
            self._tell("problem", next_step)
            return
        if self.query_one("#stay", CheckboxField).value:
            await self.app.remember(email)
        self.dismiss(True)

    def _busy(self, *, on: bool) -> None:
        self.query_one("#go", Button).disabled = on
        if on:
            self._tell("problem", "Asking the market…")

    def _refused(self, error: InstaSellError) -> None:
        self._tell("problem", "")
        if isinstance(error, Invalid) and error.errors:
            for each in error.errors:
                field = each.field.rpartition(".")[2]
                place = f"{field}-error" if field in FIELDS else "problem"
                self._tell(place, _remedy(field, each.message))
        elif isinstance(error, EmailTaken):
            self._tell("email-error", "There is an account with this address; sign in with it")
        elif isinstance(error, BadCredentials):
            self._tell("password-error", "E-mail or password is wrong")
            self.query_one("#password", Input).focus()
        elif isinstance(error, AccountSuspended):
            self._tell("problem", "This account is suspended")
        else:
            self._tell("problem", safe_text(str(error)))


def _remedy(field: str, message: str) -> str:
    """Return what the user can do about a field, or the server's message where it says that."""
    if field == "email":
        return "Write the address as name@example.com"
    return safe_text(message)
