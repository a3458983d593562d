"""Make up the market of a seed: plain data, the same for the same numbers, without a clock.

Each user and each listing has its own source of randomness, so that asking for more of something
leaves what was there as it was. Amounts are minor units.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from instasell_cli.seed.word_lists import items, words

SELLERS_SHARE = 3
"""One in three sells, and one at least."""

AUCTION_SECONDS = (600, 3 * 86400)


@dataclass(frozen=True)
class PlannedAccount:
    """Hold a user to sign up; `number` counts from 1."""

    number: int
    email: str
    name: str
    sells: bool


@dataclass(frozen=True)
class PlannedListing:
    """A row of a bulk upload, and whose it is: an index into the sellers."""

    seller: int
    row: Mapping[str, object]

    @property
    def sku(self) -> str:
        """Return the name by which the row is known when it comes again."""
        return str(self.row["seller_sku"])


@dataclass(frozen=True)
class PlannedAuction:
    """The terms of an auction of a piece."""

    sku: str
    seller: int
    min_bid: int
    reserve: int | None
    buy_now: int | None
    duration_seconds: int


@dataclass(frozen=True)
class PlannedBid:
    """A maximum on a sale; `bidder` is an index into those who do not sell."""

    sale: int
    bidder: int
    maximum: int
    key: str


@dataclass(frozen=True)
class SeedPlan:
    """A whole market."""

    seed: int
    people: Sequence[PlannedAccount]
    pieces: Sequence[PlannedListing]
    sales: Sequence[PlannedAuction]
    offers: Sequence[PlannedBid]

    @property
    def sellers(self) -> Sequence[PlannedAccount]:
        """Return the sellers."""
        return [person for person in self.people if person.sells]

    @property
    def bidders(self) -> Sequence[PlannedAccount]:
        """Return the accounts that only buy."""
        return [person for person in self.people if not person.sells]


def make_plan(seed: int, *, users: int, listings: int, auctions: int, bids: int) -> SeedPlan:
    """Make the market of a seed; `auctions` of the `listings` are for auction."""
    people = [_person(seed, number, users) for number in range(1, users + 1)]
    sellers = sum(person.sells for person in people)
    worths = [_worth(seed, number) for number in range(auctions)]
    pieces = [
        *(_piece(seed, number, sellers, auction=True) for number in range(auctions)),
        *(_piece(seed, number, sellers, auction=False) for number in range(listings - auctions)),
    ]
    sales = [_sale(seed, number, sellers, worth) for number, worth in enumerate(worths)]
    offers = [*_offers(seed, bids, worths, users - sellers)] if auctions else []
    return SeedPlan(seed, people, pieces, sales, offers)


def categories() -> Sequence[str]:
    """Return the paths of the categories of the listings."""
    return [*items()]


def _person(seed: int, number: int, users: int) -> PlannedAccount:
    source = Random(f"{seed}/person/{number}")
    sells = number <= max(1, users // SELLERS_SHARE)
    role = "seller" if sells else "buyer"
    name = f"{source.choice(words('people'))} {source.choice(words('makers')).split()[0]}"
    return PlannedAccount(number, f"{role}{number}.seed{seed}@example.test", name, sells)


def _piece(seed: int, number: int, sellers: int, *, auction: bool) -> PlannedListing:
    kind = "auction" if auction else "direct"
    source = Random(f"{seed}/{kind}/{number}")
    path = source.choice(categories())
    quality, name = source.choice(words("qualities")), source.choice(items()[path])
    maker, year = source.choice(words("makers")), source.randrange(1890, 1995)
    title = f"{quality.capitalize()} {name} by {maker}, {year}"
    row: dict[str, object] = {
        "type": kind,
        "title": title,
        "description": " ".join(source.sample(words("remarks"), 3)),
        "category": path,
        "condition": source.choice(("new", "refurbished", "refurbished")),
        "shipping_amount": source.choice((0, 390, 590, 990)),
        "seller_sku": f"seed{seed}-{kind[0]}{number + 1:05}",
    }
    if not auction:
        row |= {"price": source.randrange(5, 400) * 100 + 90, "stock": source.randrange(1, 20)}
    return PlannedListing(number % sellers, row)


def _worth(seed: int, number: int) -> int:
    return Random(f"{seed}/worth/{number}").randrange(20, 900) * 100


def _sale(seed: int, number: int, sellers: int, worth: int) -> PlannedAuction:
    source = Random(f"{seed}/sale/{number}")
    minimum = max(100, worth * source.randrange(10, 40) // 5000 * 50)
    reserve = worth * 6 // 10 if source.random() < 0.25 else None
    buy_now = worth * 2 if source.random() < 0.3 else None
    # Ends are dense in the near future, as on a real market day.
    shortest, longest = AUCTION_SECONDS
    seconds = int(shortest * (longest / shortest) ** source.random())
    return PlannedAuction(
        f"seed{seed}-a{number + 1:05}", number % sellers, minimum, reserve, buy_now, seconds
    )


def _offers(seed: int, count: int, worths: Sequence[int], bidders: int) -> Iterator[PlannedBid]:
    for number in range(count if bidders else 0):
        source = Random(f"{seed}/offer/{number}")
        sale = source.randrange(len(worths))
        maximum = worths[sale] * source.randrange(20, 110) // 100
        yield PlannedBid(sale, source.randrange(bidders), maximum, f"seed{seed}-bid-{number}")
