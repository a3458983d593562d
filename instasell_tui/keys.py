"""Other keys than the usual ones: read from a file, judged, and told. Nothing is typed for them.

`keys.toml` beside `profiles.toml` has a table [keys] with lines as `"board.filter" = "f"`; several
keys are parted by commas. An entry that cannot be is named with what would help, and left out, so
that a slip never keeps anybody from the market.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import Keys, _character_to_key, format_key, key_to_character

FILE_BYTES_MAX = 64 * 1024
REMARKS_MAX = 5
_MODIFIERS = frozenset({"ctrl", "alt", "shift", "super", "hyper", "meta"})
RENAMED = {
    "selling.goods": "selling.listings",
    "selling.put_up": "selling.auction",
    "selling.call_off": "selling.cancel",
    "app.desk": "app.admin",
    **{
        f"desk.{name}": f"admin.{name}"
        for name in (
            "back", "search", "suspend", "unsuspend", "close", "next_figure", "previous_figure",
            "bucket", "refresh", "disputes", "alerts", "users", "figures", "log",
        )
    },
}  # fmt: skip
"""Ids that files of keys may still have, and the present ones."""

_NAMED = frozenset(key.value for key in Keys)


class KeyScope(NamedTuple):
    """Name a scope of keys: a screen, then the widgets in it. The last owner is innermost."""

    name: str
    owners: tuple[type[DOMNode], ...]


class KeyAction(NamedTuple):
    """Describe what keys do: the id by which they are changed, all usual keys, and a few words."""

    id: str
    keys: tuple[str, ...]
    words: str
    action: str


def key_actions(owner: type[DOMNode]) -> list[KeyAction]:
    """Return the actions whose keys can be changed in a class of ours and in its bases of ours."""
    found: dict[str, KeyAction] = {}
    taken: dict[str, str] = {}
    for each in owner.__mro__:
        if each.__module__.split(".")[0] != "instasell_tui":
            continue
        for binding in Binding.make_bindings(vars(each).get("BINDINGS", ())):
            # A key that a class gives to another deed is not what its base made of it.
            if not binding.id or taken.setdefault(binding.key, binding.id) != binding.id:
                continue
            known = found.get(binding.id)
            keys = (*known.keys, binding.key) if known else (binding.key,)
            words = known.words if known else binding.description
            found[binding.id] = KeyAction(binding.id, keys, words, binding.action)
    return list(found.values())


def in_force(deed: KeyAction, keys: Mapping[str, str]) -> tuple[str, ...]:
    """Return the keys of the action, with those that the user chose."""
    return tuple(keys[deed.id].split(",")) if deed.id in keys else deed.keys


def display_keys(keys: Sequence[str]) -> str:
    """Return keys as they are written for people: "/", "Ctrl+F", "↓ j"."""
    return " ".join(_display(key) for key in keys)


def _display(key: str) -> str:
    *modifiers, last = key.split("+")
    shown = format_key(last)
    if shown.isascii() and len(shown) > 1:
        shown = {"pageup": "PgUp", "pagedown": "PgDn", "delete": "Del"}.get(last, shown.title())
    return "+".join([*(each.title() for each in modifiers), shown])


def read_keys(path: Path) -> tuple[Mapping[str, Any], list[str]]:
    """Return the entries of a file that need not exist, and the messages about it."""
    try:
        with path.open("rb") as file:
            data = file.read(FILE_BYTES_MAX + 1)
        if len(data) > FILE_BYTES_MAX:
            return {}, [f"{path} is over {FILE_BYTES_MAX // 1024} KB; the usual keys are in force"]
        entries = tomllib.loads(data.decode()).get("keys", {})
    except FileNotFoundError:
        return {}, []
    except (OSError, ValueError) as error:
        return {}, [f"{path} cannot be read: {error}; the usual keys are in force"]
    if not isinstance(entries, dict):
        return {}, [f'{path}: write [keys], and under it lines as "board.filter" = "f"']
    return entries, []


def apply_key_file(
    entries: Mapping[str, Any], everywhere: type[DOMNode], places: Sequence[KeyScope]
) -> tuple[dict[str, str], list[str]]:
    """Return the valid entries, as Textual takes them, and a remark for each invalid one."""
    deeds_by_id = {
        deed.id: deed
        for owner in (everywhere, *(owner for place in places for owner in place.owners))
        for deed in key_actions(owner)
    }
    taken: dict[str, str] = {}
    remarks: list[str] = []
    for written, value in entries.items():
        name = RENAMED.get(written, written)
        if name != written and name in entries:
            remarks.append(f'"{written}" is called "{name}" now, and the entry of that name counts')
        elif name not in deeds_by_id:
            near = difflib.get_close_matches(name, deeds_by_id, 1)
            remedy = f"did you mean {near[0]}?" if near else "`?` lists the names"
            remarks.append(f'"{written}" names no keys; {remedy}')
        elif (keys := _keys(value)) is None:
            remedy = 'write a letter or a name as "ctrl+f", "f5" or "slash"'
            remarks.append(f'"{written}" = {value!r} is no key; {remedy}')
        else:
            taken[name] = keys
    while clash := _clash(taken, everywhere, places):
        name, key, other = clash
        del taken[name]
        remarks.append(
            f'"{name}" = "{key}": that key is for "{other}"; give {other} another, or take another'
        )
    if len(remarks) > REMARKS_MAX:
        remarks[REMARKS_MAX:] = [f"and {len(remarks) - REMARKS_MAX} more entries that cannot be"]
    return taken, [f"keys.toml: {remark}" for remark in remarks]


def _keys(value: object) -> str | None:
    """Return keys by their long names, parted by commas; None for what is no key."""
    if not isinstance(value, str) or not value:
        return None
    keys = []
    for key in value.split(",") if value != "," else [value]:
        *modifiers, last = key.strip().split("+") if len(key.strip()) > 1 else [key.strip()]
        if len(last) == 1 and last.isprintable():
            last = _character_to_key(last)
        elif last not in _NAMED and key_to_character(last) is None:
            return None
        if not last or not _MODIFIERS.issuperset(modifiers):
            return None
        keys.append("+".join([*modifiers, last]))
    return ",".join(dict.fromkeys(keys))


def _clash(
    taken: Mapping[str, str], everywhere: type[DOMNode], places: Sequence[KeyScope]
) -> tuple[str, str, str] | None:
    """Return a chosen entry, its key, and what else the key would do in some place."""
    for place in places:
        by_key: dict[str, str] = {}
        for owner in (everywhere, *place.owners):
            for deed in key_actions(owner):
                for key in in_force(deed, taken):
                    other = by_key.setdefault(key, deed.id)
                    if other == deed.id:
                        continue
                    name, kept = (deed.id, other) if deed.id in taken else (other, deed.id)
                    if name in taken:
                        return name, taken[name], kept
    return None
