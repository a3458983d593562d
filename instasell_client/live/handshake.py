"""Opening the socket, and what it means when that fails."""

from __future__ import annotations

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidStatus

from instasell_client.address import live_url
from instasell_client.errors import ConnectionFailed, InstaSellError
from instasell_client.http.codec import error_from_body, user_agent

SNAPSHOT_BYTES_MAX = 64 * 1024 * 1024
"""A board of 50,000 auctions fits."""

OPEN_SECONDS = 10.0
CLOSE_SECONDS = 1.0


async def open_socket(base_url: str, token: str | None) -> ClientConnection:
    """Return an open socket; the caller closes it.

    Raises ConnectionFailed when trying again may help, and what the server says otherwise.
    """
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    try:
        return await connect(
            live_url(base_url),
            additional_headers=headers,
            user_agent_header=user_agent(),
            compression=None,
            open_timeout=OPEN_SECONDS,
            close_timeout=CLOSE_SECONDS,
            ping_interval=None,
            max_size=SNAPSHOT_BYTES_MAX,
        )
    except InvalidStatus as error:
        raise _refused(error, base_url) from error
    except (OSError, TimeoutError, InvalidHandshake) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise ConnectionFailed(
            f"{base_url} cannot be reached ({reason}); is it running?"
        ) from error


def _refused(error: InvalidStatus, base_url: str) -> InstaSellError:
    answer = error.response
    headers = {name.lower(): value for name, value in answer.headers.raw_items()}
    body = bytes(answer.body or b"")
    return error_from_body(answer.status_code, headers, body, live_url(base_url))
