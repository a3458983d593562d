"""The body of every error: RFC 9457 problem details with a stable `code`."""

from __future__ import annotations

from pydantic import ConfigDict

from instasell_client.models.base import Reply


class FieldError(Reply):
    """Describe what is wrong with one field, in a sentence that names the remedy."""

    field: str
    message: str


class Problem(Reply):
    """Describe an error by RFC 9457; the data of its kind is beside these members.

    `code` is stable and is what a program should look at; `title` and `detail` are for people.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    type: str = "about:blank"
    title: str
    status: int
    detail: str | None = None
    code: str
    request_id: str | None = None
    errors: list[FieldError] | None = None
