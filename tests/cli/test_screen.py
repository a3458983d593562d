"""`instasell tui` hands its wishes on to the screen, which judges them."""

from __future__ import annotations

from pathlib import Path

import pytest

from instasell_cli.commands.tui import _arguments
from tests.cli.conftest import Shell


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--replay", "nowhere.jsonl"], "the screen needs a terminal"),
        (["--web", "--replay", "nowhere.jsonl", "--speed", "4"], "nowhere.jsonl"),
        (["--web", "--host", "192.0.2.1"], "--host 192.0.2.1 is not this computer"),
        (["--web", "--record", "some.jsonl"], "leave --web out"),
        (["--web", "--wishful"], "unrecognized arguments: --wishful"),
    ],
)
async def test_a_start_that_cannot_be_is_reported(
    tmp_path: Path, arguments: list[str], told: str
) -> None:
    started = await Shell("http://127.0.0.1:9", tmp_path).start("tui", *arguments)
    out, err = await started.communicate()
    assert started.returncode == 2
    assert told in err.decode()
    assert out == b""


def test_every_wish_becomes_an_option_of_the_screen() -> None:
    from instasell_tui.__main__ import options

    wishes = {
        "read-only": True, "light": False, "theme": "16", "record": None,
        "replay": Path("--odd name"), "speed": 4.0, "web": True, "host": "::1", "port": 0,
    }  # fmt: skip
    seen = vars(options().parse_args(_arguments(wishes)))
    assert (seen["read_only"], seen["theme"], seen["web"]) == (True, "16", True)
    assert (seen["replay"], seen["speed"], seen["record"]) == (Path("--odd name"), 4.0, None)
    assert (seen["host"], seen["port"]) == ("::1", 0)
