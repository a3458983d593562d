"""One look at a server without the client's libraries, which take longer to load than it takes.

For completion in a shell, where an answer counts only if it comes at once. Everything else uses
the client.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http.client import HTTPException
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

ANSWER_BYTES_MAX = 1024 * 1024


class _NoRedirects(HTTPRedirectHandler):
    """Refuse redirects, which could carry the token to another server."""

    def redirect_request(self, *_: object) -> None:
        """Return no request, so that the redirect is an error."""


def quick_get(
    base_url: str,
    path: str,
    query: Mapping[str, str],
    token: str | None,
    *,
    timeout_seconds: float,
) -> object:
    """Return the JSON that GET answers with, as it is on the wire.

    Raises OSError for no answer or another status, ValueError for one that is too long or no JSON.
    `timeout_seconds` holds for each wait, so a slow server may take longer in all.
    """
    parameters = urlencode(query)
    headers = {"Accept": "application/json"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    request = Request(f"{base_url}{path}{'?' if parameters else ''}{parameters}", headers=headers)
    try:
        with build_opener(_NoRedirects).open(request, timeout=timeout_seconds) as answer:
            body = answer.read(ANSWER_BYTES_MAX + 1)
    except HTTPException as error:
        raise ConnectionError(f"the answer is no HTTP: {error!r}") from error
    if len(body) > ANSWER_BYTES_MAX:
        raise ValueError("the answer is too long")
    found: object = json.loads(body)
    return found
