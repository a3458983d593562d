"""An HTTP server that answers by a script, and can cut an answer short or give none."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

PROBLEM = "application/problem+json"


@dataclass(frozen=True)
class Answer:
    """Define an answer. `cut`: the connection ends when half of the body is out."""

    status: int = 200
    body: bytes = b""
    media: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    silent: bool = False


@dataclass(frozen=True)
class Seen:
    """A request as it arrived; names of headers in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)

    @property
    def key(self) -> str | None:
        """The idempotency key."""
        return self.headers.get("idempotency-key")


class Peer:
    """Answers in the order of its script; `seen` has what was asked."""

    def __init__(self) -> None:
        self.script: deque[Answer] = deque()
        self.seen: list[Seen] = []
        self.base_url = ""
        self.over = threading.Event()

    def will(self, *answers: Answer) -> None:
        """Add to the script."""
        self.script.extend(answers)

    def reply(self, data: Any, status: int = 200) -> None:
        """Add a JSON answer to the script."""
        self.will(Answer(status, json.dumps(data).encode()))

    def refuse(self, problem: Mapping[str, Any], **headers: str) -> None:
        """Add a problem to the script."""
        body = json.dumps(problem).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.will(Answer(problem["status"], body, PROBLEM, named))


def _handler(peer: Peer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            length = int(self.headers.get("content-length", "0"))
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            query = dict(parse_qsl(parts.query))
            body = self.rfile.read(length)
            peer.seen.append(Seen(self.command, parts.path, query, headers, body))
            answer = peer.script.popleft()
            if answer.silent:
                peer.over.wait()
                self.close_connection = True
                return
            self._send(answer)

        def _send(self, answer: Answer) -> None:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.status != 204:
                self.send_header("Content-Type", answer.media)
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            half = len(answer.body) // 2
            self.wfile.write(answer.body[:half] if answer.cut else answer.body)
            self.close_connection = answer.cut

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Say nothing."""

    return Handler


@contextmanager
def serving() -> Iterator[Peer]:
    """A peer on a free port."""
    peer = Peer()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(peer))
    server.daemon_threads = True
    peer.base_url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield peer
    finally:
        peer.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
