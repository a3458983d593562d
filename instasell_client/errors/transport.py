"""Define failures of the connection, and answers that cannot be understood."""

from __future__ import annotations

from instasell_client.models.errors import InstaSellError


class TransportError(InstaSellError):
    """Report no answer, or one that cannot be understood. `status` is 0."""

    title = "The market did not answer"
    status = 0


class ConnectionFailed(TransportError):
    """Report that there is no connection, or that it was lost before the answer."""

    title = "The market cannot be reached; check the address and your connection"
    retryable = True


class Timeout(TransportError):
    """Report that no answer came in time."""

    title = "The market did not answer in time; try again"
    retryable = True


class ProtocolError(TransportError):
    """Report an answer that breaks the contract; client and server may be too far apart."""

    title = "The answer does not fit this client; use matching versions"


class NotAnInstaSellServer(ProtocolError):
    """Report that another program answers at this address."""

    title = "There is no InstaSell server at this address; check the address"
