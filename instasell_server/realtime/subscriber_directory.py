"""The open sockets of a server, found by account and by session without a walk over the others."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from instasell_server.realtime.small_sets import with_item, without_item
from instasell_server.realtime.subscriber import Subscriber


class SubscriberDirectory:
    """Hold every open socket; what is looked up costs what it returns."""

    def __init__(self) -> None:
        self._open: set[Subscriber] = set()
        self._of_user: dict[str, Collection[Subscriber]] = {}
        self._of_session: dict[str, Collection[Subscriber]] = {}

    def __len__(self) -> int:
        return len(self._open)

    def __contains__(self, subscriber: object) -> bool:
        return subscriber in self._open

    def __iter__(self) -> Iterator[Subscriber]:
        return iter(self._open)

    def of_user(self, user_id: str) -> Collection[Subscriber]:
        """Return the sockets of an account that may read what is the account's alone."""
        return self._of_user.get(user_id, ())

    def of_session(self, session_id: str) -> list[Subscriber]:
        """List the sockets of a session, apart from the directory, for a caller that ends them."""
        return list(self._of_session.get(session_id, ()))

    def add(self, subscriber: Subscriber) -> None:
        """Add a socket that has opened."""
        self._open.add(subscriber)
        self._enter(subscriber)

    def discard(self, subscriber: Subscriber) -> None:
        """Remove a socket that is gone."""
        if subscriber in self._open:
            self._open.discard(subscriber)
            self._leave(subscriber)

    def sign_in(
        self, subscriber: Subscriber, user_id: str, session_id: str, *, may_read: bool
    ) -> None:
        """Name the account behind a socket, and whether it may read what is the account's."""
        is_open = subscriber in self._open
        if is_open:
            self._leave(subscriber)
        subscriber.user_id, subscriber.session_id = user_id, session_id
        subscriber.may_read = may_read
        if is_open:
            self._enter(subscriber)

    def _enter(self, subscriber: Subscriber) -> None:
        user_id, session_id = subscriber.user_id, subscriber.session_id
        if user_id is not None and subscriber.may_read:
            self._of_user[user_id] = with_item(self._of_user.get(user_id, ()), subscriber)
        if session_id is not None:
            self._of_session[session_id] = with_item(
                self._of_session.get(session_id, ()), subscriber
            )

    def _leave(self, subscriber: Subscriber) -> None:
        _remove(self._of_user, subscriber.user_id, subscriber)
        _remove(self._of_session, subscriber.session_id, subscriber)


def _remove(
    directory: dict[str, Collection[Subscriber]], key: str | None, subscriber: Subscriber
) -> None:
    if key is None or key not in directory:
        return
    left = without_item(directory[key], subscriber)
    if left:
        directory[key] = left
    else:
        del directory[key]
