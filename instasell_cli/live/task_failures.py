"""Failures of tasks that ran side by side."""

from __future__ import annotations


def first_of(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first single failure of a group; the others are mostly its consequence."""
    found: BaseException = failures
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found
