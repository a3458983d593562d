"""Categories and listings."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, Field

from instasell_client.models.base import Id, Instant, Paging, Reply, Request
from instasell_client.models.media import Image
from instasell_client.models.money import MAX_AMOUNT, Amount, AmountOrZero
from instasell_client.models.problems import FieldError, Problem
from instasell_client.models.sellers import SellerRecord
from instasell_client.models.text import Line, Prose

CategoryName = Annotated[Line, Field(min_length=1, max_length=80)]
Title = Annotated[Line, Field(min_length=1, max_length=200)]
Description = Annotated[Prose, Field(max_length=20_000)]
Sku = Annotated[Line, Field(min_length=1, max_length=100)]
Stock = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]


class ListingType(StrEnum):
    """Name how a listing is sold: at a price, or to the highest bidder."""

    DIRECT = "direct"
    AUCTION = "auction"


class Condition(StrEnum):
    """Name the state of an item: new, made as new by a professional, or how much it was used.

    `for-parts` does not work, or is not complete.
    """

    NEW = "new"
    REFURBISHED = "refurbished"
    USED_LIKE_NEW = "used-like-new"
    USED_GOOD = "used-good"
    USED_FAIR = "used-fair"
    FOR_PARTS = "for-parts"


CONDITION_ALIASES = {
    "brand new": Condition.NEW,
    "new with tags": Condition.NEW,
    "new in box": Condition.NEW,
    "certified refurbished": Condition.REFURBISHED,
    "manufacturer refurbished": Condition.REFURBISHED,
    "seller refurbished": Condition.REFURBISHED,
    "renewed": Condition.REFURBISHED,
    "like new": Condition.USED_LIKE_NEW,
    "mint": Condition.USED_LIKE_NEW,
    "used very good": Condition.USED_GOOD,
    "very good": Condition.USED_GOOD,
    "good": Condition.USED_GOOD,
    "used acceptable": Condition.USED_FAIR,
    "acceptable": Condition.USED_FAIR,
    "fair": Condition.USED_FAIR,
    "for parts or not working": Condition.FOR_PARTS,
    "not working": Condition.FOR_PARTS,
    "parts only": Condition.FOR_PARTS,
    "defective": Condition.FOR_PARTS,
}
"""What other markets and their exports call the same conditions, in small letters and spaces."""


def parse_condition(text: str) -> Condition:
    """Return the condition that a person or another market's export means.

    Case, spaces, hyphens and underscores do not matter. Raises ValueError for anything else, also
    for a bare "used", which says too little.

    >>> parse_condition("Used - Like New").value
    'used-like-new'
    """
    plain = " ".join(text.casefold().replace("-", " ").replace("_", " ").replace("/", " ").split())
    condition = CONDITION_ALIASES.get(plain)
    if condition is not None:
        return condition
    try:
        return Condition(plain.replace(" ", "-"))
    except ValueError:
        names = ", ".join(Condition)
        raise ValueError(f"'{text.strip()[:40]}' is not a condition; write {names}") from None


class ListingStatus(StrEnum):
    """Name the state of a listing; a removed one is kept for its orders."""

    ACTIVE = "active"
    REMOVED = "removed"


class ListingSort(StrEnum):
    """Name the orders in which listings come; `relevance` needs `q`."""

    NEWEST = "newest"
    OLDEST = "oldest"
    PRICE_ASC = "price"
    PRICE_DESC = "-price"
    RELEVANCE = "relevance"


class CreateCategory(Request):
    """Create a category below `parent_id`, or at the top."""

    name: CategoryName
    parent_id: Id | None = None


class UpdateCategory(Request):
    """Rename or move a category; the parent may not be below the category itself."""

    name: CategoryName
    parent_id: Id | None = None


class Category(Reply):
    """Describe a category with the number of active listings in it and below."""

    id: Id
    name: str
    parent_id: Id | None
    path: str
    listing_count: int


class CategoryNode(Category):
    """Describe a category with those below it."""

    children: list[CategoryNode] = []


class CategoryTree(Reply):
    """List every category, as a tree, in order of name."""

    items: list[CategoryNode]


class CreateListing(Request):
    """Create a listing. One of type auction has stock 1 and no price; a direct one has both."""

    type: ListingType
    title: Title
    description: Description = ""
    category_id: Id
    condition: Condition
    price: Amount | None = None
    stock: Stock = 1
    shipping_amount: AmountOrZero = 0
    seller_sku: Sku | None = None


class UpdateListing(Request):
    """Change a listing; a field that is absent (or null) keeps its value, and the type stays."""

    title: Title | None = None
    description: Description | None = None
    category_id: Id | None = None
    condition: Condition | None = None
    price: Amount | None = None
    stock: Stock | None = None
    shipping_amount: AmountOrZero | None = None
    seller_sku: Sku | None = None


class Listing(Reply):
    """Describe a listing as everybody sees it."""

    id: Id
    seller_id: Id
    seller_name: str
    type: ListingType
    title: str
    description: str
    category_id: Id
    category_path: str
    condition: Condition
    price: int | None
    stock: int
    shipping_amount: int
    seller_sku: str | None
    status: ListingStatus
    auction_id: Id | None = None
    version: int
    created_at: Instant
    updated_at: Instant


class ListingView(Listing):
    """Describe a listing with its pictures in their order and the record of its seller."""

    images: list[Image] = []
    seller: SellerRecord | None = None


def _digits(value: object) -> object:
    # A query is text, and int() would also read "1_000", "+5" and "12.0".
    if isinstance(value, str) and not (value.isascii() and value.isdecimal()):
        raise ValueError("send whole minor units in digits, as 1250")
    return value


TypedAmount = Annotated[int, BeforeValidator(_digits), Field(ge=0, le=MAX_AMOUNT)]
"""Minor units in a query, where every value is text."""


class ListingQuery(Paging):
    """Select listings; `q` is searched in titles and descriptions, spelling forgiven."""

    q: Annotated[Line, Field(max_length=200)] | None = None
    category: Id | None = None
    type: ListingType | None = None
    condition: Condition | None = None
    price_min: TypedAmount | None = None
    price_max: TypedAmount | None = None
    seller: Id | None = None
    sort: ListingSort | None = None


class BulkQuery(Request):
    """Check every row and write nothing, with `dry_run`."""

    dry_run: bool = False


class ExportQuery(Request):
    """Begin behind `after`, the `listing_id` of the last row of an export that was cut off."""

    after: Id | None = None


class BulkListing(Request):
    """Give one row of a bulk upload. `category` is a path ("Toys > Trains"); or give `category_id`.

    The row's key is `listing_id` where an export gave one, else `seller_sku`, else a hash of the
    row. A column that is absent (or null) never changes a value. Stock moves by the difference
    from `exported_stock`, or else from the last import of the row, so that sales are not undone.
    """

    type: ListingType | None = None
    title: Title | None = None
    description: Description | None = None
    category: Annotated[Line, Field(min_length=1, max_length=500)] | None = None
    category_id: Id | None = None
    condition: Condition | None = None
    price: Amount | None = None
    stock: Stock | None = None
    shipping_amount: AmountOrZero | None = None
    seller_sku: Sku | None = None
    listing_id: Id | None = None
    exported_stock: Stock | None = None


class BulkOutcome(StrEnum):
    """Name the result of a row, or with `dry_run` the result that it would have."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"


class BulkVerdict(Reply):
    """Give the result of one row; `row` counts from 1 in the order in which rows were sent.

    `problem` is set on the last line of an upload that could not go on, as when the account was
    suspended meanwhile: this row and those without a result were not imported.
    """

    row: int
    outcome: BulkOutcome
    listing_id: Id | None = None
    seller_sku: str | None = None
    errors: list[FieldError] = []
    problem: Problem | None = None
