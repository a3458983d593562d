"""Tests that run without the measuring of coverage.

Tracing makes a run take half as long again, and what runs for minutes goes where shorter tests
have been, too.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator

import pytest

PROCESS_VARIABLE = "COVERAGE_PROCESS_CONFIG"
"""By it a process that is started learns that it is measured."""


@contextlib.contextmanager
def unmeasured(*, processes: bool = True) -> Iterator[None]:
    """This process is not measured, nor are those that it starts meanwhile, if `processes`."""
    trace, thread_trace = sys.gettrace(), threading.gettrace()
    with pytest.MonkeyPatch.context() as patch:
        if processes:
            patch.delenv(PROCESS_VARIABLE, raising=False)
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]
        try:
            yield
        finally:
            sys.settrace(trace)
            threading.settrace(thread_trace)  # type: ignore[arg-type]
