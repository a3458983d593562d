"""What PostgreSQL can say against a statement, by the names of the driver."""

from __future__ import annotations

from psycopg2 import Error
from psycopg2.errors import (
    CheckViolation,
    ForeignKeyViolation,
    RestrictViolation,
    UniqueViolation,
)

__all__ = [
    "CheckViolation",
    "Error",
    "ForeignKeyViolation",
    "RestrictViolation",
    "UniqueViolation",
]
