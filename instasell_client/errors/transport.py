"""Define failures of the connection, and answers that cannot be understood."""

from __future__ import annotations

from instasell_client.errors.base import InstaSellError


class TransportError(InstaSellError):
    """Report no answer, or one that cannot be understood. `status` is 0."""

    title = "There is no answer from the market"
    status = 0


class ConnectionFailed(TransportError):
    """No connection, or one that was lost before the answer."""

    title = "The market cannot be reached"
    retryable = True


class Timeout(TransportError):
    """No answer in time."""

    title = "The market did not answer in time"
    retryable = True


class ProtocolError(TransportError):
    """An answer that does not fit the wire contract; client and server may be too far apart."""

    title = "The answer does not fit the contract of this client"


class NotAnInstaSellServer(ProtocolError):
    """Report that another program answers at this address."""

    title = "There is no InstaSell server at this address"
