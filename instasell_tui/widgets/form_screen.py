"""A small form: what a step has to know before it can be done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.suggester import Suggester
from textual.widget import Widget
from textual.widgets import Button, Input, Label, Static

from instasell_tui.widgets.choice import ChoiceField

Values = Mapping[str, str]
GENERAL = ""
"""The name for an error that belongs to no field."""


@dataclass(frozen=True, slots=True)
class FormField:
    """One field. With `options` it is a choice, whose value is the key of the chosen one.

    What a `suggester` offers is taken with the right arrow.
    """

    name: str
    label: str
    required: bool = True
    max_length: int = 100
    placeholder: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    suggester: Suggester | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """Describe a form. `check` returns the errors, by the names of the fields."""

    head: str
    subject: str
    entries: Sequence[FormField]
    verb: str
    check: Callable[[Values], Values] = lambda _: {}


class FormScreen(ModalScreen[Values | None]):
    """Answers what was typed, or None. It opens with what was typed before, and what is wrong."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel"),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]

    def __init__(self, form: Form, values: Values, errors: Values) -> None:
        super().__init__()
        self._form = form
        self._values = values
        self._errors = errors

    def compose(self) -> ComposeResult:
        form = self._form
        with Vertical(id="form"):
            yield Static(Text(form.head), id="head")
            yield Static(Text(form.subject, overflow="ellipsis", no_wrap=True), id="subject")
            with VerticalScroll(id="entries", can_focus=False):
                for entry in form.entries:
                    with Horizontal(classes="entry"):
                        yield Label(Text(entry.label))
                        yield self._control(entry)
                    yield Static(id=f"{entry.name}-error", classes="field-error")
            yield Static(id="problem")
            with Horizontal(id="answers"):
                yield Button(Text(f"⏎ {form.verb}"), id="go")
                yield Button("Esc Cancel", id="cancel")

    def _control(self, entry: FormField) -> Widget:
        value = self._values.get(entry.name, "")
        if entry.options:
            return ChoiceField(entry.options, value, name=entry.name)
        return Input(
            value,
            id=entry.name,
            compact=True,
            max_length=entry.max_length,
            suggester=entry.suggester,
            placeholder=entry.placeholder or ("" if entry.required else "optional"),
        )

    def on_mount(self) -> None:
        self._tell(self._errors)
        names = [entry.name for entry in self._form.entries]
        wrong = [name for name in names if self._errors.get(name)]
        self.query_one(f"#{(wrong or names)[0]}").focus()

    def _tell(self, errors: Values) -> None:
        for entry in self._form.entries:
            label = self.query_one(f"#{entry.name}-error", Static)
            label.update(Text(errors.get(entry.name, "")))
            label.display = bool(errors.get(entry.name))
        problem = self.query_one("#problem", Static)
        problem.update(Text(errors.get(GENERAL, "")))
        problem.display = bool(errors.get(GENERAL))

    def _read(self) -> Values:
        return {
            entry.name: self.query_one(f"#{entry.name}", ChoiceField).value
            if entry.options
            else self.query_one(f"#{entry.name}", Input).value.strip()
            for entry in self._form.entries
        }

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        """Enter goes to the next field that is empty and needed, and sends after the last."""
        values = self._read()
        empty = [
            each.name for each in self._form.entries if each.required and not values[each.name]
        ]
        others = [name for name in empty if name != event.input.id]
        if others:
            self.query_one(f"#{others[0]}").focus()
        else:
            self._go()

    def key_enter(self) -> None:
        """Go on from a choice, which has no Enter of its own."""
        if isinstance(self.focused, ChoiceField):
            self._go()

    @on(Button.Pressed, "#go")
    def _go(self) -> None:
        values = self._read()
        errors = {
            entry.name: "Type this"
            for entry in self._form.entries
            if entry.required and not values[entry.name]
        }
        errors = {**self._form.check(values), **errors}
        if not any(errors.values()):
            self.dismiss(values)
            return
        self._tell(errors)
        wrong = next((each.name for each in self._form.entries if errors.get(each.name)), None)
        if wrong is not None:
            self.query_one(f"#{wrong}").focus()

    def action_cancel(self) -> None:
        self.dismiss(None)

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss(None)
