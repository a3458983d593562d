"""Base classes of the wire contract.

Requests refuse fields that they do not know, so that a typing error or an attempt to set what is
not the caller's to set is reported, never silently dropped. Replies ignore them, so that an older
client keeps working when a newer server says more.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, AliasGenerator, AwareDatetime, BaseModel, ConfigDict, Field

Item = TypeVar("Item")

UUID_PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"

Id = Annotated[str, Field(pattern=UUID_PATTERN, examples=["0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"])]
"""An identifier: a UUID in its canonical lower-case form."""

Instant = AwareDatetime
"""A point in time with its zone; the server always answers in UTC."""

OFFSET_LIMIT = timedelta(hours=16)
"""PostgreSQL reads no offset from UTC beyond it; clocks on Earth stay within -12 and +14 hours."""


def check_instant(instant: datetime) -> datetime:
    """Return an instant that can be stored. Raises ValueError for an odd offset or year."""
    offset = instant.utcoffset()
    if offset is None or abs(offset) >= OFFSET_LIMIT:
        raise ValueError("send an offset from UTC of less than 16 hours, or Z")
    try:
        instant.astimezone(UTC)
    except OverflowError:
        raise ValueError("send an instant between the years 1 and 9999 in UTC") from None
    return instant


GivenInstant = Annotated[AwareDatetime, AfterValidator(check_instant)]
"""An instant that a caller sends."""

IdempotencyKey = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[\x21-\x7e]+$")]
"""Chosen by the caller, one for each intended effect: printable ASCII, at most 128 characters."""


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


class Request(BaseModel):
    """Define a body or query that a caller sends; camelCase names are understood as well."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        populate_by_name=True,
        defer_build=True,
        alias_generator=AliasGenerator(validation_alias=_camel),
    )


class Reply(BaseModel):
    """Define what the server answers."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)


class Page(Reply, Generic[Item]):
    """Hold one page of a list; `next` is the cursor of the following page, or None on the last."""

    items: list[Item]
    next: str | None = None


class Paging(Request):
    """Define the two parameters that every list takes."""

    cursor: Annotated[str, Field(max_length=512)] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50


class Empty(Reply):
    """Say only that it was done."""


JsonObject = dict[str, Any]
