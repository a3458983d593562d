"""Name everything that a call can raise: what the market answers, and what happens on the way.

The tree of what the market answers is drawn in `instasell_client.models.errors`. The client adds:

    InstaSellError
    - TransportError      not an answer of the market
      - ConnectionFailed    no connection, or it was lost before the answer
      - Timeout             no answer in time
      - ProtocolError       an answer that does not fit the wire contract
        - NotAnInstaSellServer   another program answers at this address

An error carries `code` (stable: look at this one), `title` and `detail` (for people), `data` (its
own members), `request_id` (for the log) and `status`. `retryable`: the same call may succeed later.
"""

from __future__ import annotations

from instasell_client.errors.transport import (
    ConnectionFailed,
    NotAnInstaSellServer,
    ProtocolError,
    Timeout,
    TransportError,
)
from instasell_client.models import errors as _models
from instasell_client.models.errors import *  # noqa: F403 - the names are in its __all__
from instasell_client.models.errors import InstaSellError, server_errors

__all__ = [
    "ConnectionFailed",
    "NotAnInstaSellServer",
    "ProtocolError",
    "Timeout",
    "TransportError",
    "errors_by_code",
]
__all__ += _models.__all__


def errors_by_code() -> dict[str, type[InstaSellError]]:
    """Return every class that a call can raise, by its code."""
    kinds = (TransportError, ConnectionFailed, Timeout, ProtocolError, NotAnInstaSellServer)
    return server_errors() | {kind.code: kind for kind in kinds}
