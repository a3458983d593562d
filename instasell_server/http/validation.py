"""Turn what pydantic found wrong into the 422 that answers it."""

from __future__ import annotations

from pydantic import ValidationError

from instasell_client.models.errors import Invalid
from instasell_client.models.validation import field_errors


def invalid_of(error: ValidationError, where: str) -> Invalid:
    """Return every bad field of a body or query; `where` names what breaks a rule as a whole."""
    return Invalid(field_errors(error, where))
