"""Hold the docstrings of the client's public methods to one form.

A summary, Args with every parameter, Returns where something is returned, an example, and for what
calls the market also Raises and a link to docs/api.md. Readers have them in their editor.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest

from instasell_client import client, live
from instasell_client.endpoint import Endpoint, MultiStepCall, PagedCall
from instasell_client.profiles import ProfileStore
from instasell_client.resources.auth import TokenResource
from tests.repository.source_tree import ROOT

UNIT = {
    "(max_|refund_)?amount|price(_min|_max)?|min_bid|reserve|buy_now": "minor|price",
    ".*_seconds": "second",
    "size|.*_bytes": "byte",
    "page_size|limit": "1 to",
}
"""A word of the description that tells the unit or the range, by the parameter's name."""

OTHER_SERVERS = {"Media.send", "Media.fetch"}
"""They go to the address that a reply gave them, which may be of another server."""


API = (ROOT / "docs/api.md").read_text(encoding="utf-8")
ANCHORS = {
    re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
    for heading in re.findall(r"^#+ (.*)$", API, re.MULTILINE)
}


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


def _sections(text: str) -> dict[str, str]:
    """Return the text below each heading; what comes first is below "summary"."""
    parts = re.split(r"^(Args|Returns|Raises|Example):$", text, flags=re.MULTILINE)
    return {"summary": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


def _parameters(function: Callable[..., Any]) -> dict[str, bool]:
    """Return the names of the parameters, and of the filters that a TypedDict adds."""
    names: dict[str, bool] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            kind = parameter.annotation.removeprefix("Unpack[").removesuffix("]")
            names |= dict.fromkeys(inspect.unwrap(function).__globals__[kind].__annotations__, True)
        elif name != "self":
            names[name] = False
    return names


@pytest.mark.parametrize("name", CALLS)
def test_a_public_method_is_documented_in_full(name: str) -> None:
    function, remote = CALLS[name]
    text = inspect.getdoc(function) or ""
    sections = _sections(text)
    described = dict(re.findall(r"^ {4}(\w+): (.*(?:\n {5,}.*)*)", sections.get("Args", ""), re.M))
    wanted = _parameters(function)
    if "filters" in described:  # a page takes the filters of its list, which describes them
        [listed] = re.findall(r"^Those of `(\w+)`\.$", described.pop("filters"))
        other = CALLS[f"{name.partition('.')[0]}.{listed}"][0]
        assert {key for key, is_filter in _parameters(other).items() if is_filter} == {
            key for key, is_filter in wanted.items() if is_filter
        }
        wanted = {key: is_filter for key, is_filter in wanted.items() if not is_filter}
    assert set(described) == set(wanted)
    for key, description in described.items():
        for names, unit in UNIT.items():
            if re.fullmatch(names, key):
                assert re.search(unit, description, re.IGNORECASE), (
                    f"{key}: name its unit or its range"
                )
    assert re.match(r"[A-Z][^.]*\S", sections["summary"])
    returned = inspect.signature(function).return_annotation
    assert ("Returns" in sections) == (
        returned not in ("None", "Operation[None]", "CallChain[None]")
    )
    assert sections.get("Example", "").strip()
    if remote:
        assert sections.get("Raises", "").strip()
        assert "See docs/api.md#" in text or name in OTHER_SERVERS


def test_links_lead_to_headings_of_the_api_page() -> None:
    links = {
        link
        for function, _ in CALLS.values()
        for link in re.findall(r"docs/api\.md#([\w-]+)", function.__doc__ or "")
    }
    assert len(links) > 50
    assert links <= ANCHORS
