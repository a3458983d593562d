"""Turns a kind and its facts into the two forms of a mail, plain text and HTML."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, Template, Undefined
from jinja2.sandbox import SandboxedEnvironment

from instasell_client.models.money import format_amount
from instasell_client.models.text import clean
from instasell_server.domains.mail.texts import MAIL_TEXTS, UNKNOWN, Form, MailText

COLUMNS = 72
LINE_MAX = 120
QUOTE_MAX = 2000
SUBJECT_MAX = 120
GAP = "…"

_QUOTED = frozenset({"reason", "resolution", "text"})
_TOKENS = frozenset({"token"})
_SAFE_ARGUMENT = re.compile(r"[A-Za-z0-9._-]+", re.ASCII)
# Where programs that show mail see a link: a scheme, a name of two parts, an address.
_LINK_START = re.compile(r"(?<=:)(?=//)|(?<=\w[.\u3002\uff0e\uff61])(?=[^\W\d_])|(?<=\S@)(?=\S)")
_WORD_JOINER = "\u2060"


class RenderedMail(NamedTuple):
    """Hold a subject of one line, and the same mail in plain text and in HTML."""

    subject: str
    text: str
    html: str


class _Gap(Undefined):
    """Stand for a fact that the mail was not given."""

    def __str__(self) -> str:
        return GAP


def render(kind: str, facts: Mapping[str, Any], name: str, currency: str) -> RenderedMail:
    """Render the mail of a kind to a user called `name`; amounts are in the facts' own currency,
    or else in `currency`.

    Facts are data of other people: controls and directions are taken out, lengths are bounded,
    and nothing in them is a template, a tag, a link or a part of a command.
    """
    wording = MAIL_TEXTS.get(kind, UNKNOWN)
    unit = str(facts.get("currency") or currency)
    plain = {key: _plain(key, value) for key, value in facts.items()}
    shown = {key: _unlinked(key, value) for key, value in plain.items()}
    texts, pages = _environments()

    def filled(template: str, given: Mapping[str, Any]) -> str:
        return _compiled(template).render({**given, "unit": unit})

    subject = _clipped(_one_line(filled(wording.subject, plain)), SUBJECT_MAX)
    values = {
        "name": _unlinked("name", _clipped(_one_line(clean(name)), 60)),
        "lead": filled(wording.lead, shown),
        "lines": list(_lines(wording, shown, unit)),
        "quote": shown.get(wording.quote) if wording.quote else None,
        "secret": plain.get(wording.secret) if wording.secret else None,
        "advice": wording.advice,
        "command": _command(wording, plain, unit),
        "subject": _unlinked("subject", subject),
    }
    text = texts.get_template("layout.txt").render(values)
    return RenderedMail(
        subject, text.strip() + "\n", pages.get_template("layout.html").render(values)
    )


def _plain(key: str, value: Any) -> Any:
    if isinstance(value, str):
        if key in _QUOTED:
            return _clipped(clean(value, keep="\n").strip(), QUOTE_MAX)
        return _clipped(_one_line(clean(value)), LINE_MAX)
    if value is None or isinstance(value, (bool, int)):
        return value
    return _clipped(_one_line(clean(str(value))), LINE_MAX)


def _unlinked(key: str, value: Any) -> Any:
    """Return text in which no mail program finds an address to make clickable.

    A mail of the market must not carry a stranger's link under the market's name. The word joiner
    has no width, so the text reads as it was written.
    """
    if not isinstance(value, str) or key in _TOKENS:
        return value
    return _LINK_START.sub(_WORD_JOINER, value)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _clipped(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + GAP


def _lines(wording: MailText, facts: Mapping[str, Any], unit: str) -> Any:
    for label, fact, form in wording.lines:
        value = facts.get(fact)
        if value is not None and value != "":
            yield label, _shown(value, form, unit)


def _shown(value: Any, form: Form, unit: str) -> str:
    if form == "money" and isinstance(value, int):
        return f"{format_amount(value, unit)} {clean(unit)}"
    if form == "instant":
        return _instant(str(value))
    return str(value)


def _instant(value: str) -> str:
    """Return an instant in UTC, to the second, with its zone; what is none stays as it is."""
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        return value
    if instant.tzinfo is None:
        return value
    return instant.astimezone(UTC).strftime("%a, %d %b %Y, %H:%M:%S UTC")


def _command(wording: MailText, facts: Mapping[str, Any], unit: str) -> str:
    """Return the command, or nothing when a fact in it is missing or is no plain word."""
    safe = {
        key: value
        for key, value in facts.items()
        if not isinstance(value, str) or _SAFE_ARGUMENT.fullmatch(value)
    }
    command = _compiled(wording.command).render({**safe, "unit": unit})
    return "" if GAP in command else command


@cache
def _compiled(template: str) -> Template:
    """Return a template of the wordings, which are the market's own and few."""
    texts, _ = _environments()
    return texts.from_string(template)


def _typed(amount: Any, currency: str) -> str:
    """Format an amount as it is typed in a command."""
    return format_amount(amount, currency) if isinstance(amount, int) else GAP


def _wrapped(text: str, indent: str = "") -> str:
    """Return plain text at `COLUMNS`; longer words stay whole, so that they can be copied."""
    return "\n".join(
        textwrap.fill(
            line,
            COLUMNS,
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        or indent.rstrip()
        for line in text.split("\n")
    )


def _row(value: str, label: str) -> str:
    """Format a line of the table, its value wrapped beside the label."""
    return textwrap.fill(
        value,
        COLUMNS,
        initial_indent=f"  {label + ':':<14}",
        subsequent_indent=" " * 16,
        break_long_words=False,
        break_on_hyphens=False,
    )


@cache
def _environments() -> tuple[Environment, Environment]:
    loader = FileSystemLoader(Path(__file__).with_name("templates"))
    made = []
    for is_html in (False, True):
        environment = SandboxedEnvironment(
            loader=loader,
            autoescape=is_html,
            undefined=_Gap,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        environment.filters["typed"] = _typed
        environment.filters["wrapped"] = _wrapped
        environment.filters["row"] = _row
        made.append(environment)
    return made[0], made[1]
