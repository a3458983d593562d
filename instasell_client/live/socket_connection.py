"""One open socket: requests with their answers, and events handed on in order of arrival."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
from collections.abc import Callable
from datetime import datetime
from time import monotonic
from typing import Any

from pydantic import ValidationError
from websockets.exceptions import ConnectionClosed

from instasell_client.errors import ConnectionFailed, ProtocolError
from instasell_client.errors.from_problem import error_from_problem
from instasell_client.live.clock import Clock
from instasell_client.models.base import JsonObject
from instasell_client.models.live import ClientEvent, ServerEvent
from instasell_client.models.problems import Problem
from instasell_client.network import Socket

log = logging.getLogger("instasell_client.live")


class ConnectionLost(ConnectionFailed):
    """Report that the socket closed before the answer; what was asked may have happened."""


class SocketConnection:
    """Use a socket from its opening to its end. `receive` gets every event that is no answer."""

    def __init__(
        self,
        socket: Socket,
        clock: Clock,
        receive: Callable[[str, JsonObject], None],
        answer_seconds: float,
    ) -> None:
        self._socket = socket
        self._clock = clock
        self._receive = receive
        self._answer_seconds = answer_seconds
        self._ids = itertools.count(1)
        self._waiting: dict[str, asyncio.Future[JsonObject]] = {}
        self._over = False
        self.answered = False

    async def ask(self, event: ClientEvent, data: JsonObject) -> JsonObject:
        """Send a frame, and return the data of its ack.

        Raises the error that the server answers, or ConnectionLost. A socket that leaves a question
        open for too long is dead, whatever TCP thinks of it.
        """
        if self._over:
            raise ConnectionLost("the connection was lost before the question was sent")
        frame_id = str(next(self._ids))
        answer = asyncio.get_running_loop().create_future()
        self._waiting[frame_id] = answer
        frame = json.dumps({"event": event.value, "id": frame_id, "data": data})
        sent = monotonic()
        try:
            async with asyncio.timeout(self._answer_seconds):
                await self._socket.send(frame)
                answered: JsonObject = await answer
        except TimeoutError:
            self.abort()
            raise ConnectionLost(
                f"no answer to {event.value} in {self._answer_seconds:g} s"
            ) from None
        except ConnectionClosed as error:
            raise ConnectionLost(f"the connection was lost: {error}") from error
        finally:
            del self._waiting[frame_id]
        self._note_time(answered, sent)
        return answered

    def abort(self) -> None:
        """End the socket without a closing handshake."""
        self._socket.transport.abort()

    async def read(self) -> str:
        """Hand frames on until the socket ends, and return why it did."""
        try:
            async for text in self._socket:
                self._take(text)
            return "the server closed the connection"
        except ConnectionClosed as error:
            return str(error)
        finally:
            self._over = True
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(
                        ConnectionLost("the connection was lost before the answer")
                    )

    def _take(self, text: str | bytes) -> None:
        try:
            frame: Any = json.loads(text)
            event, data = frame["event"], frame.get("data") or {}
            if not isinstance(event, str) or not isinstance(data, dict):
                raise TypeError("the envelope has other types")
        except (ValueError, TypeError, KeyError, AttributeError):
            log.warning("a frame that is no event was passed over")
            return
        if event in (ServerEvent.ACK, ServerEvent.ERROR):
            self._answer(str(frame.get("id")), event, data)
        else:
            self._receive(event, data)

    def _answer(self, frame_id: str, event: str, data: JsonObject) -> None:
        answer = self._waiting.get(frame_id)
        self.answered = True
        if answer is None or answer.done():
            return
        if event == ServerEvent.ACK:
            answer.set_result(data)
            return
        try:
            answer.set_exception(error_from_problem(Problem.model_validate(data)))
        except ValidationError:
            answer.set_exception(ProtocolError("an error came without a problem in it"))

    def _note_time(self, answered: JsonObject, sent: float) -> None:
        server_time = answered.get("server_time")
        if not isinstance(server_time, str):
            return
        try:
            self._clock.sample(datetime.fromisoformat(server_time), sent, monotonic())
        except ValueError:
            log.warning("an answer carries a server_time that is no time")
