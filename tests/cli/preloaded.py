"""Load what the commands of `forked` share: the libraries, and the tree of commands.

To load and build these takes longer than most commands do. Commands that are started as processes
do it for themselves.
"""

from __future__ import annotations

import encodings.idna
import stringprep

import certifi
import coverage
import httpcore
import platformdirs.unix
import rich.table
import typer.main

import instasell_client.client
import instasell_client.live
import instasell_client.profiles
import instasell_client.resources
from instasell_cli import main

LOADED = (
    encodings.idna, stringprep, certifi, coverage, httpcore, platformdirs.unix, rich.table,
    instasell_client.client, instasell_client.live, instasell_client.profiles,
    instasell_client.resources,
)  # fmt: skip

COMMANDS = typer.main.get_command(main.app)
