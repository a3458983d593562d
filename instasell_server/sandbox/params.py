"""Reads the parameters of a request one by one, and names the one that is wrong.

What is read with `get_` has to be there; what is read with `find_` may be missing. `finish` refuses
whatever nobody read, as Stripe does, so that a misspelt parameter does not pass in silence.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TypeVar
from urllib.parse import urlsplit

from instasell_server.sandbox.errors import InvalidRequest
from instasell_server.sandbox.form import Tree

AMOUNT_MAX = 10**12
TEXT_MAX = 5000
METADATA_KEYS_MAX = 50
METADATA_KEY_MAX = 40
METADATA_VALUE_MAX = 500

_T = TypeVar("_T")

_INTEGER = re.compile(r"-?[0-9]{1,15}")
_INDEX = re.compile(r"[0-9]{1,4}")
# What ends a word in a policy of the page's must not come in with an address.
_NETLOC = re.compile(r"[A-Za-z0-9._~:@%\[\]-]+")
_CURRENCY = re.compile(r"[a-z]{3}")


class Params:
    """Read the parameters of a request, or of one branch of them."""

    def __init__(self, values: Tree, prefix: str = "") -> None:
        self._values = values
        self._prefix = prefix
        self._unread = set(values)
        self._branches: list[Params] = []

    def name(self, key: str) -> str:
        """Return a parameter's name as the caller wrote it: `line_items[0][quantity]`."""
        return f"{self._prefix}[{key}]" if self._prefix else key

    def find_text(self, key: str, choices: Collection[str] = ()) -> str | None:
        """Return text of up to 5000 characters; nothing is the same as none."""
        self._unread.discard(key)
        value = self._values.get(key)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise InvalidRequest(f"Invalid string: {self.name(key)}", param=self.name(key))
        if len(value) > TEXT_MAX:
            message = f"Invalid string: {self.name(key)} must be at most {TEXT_MAX} characters"
            raise InvalidRequest(message, param=self.name(key))
        if choices and value not in choices:
            message = f"Invalid {self.name(key)}: must be one of {', '.join(choices)}"
            raise InvalidRequest(message, param=self.name(key))
        return value

    def get_text(self, key: str, choices: Collection[str] = ()) -> str:
        """Return a text that has to be there."""
        return self._required(key, self.find_text(key, choices))

    def find_integer(
        self, key: str, least: int = -AMOUNT_MAX, most: int = AMOUNT_MAX
    ) -> int | None:
        """Find a whole number within bounds, both inclusive."""
        text = self.find_text(key)
        if text is None:
            return None
        if not _INTEGER.fullmatch(text):
            code = "parameter_invalid_integer"
            raise InvalidRequest(f"Invalid integer: {text[:100]}", param=self.name(key), code=code)
        number = int(text)
        if not least <= number <= most:
            message = f"Invalid integer: {self.name(key)} must be from {least} to {most}"
            raise InvalidRequest(message, param=self.name(key), code="parameter_invalid_integer")
        return number

    def find_amount(self, key: str = "amount") -> int | None:
        """Return minor units, from 1 to 10^12."""
        return self.find_integer(key, 1, AMOUNT_MAX)

    def get_amount(self, key: str = "amount") -> int:
        """Return an amount that has to be there."""
        return self._required(key, self.find_amount(key))

    def find_flag(self, key: str) -> bool:
        """Return True or False; False when it is missing."""
        return self.find_text(key, ("true", "false")) == "true"

    def get_currency(self, key: str = "currency") -> str:
        """Return three letters, in lower case."""
        text = self.get_text(key)
        if not _CURRENCY.fullmatch(text):
            message = f"Invalid currency: {text[:20]}. Three lower-case letters are expected."
            raise InvalidRequest(message, param=self.name(key))
        return text

    def find_url(self, key: str) -> str | None:
        """Find an address of http or https."""
        text = self.find_text(key)
        if text is None:
            return None
        try:
            address = urlsplit(text)
            usable = address.scheme in ("http", "https") and bool(address.hostname)
            usable = usable and _NETLOC.fullmatch(address.netloc) is not None
        except ValueError:
            usable = False
        if not usable or not text.isprintable():
            raise InvalidRequest("Not a valid URL", param=self.name(key), code="url_invalid")
        return text

    def get_url(self, key: str) -> str:
        """Return an address that has to be there."""
        return self._required(key, self.find_url(key))

    def find_metadata(self, key: str = "metadata") -> dict[str, str]:
        """Up to 50 keys with text; those without any are left out."""
        branch = self.find_branch(key)
        if branch is None:
            return {}
        if len(branch._values) > METADATA_KEYS_MAX:
            raise InvalidRequest(f"Metadata can have {METADATA_KEYS_MAX} keys at most.", param=key)
        found = {}
        for each in branch._values:
            text = branch.find_text(each)
            if text is None:
                continue
            if len(each) > METADATA_KEY_MAX or len(text) > METADATA_VALUE_MAX:
                message = (
                    f"Metadata keys can have {METADATA_KEY_MAX} characters at most,"
                    f" values {METADATA_VALUE_MAX}."
                )
                raise InvalidRequest(message, param=branch.name(each[:METADATA_KEY_MAX]))
            found[each] = text
        return found

    def names(self) -> list[str]:
        """Return the names in this branch."""
        return list(self._values)

    def has_branch(self, key: str) -> bool:
        """Return whether there are parameters below this one."""
        return isinstance(self._values.get(key), dict)

    def find_branch(self, key: str) -> Params | None:
        """Find the parameters below this one."""
        self._unread.discard(key)
        value = self._values.get(key)
        if value is None or value == "":
            return None
        if not isinstance(value, dict):
            raise InvalidRequest("Invalid object", param=self.name(key))
        branch = Params(value, self.name(key))
        self._branches.append(branch)
        return branch

    def list_branches(self, key: str) -> list[Params]:
        """List the parameters below each entry of a list, in order."""
        branch = self.find_branch(key)
        if branch is None:
            return []
        found = [branch.find_branch(each) for each in branch._numbered(key)]
        return [each for each in found if each is not None]

    def list_texts(self, key: str) -> list[str]:
        """List the texts of a list, in order."""
        branch = self.find_branch(key)
        if branch is None:
            return []
        return [branch.get_text(each) for each in branch._numbered(key)]

    def ignore(self, *keys: str) -> None:
        """Accept parameters that Stripe has and the sandbox does without."""
        self._unread.difference_update(keys)

    def ignore_all(self) -> None:
        """Accept whatever is left in this branch."""
        self._unread.clear()

    def finish(self) -> None:
        """Raise `InvalidRequest` on the first parameter that nobody has read."""
        if self._unread:
            name = self.name(min(self._unread))
            message = f"Received unknown parameter: {name}"
            raise InvalidRequest(message, param=name, code="parameter_unknown")
        for branch in self._branches:
            branch.finish()

    def _numbered(self, key: str) -> list[str]:
        if not all(_INDEX.fullmatch(each) for each in self._values):
            raise InvalidRequest("Invalid array", param=key)
        return sorted(self._values, key=int)

    def _required(self, key: str, value: _T | None) -> _T:
        if value is None:
            name = self.name(key)
            raise InvalidRequest(
                f"Missing required param: {name}.", param=name, code="parameter_missing"
            )
        return value
