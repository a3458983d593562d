"""Resolve what users type for an id: the beginning of it, a SKU, or a title.

The server is asked only for what is no whole id. What is certain is taken (the beginning of one id,
a SKU, a whole title); a part of a title is taken where it fits one thing, and where the user can
still say no.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from instasell_cli.exit_codes import CliError, ExitCode, UsageProblem

if TYPE_CHECKING:
    from instasell_cli.completion.sources import CandidateSource
    from instasell_cli.output.writer import OutputWriter
    from instasell_client import InstaSell
    from instasell_client.models.lookups import Match

LOOKUPS_MAX = 100
"""How many ids of one command are looked up; each takes up to two requests."""

STDIN = "-"

LISTED_PAGES_MAX = 10
LIST_IDS_MAX = 10_000
LIST_CHARACTERS_MAX = 1024 * 1024

_BEGINNING = re.compile(r"[0-9a-f][0-9a-f-]{5,35}", re.ASCII | re.IGNORECASE)
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


def is_whole_id(text: str) -> bool:
    """Return whether a text is an id that needs no looking up."""
    return _ID.fullmatch(text) is not None


def resolve_parameters(ctx: Any) -> None:
    """Put whole ids into the place of what was typed for them, in all parameters of a command.

    Raises UsageProblem for what could mean several things, CliError for what is nowhere.
    """
    _expand(ctx)
    places = [*_typed_ids(ctx)]
    if not places:
        return
    if sum(len(texts) for _, _, texts in places) > LOOKUPS_MAX:
        raise UsageProblem(f"at most {LOOKUPS_MAX} things are looked up; give whole ids")
    from instasell_cli.context import open_client
    from instasell_cli.input.prompts import is_interactive

    asks = any("--yes" in param.opts for param in ctx.command.params)
    with open_client(ctx) as (client, output):
        resolver = IdResolver(client, output, words_suffice=is_interactive() or not asks)
        for name, source, texts in places:
            ids = {text: resolver.resolve(source, text, ctx.params) for text in texts}
            value = ctx.params[name]
            if isinstance(value, str):
                ctx.params[name] = ids.get(value, value)
            else:
                ctx.params[name] = [ids.get(text, text) for text in value]


def _expand(ctx: Any) -> None:
    """Put the lines of stdin into the place of "-", and those of `--from FILE` behind the ids."""
    ids = ctx.params.get("ids")
    name = ctx.params.get("from_file")
    if name is not None:
        ids = [*(ids or ()), *_lines(name)]
    elif not isinstance(ids, list | tuple) or STDIN not in ids:
        return
    if STDIN in ids:
        place = ids.index(STDIN)
        ids = [*ids[:place], *_lines(STDIN), *ids[place + 1 :]]
    if not ids:
        raise UsageProblem(f"{name or 'stdin'}: there are no ids in it")
    ctx.params["ids"] = ids


def _lines(name: str) -> list[str]:
    """Read an id from each line; empty lines and those that begin with # are passed over."""
    from instasell_cli.input.files import opened_text

    with opened_text(name) as file:
        text = file.read(LIST_CHARACTERS_MAX + 1)
    found = [line.strip() for line in text.splitlines()]
    found = [line for line in found if line and not line.startswith("#")]
    if len(text) > LIST_CHARACTERS_MAX or len(found) > LIST_IDS_MAX:
        raise UsageProblem(f"{name}: give {LIST_IDS_MAX:,} ids at most, one in each line")
    return found


def _typed_ids(ctx: Any) -> Iterator[tuple[str, CandidateSource, list[str]]]:
    """Yield the parameters that take ids, with what kind of, and what is no whole one."""
    from instasell_cli.command_tree import path_of
    from instasell_cli.completion.parameters import source_of

    for name, value in ctx.params.items():
        values = value if isinstance(value, list | tuple) else [value]
        texts = [
            text
            for text in dict.fromkeys(each for each in values if isinstance(each, str))
            if not is_whole_id(text) and text.strip(". ") and text != STDIN
        ]
        if texts:
            source = source_of(path_of(ctx), name, ctx.params)
            if source is not None and source.by_address:
                # Commands that take addresses look them up by themselves, to the letter.
                texts = [text for text in texts if _BEGINNING.fullmatch(text)]
            if source is not None and (source.kind or source.listed) and texts:
                yield name, source, texts


class IdResolver:
    """Finds the one thing that a text means."""

    def __init__(self, client: InstaSell, output: OutputWriter, *, words_suffice: bool) -> None:
        self._client = client
        self._output = output
        self._words_suffice = words_suffice

    def resolve(self, source: CandidateSource, text: str, params: Mapping[str, Any]) -> str:
        """Return the id. Raises UsageProblem with the candidates, CliError (not found)."""
        if source.listed:
            return self._listed(source, text, params)
        found, more = self._found(source, text)
        certain = [match for match in found if match.matched_by != "words"]
        fitting = certain or found
        if not fitting:
            kind = source.kind
            raise CliError(f"no {kind} is called {text!r}, or has such an id", ExitCode.NOT_FOUND)
        if len(fitting) > 1 or (more and not certain):
            raise _ambiguous(source, text, fitting, more)
        [match] = fitting
        if match.matched_by == "words" and not self._words_suffice:
            message = "give its whole title, or the beginning of its id"
            raise _ambiguous(source, text, fitting, more, message)
        if match.matched_by != "id":
            self._output.note(f"{text}: {match.title} ({match.id})")
        return match.id

    def _listed(self, source: CandidateSource, text: str, params: Mapping[str, Any]) -> str:
        """Return the id in a list that begins like the text, or whose title it is."""
        beginning = text.lower() if _BEGINNING.fullmatch(text) else None
        found: dict[str, None] = {}
        query: dict[str, object] = {"limit": 100} if source.pages else {}
        at = source.path.format(**{name: str(value) for name, value in params.items()})
        for _ in range(LISTED_PAGES_MAX):
            page = self._client.api("GET", at, query=query)
            for record in page.get("items", ()):
                record_id, title = str(source.id_of(record)), source.title_of(record)
                begins = beginning is not None and record_id.startswith(beginning)
                if begins or title.casefold() == text.casefold():
                    found[record_id] = None
            if not source.pages or page.get("next") is None:
                break
            query["cursor"] = page["next"]
        if len(found) > 1:
            raise UsageProblem(f"{text!r} could be one of these: {', '.join([*found][:10])}")
        # Unknown beginnings go to the market as they are, which knows what to say of them.
        return next(iter(found), text)

    def _found(self, source: CandidateSource, text: str) -> tuple[list[Match], bool]:
        from instasell_client import Forbidden, NotFound

        found: dict[str, Match] = {}
        more = False
        for ask in self._asked(source, text):
            try:
                matches = ask()
            except (Forbidden, NotFound):
                # A token that may not read, or a server that has no such search.
                continue
            more = more or matches.more
            found |= {match.id: match for match in matches.items if match.id not in found}
            # A seller's own SKU, or an id, needs no second opinion.
            if any(match.matched_by in ("id", "sku") for match in matches.items):
                break
        return [*found.values()], more

    def _asked(self, source: CandidateSource, text: str) -> Iterator[Callable[[], Any]]:
        kind: Any = source.kind
        if self._client.token is not None and kind != "seller":
            yield lambda: self._client.lookups.find_own(kind, text)
        if kind in ("auction", "listing", "seller") and not source.own_only:
            yield lambda: self._client.lookups.find(kind, text)


def _ambiguous(
    source: CandidateSource,
    text: str,
    found: list[Match],
    more: bool,
    message: str = "say which one",
) -> UsageProblem:
    lines = [f"  {match.id}  {match.status}  {match.title}" for match in found]
    if more:
        lines.append("  and more")
    shown = "\n".join(lines)
    return UsageProblem(f"{text!r} could be one of these; {message}:\n{shown}")
