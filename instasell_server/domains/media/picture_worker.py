"""Look at files of other people in a process of its own, which may die of any of them.

Run as `python -m instasell_server.domains.media.picture_worker` by `picture_pool.py`. For each file
the process takes a line of JSON and the bytes from its standard input, and writes a line of JSON
and the objects that came of it to its standard output. It ends with its input.

The kernel ends it, inside of a decoder as well, after some seconds of processor time on one file:
a progressive JPEG of 127 KB with 4,000 empty scans took 33 seconds. It has no secret in its
environment, and imports nothing of the market but the rules of pictures and the errors.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import resource
import signal
import sys
from collections.abc import Sequence
from typing import Any, BinaryIO, NamedTuple

from instasell_client.models.errors import InstaSellError, Invalid
from instasell_server.domains.media import rules
from instasell_server.domains.media.pictures import load_decoders, make

MEMORY_BYTES = 1 << 30
"""Of address space: the largest picture that is taken needs some 400 MB, libraries 150 MB."""

NICENESS = 5
"""Bids come before pictures."""

_OPEN_FILES_MAX = 64


class WorkerOutput(NamedTuple):
    """Hold one object made of a file; `width` and `height` are 0 for a document."""

    name: str
    content_type: str
    width: int
    height: int
    data: bytes


def look_at(content_type: str, sizes: Sequence[int], data: bytes) -> list[WorkerOutput]:
    """Return what is to be stored of a file. Raises Unsupported, Invalid."""
    if content_type in rules.DOCUMENT_TYPES:
        rules.check_document(content_type, data)
        return [WorkerOutput(_name("file", data), content_type, 0, 0, data)]
    return [
        WorkerOutput(
            _name(str(each.size), each.data),
            rules.PICTURE_TYPE,
            each.width,
            each.height,
            each.data,
        )
        for each in make(data, tuple(sizes))
    ]


def _name(stem: str, data: bytes) -> str:
    """Name an object by its content, so two confirmations never write over another."""
    return f"{stem}-{hashlib.sha256(data).hexdigest()[:16]}"


def serve(source: BinaryIO, target: BinaryIO, cpu_seconds: float) -> None:
    """Answer one file after another until the input ends."""
    _write(target, {"ready": True})
    while line := source.readline():
        request = json.loads(line)
        data = source.read(request["length"])
        if len(data) != request["length"]:
            return
        _limit_cpu(cpu_seconds)
        answer, objects = _answer(request, data)
        _limit_cpu(0)
        _write(target, answer, objects)


def _answer(request: dict[str, Any], data: bytes) -> tuple[dict[str, Any], list[bytes]]:
    try:
        made = look_at(request["content_type"], request["sizes"], data)
    except Invalid as error:
        return {"invalid": error.errors}, []
    except InstaSellError as error:
        return {"unsupported": error.detail}, []
    outputs = [{**each._asdict(), "data": len(each.data)} for each in made]
    return {"made": outputs}, [each.data for each in made]


def _write(target: BinaryIO, answer: dict[str, Any], objects: Sequence[bytes] = ()) -> None:
    target.write(json.dumps(answer).encode() + b"\n")
    for each in objects:
        target.write(each)
    target.flush()


def _limit_cpu(seconds: float) -> None:
    """Have the kernel end this process after so much processor time; 0 takes the limit away.

    The timer is exact. The limit of the process, in whole seconds, is for a decoder that would
    have signals blocked.
    """
    signal.setitimer(signal.ITIMER_PROF, seconds)
    limit = resource.RLIM_INFINITY
    if seconds:
        used = resource.getrusage(resource.RUSAGE_SELF)
        limit = int(used.ru_utime + used.ru_stime + seconds) + 2
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    if most != resource.RLIM_INFINITY:
        limit = most if limit == resource.RLIM_INFINITY else min(limit, most)
    resource.setrlimit(resource.RLIMIT_CPU, (limit, most))


def _restrict() -> None:
    # A Ctrl-C is for the server, which ends this process when it ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in (signal.SIGPROF, signal.SIGXCPU):
        signal.signal(number, signal.SIG_DFL)
    os.nice(NICENESS)
    # Systems that know no such limit still have that of the processor.
    for what, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, _OPEN_FILES_MAX),
        (resource.RLIMIT_AS, MEMORY_BYTES),
    ):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (most, most))


def main() -> None:
    """Serve on the standard streams; the argument is the limit of seconds for one file."""
    load_decoders()
    _restrict()
    with contextlib.suppress(BrokenPipeError):
        serve(sys.stdin.buffer, sys.stdout.buffer, float(sys.argv[1]))
    # What is still in a buffer has nobody to go to.
    os._exit(0)


if __name__ == "__main__":
    main()
