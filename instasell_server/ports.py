"""The seams of the server: what the domains need of engines, said without them.

Each Protocol has its implementation in `adapters/`, and `app.py` joins the two. An adapter that
cannot reach its engine raises `Unreachable`; every caller says what it does then.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol


class Unreachable(Exception):
    """The engine behind a port does not answer."""


@dataclass(frozen=True, slots=True)
class Quota:
    """What is left of a limit after a hit."""

    allowed: bool
    limit: int
    remaining: int
    reset_after_seconds: float
    window_seconds: int


class Locks(Protocol):
    """Hints that keep servers from queueing on the same rows; never what makes things safe."""

    async def acquire(self, names: Sequence[str], token: str) -> set[str]:
        """The names that were got, each for 5 s. Raises Unreachable."""
        ...

    async def release(self, names: Sequence[str], token: str) -> None:
        """Frees those of `names` that `token` still holds. Never raises."""
        ...


class Cache(Protocol):
    """Copies of rows, each with the version of its row. PostgreSQL stays the truth."""

    async def get(self, key: str) -> bytes | None:
        """The value; None for what is absent, empty for garbage. Raises Unreachable."""
        ...

    async def put(self, key: str, value: bytes, *, version: int, ttl_seconds: int) -> bool:
        """Stores a value unless a newer version is there; False when Redis did not answer.

        Never raises.
        """
        ...

    async def retire(self, versions: Mapping[str, int], *, ttl_seconds: int) -> bool:
        """Makes entries older than these versions count as absent, in one pipeline.

        A reader that still holds an older row cannot put it back. False when Redis did not
        answer. Never raises.
        """
        ...

    async def drop(self, keys: Iterable[str]) -> bool:
        """Deletes keys; False when Redis did not answer, and it has to be done again."""
        ...


class Limiter(Protocol):
    """Counts hits, exactly across servers; a local count serves while Redis is away."""

    async def hit(self, bucket: str, who: str, *, limit: int, window_seconds: int) -> Quota:
        """Counts one hit of `who`; a limit of 0 always allows. Never raises."""
        ...

    async def peek(self, bucket: str, who: str, *, limit: int, window_seconds: int) -> Quota:
        """What a hit would give, without counting one. Never raises."""
        ...


Deliver = Callable[[bytes], Awaitable[None]]


class Bus(Protocol):
    """Carries events between the servers of one market."""

    async def publish(self, messages: Sequence[bytes]) -> None:
        """Sends to every other server; what cannot be sent is lost and found by the sweep."""
        ...

    def listen(self, deliver: Deliver, came_back: Callable[[], None]) -> None:
        """Whom to hand the messages of others, and whom to tell when Redis comes back."""
        ...

    @property
    def peers(self) -> int:
        """How many other servers were heard of in the last seconds."""
        ...


class Events(Protocol):
    """What the domains publish to those who watch."""

    async def publish(self, events: Sequence[Event]) -> None:
        """Hands events to this server's watchers and to the other servers. Never raises."""
        ...

    async def close_sessions(self, session_ids: Sequence[str]) -> None:
        """Closes every socket of these sessions, on all servers. Never raises."""
        ...

    async def tell_user(self, user_id: str, frame: bytes) -> None:
        """Sends a frame to a user's own sockets, on all servers. Never raises."""
        ...

    async def tell_users(self, frames: Sequence[tuple[str, bytes]]) -> None:
        """Sends each of these users a frame, as `tell_user` does, in one go. Never raises."""
        ...


@dataclass(frozen=True, slots=True)
class Event:
    """One committed change of an auction, encoded once for all who watch.

    `frame` is the text for the auction's room; `board` that for the board and for slow readers,
    which get the newest state and not every change. `conflates` tells that a newer event with the
    flag may take this one's place on a board.
    """

    auction_id: str
    version: int
    seq: int
    frame: bytes
    board: bytes
    conflates: bool


class History(Protocol):
    """What the hub reads of the database to fill a hole."""

    async def events_since(self, auction_id: str, version: int, seq: int) -> list[Event]:
        """The events above a version, made again from the rows. Raises Unavailable."""
        ...

    async def versions(self, auction_ids: Sequence[str]) -> dict[str, int]:
        """The versions of these auctions. Raises Unavailable."""
        ...

    async def open_versions(self) -> dict[str, int]:
        """The versions of all open auctions. Raises Unavailable."""
        ...


class Refused(Exception):
    """What is asked was understood, and will not be done; the text says why."""


@dataclass(frozen=True, slots=True)
class CheckoutWish:
    """What the payer is to be asked for. `payment_id` is the key by which it is asked once."""

    payment_id: str
    amount: int
    currency: str
    description: str
    return_url: str


@dataclass(frozen=True, slots=True)
class Checkout:
    """The provider's page for a payment, and what became of it.

    `status` is open, paid or expired; `amount` and `currency` are what was paid, once it was.
    """

    session_id: str
    url: str | None
    status: str
    payment_id: str | None
    intent_id: str | None
    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class RefundState:
    """A refund at the provider; `status` is pending, succeeded or failed."""

    provider_id: str
    refund_id: str | None
    status: str


@dataclass(frozen=True, slots=True)
class PayoutDestination:
    """An account that money is sent to; `onboarding_url` while it is not ready."""

    is_ready: bool
    onboarding_url: str | None


@dataclass(frozen=True, slots=True)
class Paid:
    """The provider says that somebody paid."""

    payment_id: str | None
    intent_id: str
    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class CheckoutExpired:
    """A page that nobody paid on can be paid on no more."""

    session_id: str
    payment_id: str | None


@dataclass(frozen=True, slots=True)
class RefundMoved:
    """A refund has got somewhere."""

    refund: RefundState


@dataclass(frozen=True, slots=True)
class Disputed:
    """The payer's bank takes money back."""

    intent_id: str
    dispute_id: str
    amount: int


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """A signed message of the provider; `change` is None for what the market does not heed."""

    id: str
    type: str
    change: Paid | CheckoutExpired | RefundMoved | Disputed | None


class Payments(Protocol):
    """The provider who takes people's money. Every call is bounded by a time-out.

    All raise Unreachable when the provider does not answer, so that it is not known what it did,
    and Refused when it says no. What is asked for twice with one id is done once.
    """

    async def open_checkout(self, wish: CheckoutWish) -> Checkout:
        """A page where the wish is paid."""
        ...

    async def look_up(self, session_id: str) -> Checkout:
        """What has become of a page."""
        ...

    async def expire(self, session_id: str) -> None:
        """Closes a page that is to be paid on no more; harmless for one that is closed."""
        ...

    async def refund(self, refund_id: str, intent_id: str, amount: int) -> RefundState:
        """Sends money back to where it came from."""
        ...

    async def look_up_refund(self, provider_id: str) -> RefundState:
        """What has become of a refund."""
        ...

    async def open_account(self, user_id: str, email: str) -> str:
        """The id of an account that somebody's money is sent to; the same one each time."""
        ...

    async def find_account(self, account_id: str, return_url: str) -> PayoutDestination:
        """Whether money can be sent to an account, and the page to fill in where it cannot yet."""
        ...

    async def send(self, withdrawal_id: str, account_id: str, amount: int, currency: str) -> str:
        """Sends money to an account; returns the provider's id of it."""
        ...

    def read_event(self, payload: bytes, signature: str) -> ProviderEvent:
        """A message whose signature holds. Raises Refused for any other."""
        ...

    async def close(self) -> None:
        """Closes the connections."""
        ...


class ObjectMissing(Exception):
    """The storage has no such object."""


class ObjectTooLarge(Exception):
    """The object has more bytes than were asked for."""


@dataclass(frozen=True, slots=True)
class UploadAddress:
    """Where a caller puts the bytes of one object, with exactly these headers."""

    url: str
    headers: Mapping[str, str]
    expires_at: datetime


class Objects(Protocol):
    """Files by key. Keys are made by the market: letters, digits, `-`, `.` and `/`.

    Addresses carry their own permission for `PRESIGNED_SECONDS`. What moves bytes raises
    Unreachable when the storage does not do it.
    """

    def presign_upload(self, key: str, *, content_type: str, size: int) -> UploadAddress:
        """An address that takes `size` bytes of this type and nothing else."""
        ...

    def presign_download(
        self, key: str, *, content_type: str, disposition: str | None = None
    ) -> str:
        """An address that gives the object, as this type and Content-Disposition."""
        ...

    async def read(self, key: str, limit_bytes: int) -> bytes:
        """The whole object. Raises ObjectMissing, ObjectTooLarge."""
        ...

    async def write(self, key: str, data: bytes, content_type: str) -> None:
        """Stores an object; one of the same key is replaced as a whole."""
        ...

    async def delete_under(self, folders: Sequence[str]) -> None:
        """Deletes every object whose key begins with a folder's name and a slash."""
        ...

    async def close(self) -> None:
        """Closes the connections."""
        ...


PRESIGNED_SECONDS = 300


@dataclass(frozen=True, slots=True)
class UploadGrant:
    """What an address of our own lets somebody put."""

    key: str
    content_type: str
    size: int


@dataclass(frozen=True, slots=True)
class DownloadGrant:
    """What an address of our own lets somebody fetch."""

    path: Path
    content_type: str
    disposition: str | None


class OwnFiles(Protocol):
    """Files on the local disk, which our own server gives and takes by signed addresses."""

    def check_upload(self, token: str) -> UploadGrant:
        """What an address permits. Raises Refused for one that is forged or too old."""
        ...

    def check_download(self, token: str) -> DownloadGrant:
        """What an address permits. Raises Refused as above, ObjectMissing without the file."""
        ...

    async def take(self, grant: UploadGrant, chunks: AsyncIterator[bytes]) -> None:
        """Stores the bytes once all have come.

        Raises ObjectTooLarge, ObjectMissing for less, and Unreachable when the disk refuses.
        """
        ...
