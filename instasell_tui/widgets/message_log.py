"""Keep what the application has said: the newest while it is news, and all of it as a log."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

from instasell_tui.widgets.tone import Tone

REMARKS_KEPT_MAX = 200


@dataclass(frozen=True, slots=True)
class LoggedMessage:
    """One thing that was said. `said_at` is by the server's clock, `until` by the monotonic one."""

    text: str
    tone: Tone
    said_at: datetime
    until: float


class MessageLog:
    """Keeps what was said, newest last. `now` is the server's clock."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._kept: deque[LoggedMessage] = deque(maxlen=REMARKS_KEPT_MAX)

    def add(self, text: str, tone: Tone, seconds: float) -> None:
        """Keep a remark, which is news for so many seconds."""
        self._kept.append(LoggedMessage(text, tone, self._now(), monotonic() + seconds))

    @property
    def all(self) -> Sequence[LoggedMessage]:
        """Return every remark that is kept, newest first."""
        return list(reversed(self._kept))

    @property
    def fresh(self) -> Sequence[LoggedMessage]:
        """Return the recent remarks, newest first."""
        now = monotonic()
        return [each for each in reversed(self._kept) if each.until > now]
