"""Find the public methods of the client, and the parts of their docstrings."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from textwrap import dedent, indent
from typing import Any

from instasell_client import client, live
from instasell_client.endpoint import Endpoint, MultiStepCall, PagedCall
from instasell_client.profiles import ProfileStore
from instasell_client.resources.auth import TokenResource

CHECKED = '''# mypy: disable-error-code="name-defined"
"""The examples of the docstrings; names that they do not define may be anything."""

from instasell_client import *
from instasell_client.live import *
'''


def _classes() -> Iterator[type[Any]]:
    for module, name in client._NOUNS.values():
        yield getattr(import_module(f"instasell_client.resources.{module}"), name)
    yield from (TokenResource, client.InstaSell, client.AsyncInstaSell, ProfileStore)
    for name in live.__all__:
        kind = getattr(live, name)
        if isinstance(kind, type) and kind.__module__.startswith("instasell_client"):
            yield kind


def _calls() -> Iterator[tuple[str, Callable[..., Any], bool]]:
    """Yield the name of each public method, its function, and whether it calls the market."""
    for kind in _classes():
        for name in dir(kind):
            member = inspect.getattr_static(kind, name)
            if name.startswith("_"):
                continue
            if isinstance(member, (Endpoint, MultiStepCall, PagedCall)):
                yield f"{kind.__name__}.{name}", inspect.unwrap(member._call), True
            elif inspect.isfunction(member) and "The session calls it" not in str(member.__doc__):
                yield f"{kind.__name__}.{name}", member, False


CALLS = {name: (function, remote) for name, function, remote in _calls()}


def sections_of(text: str) -> dict[str, str]:
    """Return the text below each heading; what comes first is below "summary"."""
    parts = re.split(r"^(Args|Returns|Raises|Example):$", text, flags=re.MULTILINE)
    return {"summary": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


def examples() -> str:
    """Return a module with the example of each public method, for the type checker."""
    parts = [CHECKED]
    for number, (function, _) in enumerate(CALLS.values()):
        text = sections_of(inspect.getdoc(function) or "")["Example"]
        code = dedent(text.partition("\n\nSee docs/")[0].strip("\n"))
        is_async = re.search(r"\bawait |\basync ", code) is not None
        kind, start = ("AsyncInstaSell", "async ") if is_async else ("InstaSell", "")
        parameters = f"client: {kind}, live: LiveSession, feed: AuctionFeed, store: ProfileStore"
        parts.append(f"{start}def example_{number}({parameters}) -> None:")
        parts.append(indent(code, "    ") + "\n")
    return "\n".join(parts)
