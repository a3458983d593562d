"""Reads what a client sends over the WebSocket, as strictly as a body over HTTP.

The head of an answer is here, too, as it repeats the id.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

from instasell_client.models.errors import InstaSellError, Invalid
from instasell_client.models.live import ClientEvent, ClientFrame
from instasell_client.models.validation import field_errors
from instasell_server.http.body import parse_json

FRAME_ID_CHARACTERS_MAX = 64
BAD_FIELDS_MAX = 10
"""Most bad fields reported of a frame, whose answer would else be ten times its length."""

_FRAME_ID_MAX = 2**53
_BID_FRAME = {"event", "id", "data"}
_ID_IN_TEXT = re.compile(r'"id"\s*:\s*("[^"\\\x00-\x1f\x7f]{0,64}"|-?\d{1,15})\s*[,}]')

FrameId = str | int | None
Model = TypeVar("Model", bound=BaseModel)


class FrameRequest(NamedTuple):
    """A frame whose envelope is sound."""

    id: FrameId
    event: ClientEvent
    data: dict[str, Any]


class FrameRefused(Exception):
    """A frame that is none, with its id as far as that can be read."""

    def __init__(self, frame_id: FrameId, error: InstaSellError) -> None:
        super().__init__(error.code)
        self.frame_id = frame_id
        self.error = error


def read_frame(text: str) -> FrameRequest:
    """Return the envelope of a frame. Raises FrameRefused."""
    try:
        content = parse_json(text.encode())
    except InstaSellError as error:
        raise FrameRefused(_id_in_text(text), error) from None
    frame_id = _id_of(content)
    if type(content) is dict and content.keys() == _BID_FRAME and content["event"] == "place_bid":
        data = content["data"]
        if type(data) is dict and frame_id is not None:
            return FrameRequest(frame_id, ClientEvent.BID, data)
    try:
        frame = parse_data(ClientFrame, content)
    except InstaSellError as error:
        raise FrameRefused(frame_id, error) from None
    return FrameRequest(frame.id, frame.event, frame.data)


def parse_data(model: type[Model], data: Any) -> Model:
    """Return the data of a frame as its model. Raises Invalid."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise Invalid(field_errors(error, "body")[:BAD_FIELDS_MAX]) from None


def _id_of(content: Any) -> FrameId:
    """Return the id of a frame, whatever else is wrong with it; None when there is no sound one."""
    if type(content) is not dict:
        return None
    frame_id = content.get("id")
    if type(frame_id) is int:
        return frame_id if -_FRAME_ID_MAX <= frame_id <= _FRAME_ID_MAX else None
    if type(frame_id) is str and len(frame_id) <= FRAME_ID_CHARACTERS_MAX:
        return frame_id
    return None


def _id_in_text(text: str) -> FrameId:
    """Return the id in a text that is no JSON, unless there are several or none."""
    found = _ID_IN_TEXT.findall(text)
    if len(found) != 1:
        return None
    frame_id = found[0]
    return frame_id[1:-1] if frame_id.startswith('"') else int(frame_id)


def answer_head(event: str, frame_id: FrameId) -> bytes:
    """Return the beginning of an answer, which its data and a brace complete."""
    return b'{"event":"' + event.encode() + b'","id":' + to_json(frame_id) + b',"data":'
