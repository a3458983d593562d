"""The screen while it is recorded, and while it shows a recording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from instasell_client import AsyncInstaSell
from instasell_tui.recording.player import ADDRESS, ReplayPlayer
from instasell_tui.recording.recorder import Recorder
from instasell_tui.widgets.tone import Tone

if TYPE_CHECKING:
    from instasell_client.models.auctions import You
    from instasell_tui.board.host import BoardApp


@dataclass(frozen=True, slots=True)
class RecordingMode:
    """Hold the recorder or the replay of this run; usually neither."""

    recorder: Recorder | None = None
    replay: ReplayPlayer | None = None

    def client(self, base_url: str, token: str | None, *, read_only: bool) -> AsyncInstaSell:
        """Return the client of the market, or of what stands in for it."""
        if self.replay is not None:
            return AsyncInstaSell(ADDRESS, network=self.replay.network, read_only=True)
        return AsyncInstaSell(base_url, token, observer=self.recorder, read_only=read_only)

    def attach(self, app: BoardApp) -> None:
        """Have the screen say what is going on, and hear what the replay tells."""
        feed, board = app.feed, app.board
        recorder, replay = self.recorder, self.replay

        def ended(reason: str) -> None:
            feed.marks.remove("recording")
            app.say(f"Not recorded any more: {reason}", Tone.BAD)

        def was(auction_id: str, you: You) -> None:
            board.state.set_you(auction_id, you)
            board.state.set_watched(auction_id, on=you.watching)
            board.mark_changed()

        if recorder is not None:
            feed.marks.insert(0, "recording")
            recorder.on_end = ended
        if replay is not None:
            feed.marks.insert(0, "replay")
            feed.replay = replay.words
            replay.on_you = was
            replay.on_end = lambda: app.say("The replay is over. q leaves.", Tone.PLAIN)

    def close(self) -> None:
        """End the recording."""
        if self.recorder is not None:
            self.recorder.close()
