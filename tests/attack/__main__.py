"""One attack as a process: `python -m tests.attack NAME`, the target as JSON on standard input."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable

from tests.attack import bodies, floods, pictures, readers
from tests.attack.target import Report, Target

Attack = Callable[[Target, Report], Awaitable[None]]
ATTACKS: dict[str, Attack] = {
    "compressed-bodies": bodies.compressed,
    "nested-bodies": bodies.nested,
    "slow-bodies": bodies.slow,
    "stalled-uploads": bodies.stalled_uploads,
    "stalled-readers": readers.stalled,
    "joins-in-a-loop": readers.joining,
    "frames-of-garbage": readers.garbage,
    "sign-in-flood": floods.sign_ins,
    "search-flood": floods.searches,
    "picture-bombs": pictures.bombs,
}


def main() -> None:
    """Run the attack for the target's seconds and print what happened as JSON."""
    # The attacker is to spend the server's time, not the processor's: they share one machine.
    os.nice(10)
    target, report = Target.from_json(sys.stdin.read()), Report()
    asyncio.run(ATTACKS[sys.argv[1]](target, report))
    print(report.to_json())


if __name__ == "__main__":
    main()
