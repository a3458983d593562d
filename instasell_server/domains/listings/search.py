"""Read the query of GET /listings, and the cursors of its pages: pure, without I/O."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from instasell_client.models.base import UUID_PATTERN
from instasell_client.models.errors import Invalid
from instasell_client.models.listings import ListingQuery, ListingSort
from instasell_server.paging import decode_cursor, encode_cursor

PRICELESS_LAST = 10**12 + 1
WORD_LENGTH_MIN = 3

WORDS_MAX = 20
ALTERNATIVES_MAX = 5
"""Words joined by `or`. 25 common ones match every listing, and each is ranked: on 100,000 listings
that took 3.3 s, and five take 0.8 s."""

RANKED_MAX = 5000
"""So many matches are ranked, the newest ones. All of 300,000 took 5 s, and 30 such questions
at once left nobody a connection; these take 0.2 s."""

SCANNED_MAX = 20_000
"""Among so many of the newest listings signs are looked for, which no index knows. To look at all
of 300,000 titles took 0.7 s for three U+2216, and 2.7 s for three superscript digits."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# The wildcards of SQL, and the signs that `unaccent` turns into one of them.
_WILDCARDS = re.compile(r"[%_\\\u2216\ufe68\ufe6a\uff05\uff3c\uff3f]")
_LETTER = re.compile(r"[^\W_]")
_TWO_LETTERS = re.compile(r"[^\W_]{2}")
_OPERATORS = re.compile(r'"|(?:^|\s)-\w')
_UUID = re.compile(UUID_PATTERN)
_BY_TIME = frozenset({ListingSort.NEWEST, ListingSort.OLDEST})


class PagePosition(NamedTuple):
    """The last row of a page: its sort key as an integer, and its id."""

    key: int
    id: str


class SearchPlan(NamedTuple):
    """A question, ready for its query."""

    sort: ListingSort
    limit: int
    parameters: Mapping[str, Any]


def plan(asked: ListingQuery, shown_seller: str | None = None) -> SearchPlan:
    """Read a query; what `shown_seller` offers is found though that account be suspended.

    Raises Invalid for a cursor of another list and for `relevance` without q.
    """
    q = asked.q or None
    if q is not None:
        _check_words(q)
    sort = asked.sort or (ListingSort.RELEVANCE if q else ListingSort.NEWEST)
    if sort is ListingSort.RELEVANCE and q is None:
        raise Invalid.one("sort", "give q as well; without it nothing is more relevant")
    after = read_cursor(asked.cursor, sort) if asked.cursor is not None else None
    parameters = {
        "category": asked.category,
        "type": asked.type,
        "condition": asked.condition,
        "price_min": asked.price_min,
        "price_max": asked.price_max,
        "seller": asked.seller,
        "shown_seller": shown_seller,
        **_texts(q),
        "after_id": after.id if after else None,
        "after_key": _instant(after.key) if after and sort in _BY_TIME else after and after.key,
        "limit": asked.limit + 1,
        "ranked": RANKED_MAX,
        "scanned": SCANNED_MAX,
    }
    return SearchPlan(sort, asked.limit, parameters)


def _check_words(q: str) -> None:
    """Refuse a question that looks at too much. Raises Invalid."""
    words = re.findall(r"\w+", unicodedata.normalize("NFKC", q).casefold())
    if len(words) > WORDS_MAX:
        raise Invalid.one("q", f"has {len(words)} words; use {WORDS_MAX} at most")
    alternatives = sum(map(_is_or, words)) + 1
    if alternatives > ALTERNATIVES_MAX:
        raise Invalid.one(
            "q",
            f"has {alternatives} alternatives joined by `or`; use {ALTERNATIVES_MAX} at most, or"
            " ask for them one after the other",
        )


def _is_or(word: str) -> bool:
    """Return whether a word is the operator once accents are taken off, as from "\u00f8r"."""
    if word.isascii() or len(word) != len("or"):
        return word == "or"
    first, second = (unicodedata.name(letter, "").split() for letter in word)
    return "O" in first and "R" in second


def _texts(q: str | None) -> dict[str, str | None]:
    """Return the forms in which `q` is searched: as words, with forgiven spelling, verbatim.

    A wildcard of SQL in `q` means the character, so then only the verbatim text counts. Quoted and
    excluded words mean exactly these. One or two characters are no spelling to forgive, and a
    verbatim search for them would read every title. So would signs without
    two letters or digits side by side: `!!!` took 2 s on 300,000 listings.
    """
    if q is None:
        return {"q": None, "words": None, "spelling": None, "literal": None}
    if _WILDCARDS.search(q):
        return {"q": q, "words": None, "spelling": None, "literal": q}
    if _OPERATORS.search(q):
        return {"q": q, "words": q, "spelling": None, "literal": None}
    is_short = len(q) < WORD_LENGTH_MIN
    spelling = None if _LETTER.search(q) is None else q
    literal = None if is_short or _TWO_LETTERS.search(q) is None else q
    return {"q": q, "words": q, "spelling": spelling, "literal": literal}


def is_default_page(asked: ListingQuery) -> bool:
    """Return whether this is the first page of a category without any filter."""
    return asked.category is not None and asked == ListingQuery(category=asked.category)


def position_of(row: Mapping[str, Any], sort: ListingSort) -> PagePosition:
    """Return the position of a row in a list."""
    price = row["price"]
    if sort in _BY_TIME:
        key = (row["created_at"] - _EPOCH) // timedelta(microseconds=1)
    elif sort is ListingSort.PRICE_ASC:
        key = PRICELESS_LAST if price is None else price
    elif sort is ListingSort.PRICE_DESC:
        key = 0 if price is None else price
    else:
        key = row["score"]
    return PagePosition(key, row["id"])


def write_cursor(position: PagePosition, sort: ListingSort) -> str:
    """Return an opaque text that names a position."""
    return encode_cursor(sort.value, position.key, position.id)


def read_cursor(cursor: str, sort: ListingSort) -> PagePosition:
    """Return the position of a cursor. Raises Invalid unless it is of a list so sorted."""
    name, key, row_id = decode_cursor(cursor, str, int, str)
    if name != sort or _UUID.fullmatch(row_id) is None:
        raise _not_ours()
    if sort in _BY_TIME:
        _instant(key)
    return PagePosition(key, row_id)


def _instant(key: int) -> datetime:
    try:
        return _EPOCH + timedelta(microseconds=key)
    except OverflowError:
        raise _not_ours() from None


def _not_ours() -> Invalid:
    return Invalid.one("cursor", "send the `next` of the page before, with the same sort")
