"""Read the options of a start: to record, to replay, or to be shown in a browser."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from instasell_client import resolve_target

if TYPE_CHECKING:
    from instasell_tui.recording.player import ReplayPlayer
    from instasell_tui.recording.recorder import Recorder

SPEED_MIN, SPEED_MAX = 0.1, 1000.0
PORT_MAX = 65535
WEB_DRIVER = "textual.drivers.web_driver:WebDriver"
TOKEN_BYTES_MAX = 4096


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this module."""
    parser.add_argument("--record", type=Path, metavar="FILE", help="write what is shown to a file")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="show a recording, offline")
    parser.add_argument("--speed", type=_speed, metavar="N", help="how fast to replay (1)")
    _add_web_options(parser)


def _add_web_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--web", action="store_true", help="serve the screen to a browser here")
    parser.add_argument("--host", help="loopback address for --web (127.0.0.1)")
    parser.add_argument("--port", type=_port, help="port for --web (any that is free)")


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = float("nan")
    if not SPEED_MIN <= speed <= SPEED_MAX:
        raise argparse.ArgumentTypeError(f"choose {SPEED_MIN:g} to {SPEED_MAX:g}")
    return speed


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > 5 or int(text) > PORT_MAX:
        raise argparse.ArgumentTypeError(f"choose 0 to {PORT_MAX}")
    return int(text)


def check(parsed: argparse.Namespace) -> None:
    """Raise ValueError for options that do not go together."""
    if parsed.record and parsed.replay:
        raise ValueError("--record and --replay exclude each other")
    if parsed.record and parsed.web:
        raise ValueError("--record writes one file; leave --web out")
    if parsed.speed is not None and not parsed.replay:
        raise ValueError("--speed goes with --replay")
    if not parsed.web and (parsed.host is not None or parsed.port is not None):
        raise ValueError("--host and --port go with --web")


def has_screen() -> bool:
    """Return whether there is a terminal, or a browser in place of one."""
    in_browser = os.environ.get("TEXTUAL_DRIVER") == WEB_DRIVER
    return in_browser or (sys.stdin.isatty() and sys.stdout.isatty())


def replay(parsed: argparse.Namespace) -> ReplayPlayer | None:
    """Return the replay that the options ask for. Raises RecordingError and OSError."""
    if not parsed.replay:
        return None
    from instasell_tui.recording.file_format import read_recording
    from instasell_tui.recording.player import ReplayPlayer

    return ReplayPlayer(read_recording(parsed.replay), speed=parsed.speed or 1.0)


def recorder(parsed: argparse.Namespace) -> Recorder | None:
    """Begin the recording that the options ask for. Raises OSError."""
    if not parsed.record:
        return None
    from instasell_tui.recording.recorder import Recorder

    return Recorder(parsed.record)


def read_token() -> str:
    """Read the token on stdin. Raises ValueError when there is none."""
    token = sys.stdin.read(TOKEN_BYTES_MAX).strip()
    if not token:
        raise ValueError("--token-stdin was given, but stdin is empty")
    return token


def serve(parsed: argparse.Namespace, arguments: Sequence[str]) -> None:
    """Serve screens to a browser until it is stopped.

    Each is a process with the same environment and arguments, but for those of the server; the
    token travels in the environment, which other people cannot read. Raises ValueError, OSError,
    ProfileError.
    """
    if find_spec("textual_serve") is None:
        pip = f'{sys.executable} -m pip install "instasell[web]"'
        raise ValueError(f"textual-serve is not installed; run: {pip}")
    from instasell_tui.web.server import loopback
    from instasell_tui.web.server import serve as serve_screens

    host = loopback(parsed.host or "127.0.0.1")
    # What would keep each screen from starting is better told here, and once.
    if replay(parsed) is None:
        resolve_target(parsed.profile, parsed.url)
    if parsed.token_stdin:
        os.environ["INSTASELL_TOKEN"] = read_token()
    own = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    _add_web_options(own)
    own.add_argument("--token-stdin", action="store_true")
    _, rest = own.parse_known_args(arguments)
    serve_screens([sys.executable, "-P", "-m", "instasell_tui", *rest], host, parsed.port or 0)
