"""A server as a user starts it in one terminal, for the commands of another."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

PROGRAMS = Path(sys.executable).parent


def environment_of(folder: Path, **settings: str) -> dict[str, str]:
    """The environment of a terminal whose market and profiles lie in a folder."""
    return {
        "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "INSTASELL_DATA_DIR": str(folder / "data"),
        "INSTASELL_CONFIG_DIR": str(folder / "config"),
        "INSTASELL_PORT": "0",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        **{name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")},
        **settings,
    }


@contextlib.contextmanager
def serving(command: str, folder: Path, **settings: str) -> Iterator[dict[str, str]]:
    """Run the command that serves, and yield the environment of a second terminal."""
    environment = environment_of(folder, **settings)
    with (folder / "serve.log").open("wb") as log:
        server = subprocess.Popen(
            command.split(), env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=log
        )
    try:
        assert server.stdout is not None
        line = server.stdout.readline()
        assert line, (folder / "serve.log").read_text()
        yield {**environment, "INSTASELL_URL": json.loads(line)["url"]}
    finally:
        server.terminate()
        assert server.wait(timeout=60) == 0
        assert server.stdout is not None
        server.stdout.close()
