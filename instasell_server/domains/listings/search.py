"""Read the query of GET /listings, and cut its pages: pure, without I/O."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, NamedTuple

from instasell_client.models.errors import Invalid
from instasell_client.models.listings import ListingQuery, ListingSort
from instasell_server.paging import INSTANT, INTEGER, ROW_ID, Cursor

PRICELESS_LAST = 10**12 + 1
WORD_LENGTH_MIN = 3

WORDS_MAX = 20
ALTERNATIVES_MAX = 5
"""Words joined by `or`. 25 common ones match every listing, and each is ranked: on 100,000 listings
that took 3.3 s, and five take 0.8 s."""

RANKED_MAX = 500
"""So many matches are ranked, the newest ones: to rank one takes 0.02 ms. All of 300,000 took 5 s,
and 30 such questions at once left nobody a connection."""

FEW_MAX = 1000
"""Beyond so many matches of its words a text is common: no spelling is forgiven, and lists by time
or price are walked in their order."""

RECENT_MAX = 5000
"""Among so many of the newest listings a common text is looked for to be ranked."""

SPELLED_BELOW = 50
"""Below so many matches, a page, what is spelled like the text is looked for as well."""

MANY_LISTINGS = 100_000
"""From so many listings on a word is corrected to one that many of them have. To compare each title
with a word took 0.3 s on 300,000, and 0.9 s with twenty words."""

SCANNED_MAX = 2000
"""Among so many of the newest listings signs are looked for, which no index knows. To look at all
of 300,000 titles took 0.7 s for three U+2216, and 2.7 s for three superscript digits."""

# The wildcards of SQL, and the signs that `unaccent` turns into one of them.
_WILDCARDS = re.compile(r"[%_\\\u2216\ufe68\ufe6a\uff05\uff3c\uff3f]")
_LETTER = re.compile(r"[^\W_]")
_TWO_LETTERS = re.compile(r"[^\W_]{2}")
_OPERATORS = re.compile(r'"|(?:^|\s)-\w')
_BY_TIME = frozenset({ListingSort.NEWEST, ListingSort.OLDEST})
_PAGES_BY_TIME = {sort: Cursor(f"listings by time, {sort}", INSTANT, ROW_ID) for sort in _BY_TIME}
_PAGES_BY_NUMBER = {
    sort: Cursor(f"listings by {sort}", INTEGER, ROW_ID)
    for sort in ListingSort
    if sort not in _BY_TIME
}


class SearchPlan(NamedTuple):
    """Hold a search, ready for its query."""

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
        raise Invalid.one("sort", "give q as well, or choose another sort")
    pages = _PAGES_BY_TIME[sort] if sort in _BY_TIME else _PAGES_BY_NUMBER[sort]
    after_key, after_id = pages.read(asked.cursor)
    parameters = {
        "category": asked.category,
        "type": asked.type,
        "condition": asked.condition,
        "price_min": asked.price_min,
        "price_max": asked.price_max,
        "seller": asked.seller,
        "shown_seller": shown_seller,
        **_texts(q),
        "after_key": after_key,
        "after_id": after_id,
        "limit": asked.limit + 1,
        "ranked": RANKED_MAX,
        "scanned": SCANNED_MAX,
        "few": FEW_MAX,
        "recent": RECENT_MAX,
        "spelled": SPELLED_BELOW,
        "many": MANY_LISTINGS,
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


def cut_page(
    rows: list[dict[str, Any]], planned: SearchPlan
) -> tuple[list[dict[str, Any]], str | None]:
    """Return the rows of a page, and the cursor of the next one if there are more rows."""
    sort, limit = planned.sort, planned.limit
    if sort in _BY_TIME:
        return _PAGES_BY_TIME[sort].cut(rows, limit, lambda row: (row["created_at"], row["id"]))
    return _PAGES_BY_NUMBER[sort].cut(rows, limit, lambda row: (_number(row, sort), row["id"]))


def _number(row: Mapping[str, Any], sort: ListingSort) -> int:
    """Return what a row is sorted by; a listing without a price comes last in both orders."""
    if sort is ListingSort.RELEVANCE:
        return int(row["score"])
    if row["price"] is not None:
        return int(row["price"])
    return PRICELESS_LAST if sort is ListingSort.PRICE_ASC else 0
