"""The system's keyring, which may be missing, locked or stuck: then it takes and gives nothing."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Protocol, TypeVar

log = logging.getLogger("instasell_client.credential_store")

SERVICE = "instasell"
ANSWER_SECONDS = 3.0
"""A locked keyring asks its owner, who may not be there: a script must not wait for that."""

T = TypeVar("T")


class CredentialStore(Protocol):
    """Store secrets."""

    def get(self, entry: str) -> str | None:
        """Return the secret, or None."""
        ...

    def set(self, entry: str, secret: str) -> bool:
        """Store the secret; return True when it can be read again."""
        ...

    def delete(self, entry: str) -> None:
        """Forget the secret, if there is one."""
        ...


class KeyringStore:
    """Use the desktop's keyring; one that does not answer in time is not asked again."""

    def __init__(self, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._answer_seconds = answer_seconds
        self._usable = True

    def get(self, entry: str) -> str | None:
        """Return the secret, or None."""

        def ask() -> str | None:
            import keyring

            return keyring.get_password(SERVICE, entry)

        return self._asked(ask)

    def set(self, entry: str, secret: str) -> bool:
        """Store the secret; return True when it can be read again."""

        def ask() -> bool:
            import keyring

            keyring.set_password(SERVICE, entry, secret)
            return keyring.get_password(SERVICE, entry) == secret

        return self._asked(ask) is True

    def delete(self, entry: str) -> None:
        """Forget the secret, if there is one."""

        def ask() -> None:
            import keyring

            if keyring.get_password(SERVICE, entry) is not None:
                keyring.delete_password(SERVICE, entry)

        self._asked(ask)

    def _asked(self, ask: Callable[[], T]) -> T | None:
        """Return the answer, or None. A thread asks, as a locked keyring may wait for ever."""
        if not self._usable:
            return None
        answers: list[T] = []

        def work() -> None:
            # Backends raise whatever their system raises, and none of it concerns the caller.
            try:
                answers.append(ask())
            except Exception as error:
                log.info("the keyring is not used: %s", error)
                self._usable = False

        thread = threading.Thread(target=work, name="keyring", daemon=True)
        thread.start()
        thread.join(self._answer_seconds)
        if thread.is_alive():
            log.warning("the keyring did not answer in %g s", self._answer_seconds)
            self._usable = False
        return answers[0] if answers else None
