"""Name the errors of PostgreSQL by the driver's classes."""

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
