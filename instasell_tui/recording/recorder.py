"""Write what the screen receives into a file, while it is received."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import BinaryIO

from pydantic import ValidationError

from instasell_client.models.base import JsonObject
from instasell_client.network import Observer
from instasell_tui.recording import file_format as recording
from instasell_tui.recording.file_format import Content, Moment, RecordedPosition

log = logging.getLogger("instasell_tui")

_WATCH = re.compile(r"/auctions/([0-9a-f-]{36})/watch")
_WRITES = {"PUT": True, "DELETE": False}


class Recorder(Observer):
    """A recording that grows. `on_end` is called with the reason when it ends before its time.

    The file is new, and only its owner reads it. Raises OSError when it cannot be made.
    """

    def __init__(self, path: Path, *, bytes_max: int = recording.FILE_BYTES_MAX) -> None:
        self.path = path
        self.on_end: Callable[[str], None] = log.warning
        self._left = bytes_max
        self._began = monotonic()
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file: BinaryIO | None = os.fdopen(handle, "wb")
        self._write(recording.header_line(datetime.now(UTC)))

    @property
    def is_open(self) -> bool:
        """Return whether it still records."""
        return self._file is not None

    def close(self) -> None:
        """End the recording."""
        self._put("end")
        self._shut()

    # What the client tells --------------------------------------------------------------------

    def on_reply(self, method: str, path: str, query: Mapping[str, str], content: bytes) -> None:
        """Keep what anybody may see; a path that names a person or an own thing has no model."""
        watched = _WATCH.fullmatch(path)
        if watched is not None and method in _WRITES:
            self._put(RecordedPosition(auction_id=watched.group(1), watching=_WRITES[method]))
        elif method == "GET":
            try:
                answer = recording.answer_of(path, content)
            except ValidationError as error:
                log.info("the answer of %s is not recorded: %s", path, error)
            else:
                if answer is not None:
                    self._put(answer, path)

    def on_joined(self, data: JsonObject) -> None:
        """Keep a snapshot, and the page of the auction that may come with it as an answer."""
        view = data.get("view")
        if view is not None:
            path = f"/auctions/{data['auction_id']}"
            answer = recording.answer_of(path, view)
            if answer is not None:
                self._put(answer, path)
            data = {name: value for name, value in data.items() if name != "view"}
        self._put(recording.snapshot_of(data))

    def on_change(self, receipt: JsonObject) -> None:
        """Keep under which name the bid was taken; not how high it was."""
        self._put(RecordedPosition(auction_id=receipt["auction_id"], bidder=receipt["bidder"]))

    def on_notice(self, event: str, data: JsonObject) -> None:
        """Keep what happens to auctions."""
        try:
            told = recording.told_of(event, data)
        except ValidationError as error:
            log.info("a %s is not recorded: %s", event, error)
        else:
            if told is not None:
                self._put(told)

    def on_state(self, *, live: bool) -> None:
        """Keep that the connection was there, or not."""
        self._put("live" if live else "lost")

    # The file ---------------------------------------------------------------------------------

    def _put(self, content: Content, path: str | None = None) -> None:
        if self._file is not None:
            ms = round((monotonic() - self._began) * 1000)
            self._write(recording.line_of(Moment(ms, content, path)))

    def _write(self, line: bytes) -> None:
        if self._file is None:
            return
        self._left -= len(line)
        if self._left < 0:
            self._give_up("it has become as large as a recording may be")
            return
        try:
            self._file.write(line)
            self._file.flush()
        except OSError as error:
            self._give_up(str(error))

    def _give_up(self, reason: str) -> None:
        self._shut()
        self.on_end(f"{self.path} ends here: {reason}")

    def _shut(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except OSError as error:
                log.info("the recording did not close: %s", error)
