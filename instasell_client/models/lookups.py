"""Look up what a person may type for an id: its beginning, a SKU, or a title."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from instasell_client.models.base import Id, Instant, Reply, Request
from instasell_client.models.text import Line

LookupText = Annotated[Line, Field(min_length=1, max_length=200)]


class PublicKind(StrEnum):
    """Name what everybody may look up."""

    AUCTION = "auction"
    LISTING = "listing"
    SELLER = "seller"


class OwnKind(StrEnum):
    """Name what belongs to an account; admins look up everybody's orders, disputes and accounts."""

    AUCTION = "auction"
    LISTING = "listing"
    ORDER = "order"
    DISPUTE = "dispute"
    CONVERSATION = "conversation"
    ACCOUNT = "account"


class LookupQuery(Request):
    """Ask for something among what everybody sees."""

    kind: PublicKind
    text: LookupText


class OwnLookupQuery(Request):
    """Ask for something among what belongs to the caller."""

    kind: OwnKind
    text: LookupText


class Match(Reply):
    """Describe one thing that the text may mean.

    `matched_by` says how: `id` for the beginning of its id, at least 6 hexadecimal digits; `sku`;
    `name` for its whole title, name or e-mail address; `words` for a part of that.
    """

    id: Id
    title: str
    status: str
    created_at: Instant
    matched_by: Literal["id", "sku", "name", "words"]


class Matches(Reply):
    """List at most 10 matches; `more` says that there are others."""

    items: list[Match]
    more: bool
