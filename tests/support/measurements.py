"""Tests that run without the measuring of coverage.

Tracing makes a run take half as long again, and what runs for minutes goes where shorter tests
have been, too.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

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


def measure_processes_lightly() -> None:
    """Processes that start from here on note the files that they ran, and no others.

    With `source` each of hundreds would go through all files of the packages at its end, to note
    those that it did not run; the process that runs the tests does so for all of them.
    """
    given = os.environ.get(PROCESS_VARIABLE)
    if given is None:
        return
    settings = json.loads(base64.b64decode(given))
    root = Path(__file__).parents[2]
    packages = settings.pop("source", None) or ()
    settings |= {"source": None, "run_include": [str(root / each / "*") for each in packages]}
    if packages:
        os.environ[PROCESS_VARIABLE] = base64.b64encode(json.dumps(settings).encode()).decode()
