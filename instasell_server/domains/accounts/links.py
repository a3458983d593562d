"""Links that prove an address: signed tokens, each bound to a row that it uses up.

The database keeps the id of a link and neither its token nor a hash of it, so nobody who reads
the database can open one. The token is made again when its mail is sent.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import uuid
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from instasell_server.config.settings import Settings

VERIFY_EMAIL = "verify_email"
RESET_PASSWORD = "reset_password"
CONFIRM_SIGNUP = "confirm_signup"

_MAC_BYTES = 32
_TOKEN_BYTES = 16 + _MAC_BYTES


class Purpose(StrEnum):
    """Name the purpose of a link; a token of one purpose is not valid for another."""

    VERIFY = "verify"
    RESET = "reset"
    SIGNUP = "signup"


PURPOSE_OF_MAIL = {
    VERIFY_EMAIL: Purpose.VERIFY,
    RESET_PASSWORD: Purpose.RESET,
    CONFIRM_SIGNUP: Purpose.SIGNUP,
}


class LinkSigner:
    """Sign with a key made of the server's secret, and take those of the secret before it."""

    def __init__(self, secret: str, previous_secret: str | None = None) -> None:
        self._keys = [_key(each) for each in (secret, previous_secret) if each]

    @classmethod
    def of(cls, settings: Settings) -> LinkSigner:
        """Return the signer that the settings describe. Raises ValueError without a secret."""
        if settings.jwt_secret is None:
            raise ValueError("set INSTASELL_JWT_SECRET; `openssl rand -hex 32` makes one")
        previous = settings.jwt_previous_secret
        return cls(
            settings.jwt_secret.get_secret_value(),
            previous.get_secret_value() if previous else None,
        )

    def sign(self, purpose: Purpose, link_id: str) -> str:
        """Return the token of a link: 64 characters that are safe in URLs and shells."""
        raw = uuid.UUID(link_id).bytes
        return base64.urlsafe_b64encode(raw + _mac(self._keys[0], purpose, raw)).decode("ascii")

    def read(self, purpose: Purpose, token: str) -> str | None:
        """Return the id of the link that a token opens, or None for one that was not made here."""
        try:
            given = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
        except (UnicodeEncodeError, binascii.Error):
            return None
        raw, mac = given[:16], given[16:]
        if len(given) != _TOKEN_BYTES:
            return None
        if not any(hmac.compare_digest(mac, _mac(key, purpose, raw)) for key in self._keys):
            return None
        return str(uuid.UUID(bytes=raw))

    def unseal(self, kind: str, facts: Mapping[str, Any]) -> Mapping[str, Any]:
        """Add to the facts of a mail the token that its kind is sent for."""
        purpose = PURPOSE_OF_MAIL.get(kind)
        if purpose is None:
            return facts
        return {**facts, "token": self.sign(purpose, str(facts["link_id"]))}


def _key(secret: str) -> bytes:
    return hmac.new(secret.encode(), b"account links", hashlib.sha256).digest()


def _mac(key: bytes, purpose: Purpose, raw: bytes) -> bytes:
    return hmac.new(key, purpose.encode() + b":" + raw, hashlib.sha256).digest()
