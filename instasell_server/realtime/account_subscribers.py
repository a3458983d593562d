"""The sockets of each account that may read what is the account's alone."""

from __future__ import annotations

from collections.abc import Sequence

from instasell_server.realtime.subscriber import Subscriber


class AccountSubscribers:
    """Finds an account's sockets without a look at the thousands of others."""

    def __init__(self) -> None:
        self._watchers: dict[str, list[Subscriber]] = {}

    def of(self, user_id: str) -> Sequence[Subscriber]:
        """Return the sockets of an account."""
        return self._watchers.get(user_id, ())

    def add(self, subscriber: Subscriber) -> None:
        """Add a socket, if it may read."""
        if subscriber.user_id is not None and subscriber.may_read:
            self._watchers.setdefault(subscriber.user_id, []).append(subscriber)

    def discard(self, subscriber: Subscriber) -> None:
        """Take a socket out."""
        if subscriber.user_id is None or subscriber not in self.of(subscriber.user_id):
            return
        readers = self._watchers[subscriber.user_id]
        readers.remove(subscriber)
        if not readers:
            del self._watchers[subscriber.user_id]
