"""Commands as processes of their own that need not load Python and its libraries each time.

A server process loads the libraries once and forks for every command. Nothing of the command line
itself is shared: each child has its own environment, folder, streams and exit code.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    ["instasell_cli.main", "instasell_client.client", "instasell_client.live", "tests.cli.forked"]
)


def run(
    arguments: Sequence[str], environment: Mapping[str, str], folder: Path, stdin: bytes
) -> tuple[int, bytes, bytes]:
    """Exit code, stdout and stderr of a command; blocks until it ends."""
    streams = []
    for name, content in (("in", stdin), ("out", b""), ("err", b""), ("code", b"")):
        handle = os.memfd_create(name)
        os.write(handle, content)
        os.lseek(handle, 0, os.SEEK_SET)
        streams.append(handle)
    paths = [f"/proc/{os.getpid()}/fd/{handle}" for handle in streams]
    process = _CONTEXT.Process(
        target=_command, args=([*arguments], {**environment}, str(folder), paths)
    )
    process.start()
    process.join()
    out, err, code = (_whole(handle) for handle in streams[1:])
    for handle in streams:
        os.close(handle)
    return int(code), out, err


def _command(
    arguments: list[str], environment: dict[str, str], folder: str, paths: list[str]
) -> None:
    handles = [os.open(path, os.O_RDWR) for path in paths]
    for number in range(3):
        os.dup2(handles[number], number)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - lives as long as we do
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(folder)
    sys.argv = ["instasell", *arguments]
    from instasell_cli.main import run

    try:
        run()
    except SystemExit as end:
        # `multiprocessing` loses exit codes when several threads wait for processes at once.
        os.write(handles[3], str(int(end.code or 0)).encode())


def _whole(handle: int) -> bytes:
    # The child has opened the file anew, so that our own position is still at its start.
    with open(handle, "rb", closefd=False) as file:
        return file.read()
