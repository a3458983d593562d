"""A YAML file as lists of entries that know their place, so that each fault can name it.

Scalars stay as they were typed: 12.50 is an amount and never a float, and a title of `no` is no
boolean. Nothing of the file makes an object.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import yaml

CHARACTERS_MAX = 1024 * 1024
SECTIONS_MAX: Mapping[str, int] = {
    "users": 500,
    "categories": 500,
    "listings": 5000,
    "auctions": 2000,
    "bids": 10_000,
}
"""The sections of a file, and how many entries each may have."""

_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "timestamp")
)
_NULL = "tag:yaml.org,2002:null"


@dataclass(frozen=True)
class FileProblem:
    """Describe a problem and its place: a path such as listings[3].price, and the line from 1."""

    path: str
    line: int
    message: str


@dataclass(frozen=True)
class YamlEntry:
    """An item of a section: the texts of its fields, and the line of each."""

    path: str
    line: int
    values: Mapping[str, str]
    lines: Mapping[str, int] = field(default_factory=dict)

    def fault(self, name: str | None, message: str) -> FileProblem:
        """Return a fault of a field, or of the entry as a whole."""
        if name is None:
            return FileProblem(self.path, self.line, message)
        return FileProblem(f"{self.path}.{name}", self.lines.get(name, self.line), message)


@dataclass
class Document:
    """The entries of each section, and all that is wrong with the form of the file."""

    sections: dict[str, Sequence[YamlEntry]] = field(default_factory=dict)
    faults: list[FileProblem] = field(default_factory=list)


def read_document(text: str, known: Mapping[str, frozenset[str]]) -> Document:
    """Read the entries of a file. `known` has the fields of each section; others are faults.

    An entry that is a plain text stands for its `name`.
    """
    document = Document(dict.fromkeys(SECTIONS_MAX, ()))
    if len(text) > CHARACTERS_MAX:
        document.faults.append(FileProblem("", 1, "the file is larger than 1 MiB; split it"))
        return document
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = 1 if mark is None else mark.line + 1
        document.faults.append(FileProblem("", line, f"it is not YAML: {error.problem}"))
        return document
    except yaml.YAMLError as error:
        document.faults.append(FileProblem("", 1, f"it is not YAML: {str(error).splitlines()[0]}"))
        return document
    except RecursionError:
        document.faults.append(FileProblem("", 1, "it is nested too deeply"))
        return document
    _Walk(document, known).root(root)
    return document


class _Walk:
    """Goes through the nodes of a file. It goes no deeper than a file of the market does."""

    def __init__(self, document: Document, known: Mapping[str, frozenset[str]]) -> None:
        self._document = document
        self._known = known

    def root(self, node: yaml.Node | None) -> None:
        """Take the sections in."""
        if not isinstance(node, yaml.MappingNode):
            line = 1 if node is None else _line(node)
            self._fault("", line, f"give sections: {', '.join(SECTIONS_MAX)}")
            return
        for name, line, value in self._pairs(node, ""):
            if name not in SECTIONS_MAX:
                self._fault(
                    name, line, f"there is no such section; there are: {', '.join(SECTIONS_MAX)}"
                )
            elif value.tag != _NULL:
                self._document.sections[name] = [*self._entries(name, value)]

    def _entries(self, section: str, node: yaml.Node) -> Iterator[YamlEntry]:
        if not isinstance(node, yaml.SequenceNode):
            self._fault(section, _line(node), "give a list, each entry after a dash")
            return
        most = SECTIONS_MAX[section]
        if len(node.value) > most:
            self._fault(section, _line(node), f"give {most} entries at most")
        for number, item in enumerate(node.value[:most]):
            path = f"{section}[{number}]"
            if isinstance(item, yaml.MappingNode):
                yield self._entry(section, path, item)
            elif (text := self._text(item, path)) is not None:
                yield YamlEntry(path, _line(item), {"name": text})

    def _entry(self, section: str, path: str, node: yaml.MappingNode) -> YamlEntry:
        values: dict[str, str] = {}
        lines: dict[str, int] = {}
        known = self._known[section]
        for name, line, value in self._pairs(node, path):
            if name not in known:
                self._fault(
                    f"{path}.{name}",
                    line,
                    f"there is no such field; there are: {', '.join(sorted(known))}",
                )
            elif value.tag != _NULL:
                lines[name] = line
                text = self._text(value, f"{path}.{name}")
                if text is not None:
                    values[name] = text
        return YamlEntry(path, _line(node), values, lines)

    def _pairs(self, node: yaml.MappingNode, path: str) -> Iterator[tuple[str, int, yaml.Node]]:
        seen: set[str] = set()
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else "?"
            if name in seen:
                self._fault(f"{path}.{name}".lstrip("."), _line(key), "it is given twice")
            else:
                seen.add(name)
                yield name, _line(key), value

    def _text(self, node: yaml.Node, path: str) -> str | None:
        if isinstance(node, yaml.ScalarNode) and node.tag in _TAGS:
            return str(node.value)
        self._fault(path, _line(node), "give a plain value")
        return None

    def _fault(self, path: str, line: int, message: str) -> None:
        self._document.faults.append(FileProblem(path, line, message))


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
