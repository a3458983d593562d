"""Texts that people send: controls and directions are refused, and the 422 names the field."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from instasell_client import models
from instasell_client.models.auctions import CancelAuction
from instasell_client.models.base import Request

HOSTILE = {
    "ESC": "\x1b[2J", "C1": "a\x9bm", "NUL": "a\x00", "override": "a\u202eb", "isolate": "a\u2066b",
    "surrogate": "a\ud800", "line separator": "a\u2028b", "bell": "\x07",
}  # fmt: skip
OPAQUE = {
    ("Login", "email"): "compared with what is stored, and neither kept nor shown",
    ("Forgot", "email"): "compared with what is stored, and neither kept nor shown",
    ("Paging", "cursor"): "read by the list that wrote it",
    ("Authenticate", "token"): "read by the signer, which takes its own alone",
    ("Verify", "token"): "read by the signer, which takes its own alone",
    ("Reset", "token"): "read by the signer, which takes its own alone",
    ("ClientFrame", "id"): "given back to its sender alone",
}


def fields() -> Iterator[Any]:
    """Each field of a request that takes text, with the class that has it first."""
    for module in pkgutil.iter_modules(models.__path__):
        importlib.import_module(f"{models.__name__}.{module.name}")
    waiting: list[type[Request]] = [Request]
    seen: set[type[Request]] = set()
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind in seen:
            continue
        seen.add(kind)
        for name in kind.__annotations__:
            field = kind.model_fields.get(name)
            is_ours = kind.__module__.startswith("instasell_client.")
            is_open = is_ours and (kind.__name__, name) not in OPAQUE
            if field is not None and is_open and takes_text(field):
                yield pytest.param(field, id=f"{kind.__name__}.{name}")


def adapter_of(field: FieldInfo) -> TypeAdapter[Any]:
    whole: Any = field.annotation
    for each in field.metadata:
        whole = Annotated[whole, each]
    return TypeAdapter(whole)


def takes_text(field: FieldInfo) -> bool:
    """Tell whether some text of letters is taken; a secret is never shown."""
    if "SecretStr" in str(field.annotation):
        return False
    adapter = adapter_of(field)
    return any(is_taken(adapter, text) for text in ("abcdefgh", "abcdefgh" * 3, "a@b.example"))


def is_taken(adapter: TypeAdapter[Any], text: str) -> bool:
    try:
        adapter.validate_python(text)
    except ValidationError:
        return False
    return True


def test_texts_are_found() -> None:
    names = {param.id for param in fields()}
    assert {"CancelAuction.reason", "LiveQuery.q", "CreateListing.title", "Signup.email"} <= names
    assert len(names) > 20


@pytest.mark.parametrize("field", list(fields()))
def test_a_text_that_people_send_takes_no_control(field: FieldInfo) -> None:
    adapter = adapter_of(field)
    for name, control in HOSTILE.items():
        for text in (control, f"abcdefgh{control}ij", f"a{control}@b.example"):
            assert not is_taken(adapter, text), name


def test_the_refusal_names_what_to_remove() -> None:
    with pytest.raises(
        ValidationError, match=r"remove the control character U\+001B at position 5"
    ):
        CancelAuction(reason="Gone\x1b[2J")
