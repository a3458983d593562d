"""A program on a terminal of its own: what it paints, where and when, and keys for it."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from benchmarks.market import stop

COLUMNS, LINES = 160, 48
READ_BYTES = 1 << 16
PATIENCE_SECONDS = 60.0
_MOVE_OR_STYLE = re.compile(r"\x1b\[([0-9;]*)([Hm])|\x1b\[[0-9;?<>=$ ]*[A-Za-z]|\r?\n")
_GROUND = re.compile(r"48;2;(\d+;\d+;\d+)")
_OPEN_END = re.compile(r"\x1b[^A-Za-z]*$")


class Paint(NamedTuple):
    """A text as it was written: its line (from 1), the colour behind it, and when it was read."""

    line: int
    ground: str
    text: str
    at: float


class Terminal:
    """The other end of a program's terminal, read by the running loop.

    `on_paint` gets every text that the program writes; `at` is by `time.perf_counter`.
    """

    def __init__(self, process: subprocess.Popen[str], file: int) -> None:
        self.process = process
        self.on_paint: Callable[[Paint], None] = lambda paint: None
        self._file = file
        self._rest = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._line, self._ground = 1, ""
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(file, self._read)

    def press(self, key: bytes) -> float:
        """Write a key; return when."""
        at = time.perf_counter()
        os.write(self._file, key)
        return at

    async def until(self, holds: Callable[[], object], what: str) -> None:
        """Wait for something to come true. Raises RuntimeError when the patience is over."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise RuntimeError(f"{self.process.args!r}: in vain for {what}")
            await asyncio.sleep(0.005)

    def close(self) -> None:
        """Read no more."""
        self._loop.remove_reader(self._file)

    def _read(self) -> None:
        try:
            data = os.read(self._file, READ_BYTES)
        except OSError:
            # What Linux answers once the program has ended.
            self.close()
            return
        self._take(data, time.perf_counter())

    def _take(self, data: bytes, at: float) -> None:
        text = self._rest + self._decoder.decode(data)
        # What a sequence says may go on in what is read next.
        cut = _OPEN_END.search(text)
        begin, end = 0, cut.start() if cut else len(text)
        self._rest = text[end:]
        for found in _MOVE_OR_STYLE.finditer(text, 0, end):
            self._paint(text[begin : found.start()], at)
            begin = found.end()
            self._obey(found.group(1), found.group(2))
        self._paint(text[begin:end], at)

    def _paint(self, text: str, at: float) -> None:
        if text:
            self.on_paint(Paint(self._line, self._ground, text, at))

    def _obey(self, numbers: str | None, kind: str | None) -> None:
        if kind == "H":
            self._line = int((numbers or "1").split(";")[0] or 1)
        elif kind == "m":
            ground = _GROUND.search(numbers or "")
            self._ground = ground.group(1) if ground else ""


@contextlib.contextmanager
def on_terminal(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[Terminal]:
    """Start a program on a terminal; end it afterwards."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    os.set_blocking(ours, False)
    values = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
    process = subprocess.Popen(
        command,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, **values, **environment},
        start_new_session=True,
        text=True,
    )
    os.close(theirs)
    terminal = Terminal(process, ours)
    try:
        yield terminal
    finally:
        terminal.close()
        stop(process)
        os.close(ours)
