"""`python -m instasell_tui`: opens the terminal screen."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from instasell_client import Profile, ProfileError, ProfileStore, ServerTarget, resolve_target
from instasell_client.lean_imports import skip_unused_imports
from instasell_tui import launch
from instasell_tui.theme.preference import (
    CHOICES,
    ThemePreference,
    few_colours,
    first_theme,
    requested_theme,
)

if TYPE_CHECKING:
    from instasell_tui.app import Remember


def options() -> argparse.ArgumentParser:
    """Return the parser of the options."""
    parser = argparse.ArgumentParser(
        prog="instasell-tui",
        description="Live auctions in the terminal.",
        epilog="INSTASELL_URL, INSTASELL_TOKEN, INSTASELL_THEME and NO_COLOR are read as well. Keys"
        " are changed in keys.toml beside profiles.toml: a table [keys] with lines as"
        ' "board.filter" = "f"; `?` shows the names.',
    )
    parser.add_argument("--url", help="address of the market")
    parser.add_argument("--profile", help="a profile of `instasell auth`")
    parser.add_argument("--token-stdin", action="store_true", help="read the token from stdin")
    parser.add_argument("--read-only", action="store_true", help="show all, change nothing")
    parser.add_argument(
        "--theme",
        choices=CHOICES,
        help="auto begins with the last theme, or with 16 on a terminal of sixteen colours",
    )
    parser.add_argument(
        "--light", action="store_const", const="light", dest="theme", help="as --theme light"
    )
    launch.add_options(parser)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until the person leaves; 2 when it cannot start."""
    parsed = options().parse_args(arguments)
    store = ProfileStore()
    try:
        launch.check(parsed)
        if parsed.web:
            launch.serve(parsed, sys.argv[1:] if arguments is None else arguments)
            return 0
        replay = launch.replay(parsed)
        target = resolve_target(parsed.profile, parsed.url, store=store)
        token = _token_from_stdin() if parsed.token_stdin else target.token
        requested = requested_theme(parsed.theme, os.environ)
    except (ProfileError, ValueError, OSError) as error:
        print(f"instasell-tui: {error}", file=sys.stderr)
        return 2
    if not launch.has_screen():
        print("instasell-tui: a terminal is needed; scripts use `instasell`", file=sys.stderr)
        return 2
    try:
        recorder = launch.recorder(parsed)
    except OSError as error:
        print(f"instasell-tui: nothing is recorded: {error}", file=sys.stderr)
        return 2
    # Without a handler Python writes warnings to stderr, which is the screen here.
    logging.getLogger().addHandler(logging.NullHandler())
    skip_unused_imports()
    # Imports make no garbage, and searching for it takes as long as the imports.
    gc.disable()
    from instasell_tui.app import InstaSellApp
    from instasell_tui.keys import read_keys
    from instasell_tui.recording.mode import RecordingMode

    remembered = ThemePreference(store.folder)
    few = few_colours(os.environ)
    keys, remarks = read_keys(store.folder / "keys.toml")
    app = InstaSellApp(
        target.url,
        token,
        read_only=parsed.read_only,
        theme=first_theme(requested, few_colours=few, remembered=remembered.read()),
        keep_theme=remembered.write,
        remember=_rememberer(store, target),
        keys=keys,
        remarks=remarks,
        settled=collect_and_keep,
        recording=RecordingMode(recorder, replay),
    )
    app.run()
    return app.return_code or 0


def collect_and_keep() -> None:
    """Begin to collect garbage, and look no more at what is there at this moment.

    A collection stops the screen; with all that was imported it would for a third of a second.
    """
    gc.collect()
    gc.freeze()
    gc.enable()


def _token_from_stdin() -> str:
    """Read the token on stdin, which then becomes the terminal again."""
    token = launch.read_token()
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
    except OSError as error:
        raise ValueError("a terminal is needed; scripts use `instasell`") from error
    os.dup2(terminal, 0)
    os.close(terminal)
    # What Textual reads from is the file number, which is the terminal from here on.
    sys.stdin = os.fdopen(0, closefd=False)
    return token


def _rememberer(store: ProfileStore, target: ServerTarget) -> Remember:
    """Keep a sign-in where `instasell auth` would: in the profile of this market."""

    def remember(email: str, token: str) -> None:
        found = target.profile or next(
            (each for each in store.list().values() if each.url == target.url), None
        )
        name = found.name if found else _name_for(store, target.url)
        store.save(Profile(name, target.url, email), token)

    return remember


def _name_for(store: ProfileStore, url: str) -> str:
    if not store.list():
        return "default"
    host = "".join(char if char.isalnum() else "-" for char in urlsplit(url).netloc)
    return host.strip("-")[:40] or "market"


if __name__ == "__main__":
    sys.exit(main())
