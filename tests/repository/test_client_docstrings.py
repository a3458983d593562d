"""Hold the docstrings of the client's public methods to one form.

A summary that begins with a verb, then Args with every parameter, Returns, Raises, an example, and
for a call of the market a link to its endpoint in docs/api.md. Readers have it in their editor.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, get_args, is_typeddict

import pytest

from instasell_client import client, live, profiles
from instasell_client.endpoint import Endpoint, MultiStepCall, PagedCall, Resource
from tests.repository.source_tree import ROOT

SECTIONS = ("Args", "Returns", "Raises", "Example", "See")
UNITS = re.compile(r"amount|price|^min_bid$|^reserve$|^buy_now$|seconds|bytes")
UNIT_WORDS = re.compile(r"minor units|seconds|bytes|price|empty|mapping", re.IGNORECASE)


def _resources() -> Iterator[type[Any]]:
    waiting = [
        getattr(import_module(f"instasell_client.resources.{module}"), name)
        for module, name in client._NOUNS.values()
    ]
    while waiting:
        kind = waiting.pop()
        yield kind
        hints = inspect.get_annotations(kind)
        waiting += [kind.__init__ for _ in ()]
        del hints


def _calls() -> Iterator[tuple[str, Callable[..., Any], bool]]:
    """Yield the name of every public method, its function, and whether it calls the market."""
    kinds = [*_resources(), client.InstaSell, client.AsyncInstaSell, profiles.ProfileStore]
    kinds += [kind for name in live.__all__ if isinstance(kind := getattr(live, name), type)]
    seen = set()
    for kind in kinds:
        for name in dir(kind):
            member = inspect.getattr_static(kind, name)
            if name.startswith("_") or member in seen:
                continue
            if isinstance(member, (Endpoint, MultiStepCall, PagedCall)):
                yield f"{kind.__name__}.{name}", member._call.__wrapped__, True
            elif inspect.isfunction(member) and member.__module__.startswith("instasell_client"):
                yield f"{kind.__name__}.{name}", member, False
