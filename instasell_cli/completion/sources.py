"""Collect candidates from the server, the profiles of this machine, and the program itself."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote

from instasell_cli.command_tree import HELP_TOPICS, KEY
from instasell_cli.completion.candidates import Candidate, is_beginning_of_id, match_candidates

ANSWER_SECONDS = 0.8
"""How long the server and the keyring may take together; the user waits for the Tab key."""

ANSWER_SECONDS_MAX = 30.0
PATIENCE = "INSTASELL_COMPLETION_SECONDS"
"""The variable with which a user far from the server waits longer; 0 waits for nothing."""

PAGE_SIZE = 100

Look = Callable[[str, Mapping[str, str]], Any]
T = TypeVar("T")


@dataclass(frozen=True)
class TypedWords:
    """Hold the typed line: the shared options, the command's own values, the word so far.

    `nouns` are the groups of commands, as `auctions`; `fields` those of the records that the
    command writes.
    """

    command: str
    word: str
    nouns: Collection[str] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    meta: Mapping[str, Any] = field(default_factory=dict)
    fields: Sequence[str] = ()

    @property
    def taken(self) -> frozenset[str]:
        """Return values of lists that are there already, as the ids before this one."""
        lists = (each for each in self.params.values() if isinstance(each, list | tuple))
        return frozenset(str(value) for each in lists for value in each)


@dataclass(frozen=True)
class CandidateSource:
    """A list of the server: where it is, and what of a record is the value and what its title.

    `path` may name a value that is typed already, as `{listing_id}`. With `searches` the server
    looks for words by itself. With `own` it is asked for what belongs to the caller alone. Without
    `pages` it answers with everything at once. What has a `kind` is also found by what people type
    for an id: with `own_only` among what belongs to the caller. With `by_address` only the
    beginning of an id counts, for names of accounts are not unique. What is `listed` is looked for
    in the list itself, by the beginning of its id.
    """

    path: str
    value: str = "id"
    titles: Sequence[str] = ("title",)
    searches: bool = False
    needs_account: bool = True
    own: str | None = None
    pages: bool = True
    kind: str = ""
    own_only: bool = False
    by_address: bool = False
    listed: bool = False

    def candidates(self, typed: TypedWords) -> list[Candidate]:
        """Return the candidates that fit, or none where the server does not answer in time."""
        return within(answer_seconds(), lambda: self._chosen(typed)) or []

    def _chosen(self, typed: TypedWords) -> list[Candidate]:
        look = _looker(typed, needs_account=self.needs_account)
        words = typed.word if self.searches and not is_beginning_of_id(typed.word) else ""
        found = match_candidates(self._asked(typed, look, words), typed.word)
        # The server searches whole words, and a person may have typed beginnings of some.
        return found or (match_candidates(self._asked(typed, look), typed.word) if words else [])

    def _asked(self, typed: TypedWords, look: Look, words: str = "") -> Iterator[Candidate]:
        query = {"limit": str(PAGE_SIZE)} if self.pages else {}
        if words:
            query["q"] = words
        if self.own is not None:
            query[self.own] = str(_value(look("/auth/me", {}), "id"))
        named = {name: quote(str(value), safe="") for name, value in typed.params.items()}
        for record in _records(look(self.path.format(**named), query)):
            value = str(_value(record, self.value) or "")
            if value not in typed.taken:
                yield Candidate(value, self.title_of(record))

    def id_of(self, record: Any) -> Any:
        """Return what stands for the id in a record."""
        return _value(record, self.value)

    def title_of(self, record: Mapping[str, Any]) -> str:
        """Return what stands for the title in a record."""
        found = (_value(record, name) for name in self.titles)
        return " ".join(str(each) for each in found if each is not None)


class CategorySource(CandidateSource):
    """Categories by their paths, which the commands take as they stand."""

    def _asked(self, typed: TypedWords, look: Look, words: str = "") -> Iterator[Candidate]:
        for each in super()._asked(typed, look, words):
            yield Candidate(each.title, is_text=True)


class AccountSource(CandidateSource):
    """Accounts, for admins: by the e-mail address where that is what is typed."""

    def _asked(self, typed: TypedWords, look: Look, words: str = "") -> Iterator[Candidate]:
        for each in super()._asked(typed, look, words):
            address = each.title.rpartition(" ")[2]
            by_address = typed.word and address.startswith(typed.word)
            yield Candidate(address, each.title) if by_address else each


def answer_seconds() -> float:
    """Return the longest time for an answer, in seconds."""
    try:
        wanted = float(os.environ.get(PATIENCE, ANSWER_SECONDS))
    except ValueError:
        return ANSWER_SECONDS
    return min(max(wanted, 0.0), ANSWER_SECONDS_MAX)


def within(seconds: float, work: Callable[[], T]) -> T | None:
    """Return the result of `work`, or None when it takes longer or fails in any way."""
    answers: list[T] = []

    def run() -> None:
        # Nothing may be printed on the line that the user is typing.
        try:
            answers.append(work())
        except Exception:
            return

    thread = threading.Thread(target=run, name="completion", daemon=True)
    thread.start()
    thread.join(seconds)
    return answers[0] if answers else None


def profiles(typed: TypedWords) -> list[Candidate]:
    """Return the profiles of this machine."""
    from instasell_client.profiles import ProfileStore

    known = ProfileStore().list().values()
    return match_candidates(
        (Candidate(each.name, f"{each.email or ''} {each.url}") for each in known), typed.word
    )


def topics(typed: TypedWords) -> list[Candidate]:
    """Return the topics of `instasell help`."""
    nouns = ((name, "its commands") for name in typed.nouns)
    return match_candidates(
        (Candidate(*each) for each in (*HELP_TOPICS.items(), *nouns)), typed.word
    )


def formats(typed: TypedWords) -> list[Candidate]:
    """Return how records can be written."""
    from instasell_cli.output.writer import MEANINGS

    fitting = (form for form in MEANINGS if form.value.startswith(typed.word))
    return [Candidate(form.value, MEANINGS[form]) for form in fitting]


def fields(typed: TypedWords) -> list[Candidate]:
    """Return the fields of what the command writes; the last of those that commas separate."""
    before, comma, last = typed.word.rpartition(",")
    left = (name for name in typed.fields if name not in before.split(","))
    fitting = (name for name in left if name.startswith(last))
    return [Candidate(f"{before}{comma}{name}") for name in fitting]


def _looker(typed: TypedWords, *, needs_account: bool) -> Look:
    """Ask the server that is meant, with the token of the user."""
    from instasell_client.http.quick_get import quick_get
    from instasell_client.profiles import ProfileStore, resolve_target

    store = ProfileStore(keyring=_SilentKeyring(ask=needs_account))
    named = typed.meta.get(KEY + "profile"), typed.meta.get(KEY + "url")
    target = resolve_target(*named, store=store)
    if needs_account and target.token is None:
        raise PermissionError("nobody is signed in")
    ends_at = time.monotonic() + answer_seconds()

    def look(path: str, query: Mapping[str, str]) -> Any:
        left = max(ends_at - time.monotonic(), 0.01)
        return quick_get(target.url, path, query, target.token, timeout_seconds=left)

    return look


class _SilentKeyring:
    """The system's keyring, asked only for what needs it, and only where it cannot ask back.

    Keyrings of other makers may want a password from the terminal on which the user is typing.
    """

    def __init__(self, *, ask: bool) -> None:
        self._ask = ask

    def get(self, entry: str) -> str | None:
        """Return the secret, or None."""
        if not self._ask:
            return None
        import keyring

        from instasell_client.credential_store import KeyringStore

        if not type(keyring.get_keyring()).__module__.startswith("keyring.backends."):
            return None
        return KeyringStore(answer_seconds()).get(entry)

    def set(self, entry: str, secret: str) -> bool:
        """Keep nothing while the user types."""
        return False

    def delete(self, entry: str) -> None:
        """Forget nothing, either."""


def _records(page: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the records of a page; of a tree, those below each, too."""
    items = page.get("items", ()) if isinstance(page, Mapping) else ()
    yield from _whole(items)


def _whole(items: Iterable[Any]) -> Iterator[Mapping[str, Any]]:
    for item in items:
        if isinstance(item, Mapping):
            yield item
            yield from _whole(item.get("children", ()))


def _value(record: Any, name: str) -> Any:
    for part in name.split("."):
        record = record.get(part) if isinstance(record, Mapping) else None
    return record
