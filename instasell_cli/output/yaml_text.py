"""JSON values as YAML that is harmless to a terminal."""

from __future__ import annotations

import re
from typing import Any

import yaml

from instasell_client.models.text import is_refused

LINE_WIDTH = 2**30
"""No line is folded: libyaml takes no infinity."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_BASE: type[Any] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
"""libyaml's writer is 8 times as fast; the wheels of PyYAML have it."""


class _Dumper(_BASE):  # type: ignore[misc]
    """Quotes what has to be escaped. The library itself lets direction marks through."""

    def ignore_aliases(self, data: object) -> bool:
        """Write the same value twice instead of as a reference."""
        return True


def _represent_text(dumper: Any, text: str) -> Any:
    # A surrogate alone is no text that libyaml could encode.
    text = _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)
    if any(map(is_refused, text.replace("\n", ""))):
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')
    style = "|" if "\n" in text and text == text.strip() else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def yaml_text(value: object) -> str:
    """Return the value as YAML; refused characters are escaped, as JSON does it."""
    text: str = yaml.dump(
        value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=LINE_WIDTH
    )
    if text.replace("\n", "").isprintable():
        return text
    # Texts with such characters stand in double quotes, where these escapes are understood.
    return "".join(
        f"\\U{ord(char):08X}" if char != "\n" and is_refused(char) else char for char in text
    )
