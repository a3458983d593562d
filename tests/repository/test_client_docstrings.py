"""Hold the docstrings of the client's public methods to one form.

A summary, Args with every parameter, Returns where something is returned, an example, and for what
calls the market also Raises and a link to docs/api.md. Readers have them in their editor.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.client.public_calls import CALLS, sections_of
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
    sections = sections_of(text)
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
