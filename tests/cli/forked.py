"""Commands as processes of their own that need not load Python and its libraries each time.

A server process loads the libraries once and forks for every command. Nothing of the command line
itself is shared: each child has its own environment, folder, streams and exit code.

Measuring coverage makes a command take four times as long. So the server process is not measured,
and of commands with the same words and options only the first one in a test process is.
"""

from __future__ import annotations

import io
import multiprocessing
import multiprocessing.forkserver
import os
import pickle
import re
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import coverage

from instasell_cli.command_tree import COMPLETION_ASKED
from tests.support.measurements import PROCESS_VARIABLE, unmeasured

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.cli.preloaded", "tests.cli.forked"])
_WORD = re.compile("-{0,2}[a-z][a-z-]*")
_measured: set[tuple[str, ...]] = set()
_starting = threading.Lock()


def _process(target: Callable[..., None], *arguments: object) -> BaseProcess:
    with _starting:
        with unmeasured():
            multiprocessing.forkserver.ensure_running()
        process = _CONTEXT.Process(target=target, args=arguments)
        process.start()
    return process


def _environment(arguments: Sequence[str], given: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a command, which says whether it is measured."""
    shape = tuple(each for each in arguments if _WORD.fullmatch(each))
    environment = {**given}
    if shape in _measured:
        environment.pop(PROCESS_VARIABLE, None)
    _measured.add(shape)
    return environment


def _built_commands() -> Any:
    """Return the tree of commands as the server process built it."""
    from tests.cli.preloaded import COMMANDS

    return COMMANDS


def _measure() -> None:
    """Measure the rest of this process if its environment says so, and save it at its end."""
    coverage.process_startup(force=True)


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
    given = _environment(arguments, environment)
    _process(_command, [*arguments], given, str(folder), paths).join()
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
    _measure()
    from instasell_cli import main

    if COMPLETION_ASKED not in environment:
        main.app = _built_commands()
    try:
        main.run()
    except SystemExit as end:
        # `multiprocessing` loses exit codes when several threads wait for processes at once.
        os.write(handles[3], str(int(end.code or 0)).encode())


def run_all(
    calls: Sequence[tuple[Sequence[str], Mapping[str, str], bytes]], folder: Path
) -> list[tuple[int, bytes, bytes]]:
    """The same for many commands one after the other in one process, each with its own stdin.

    What one leaves in memory is there for the next, so this is for their output, not for state.
    """
    handle = os.memfd_create("results")
    path = f"/proc/{os.getpid()}/fd/{handle}"
    given = [([*arguments], {**environment}, stdin) for arguments, environment, stdin in calls]
    _process(_commands, given, str(folder), path).join()
    results: list[tuple[int, bytes, bytes]] = pickle.loads(_whole(handle))
    os.close(handle)
    return results


def _commands(calls: list[tuple[list[str], dict[str, str], bytes]], folder: str, path: str) -> None:
    os.environ.update(calls[0][1])
    _measure()
    from instasell_cli import main

    main.app = _built_commands()
    os.chdir(folder)
    results = []
    for arguments, environment, stdin in calls:
        os.environ.clear()
        os.environ.update(environment)
        sys.argv = ["instasell", *arguments]
        sys.stdin = io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8")
        out, err = io.BytesIO(), io.BytesIO()
        sys.stdout = io.TextIOWrapper(out, encoding="utf-8", write_through=True)
        sys.stderr = io.TextIOWrapper(err, encoding="utf-8", write_through=True)
        code = 0
        try:
            main.run()
        except SystemExit as end:
            code = int(end.code or 0)
        results.append((code, out.getvalue(), err.getvalue()))
    with open(path, "wb") as file:
        pickle.dump(results, file)


def _whole(handle: int) -> bytes:
    # The child has opened the file again, so that our own position is still at its start.
    with open(handle, "rb", closefd=False) as file:
        return file.read()
