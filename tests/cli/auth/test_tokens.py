"""Tokens for scripts: made, listed and revoked from the shell."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from instasell_cli.commands.auth.scopes import ScopeName
from instasell_client.models.accounts import Scope
from tests.cli.conftest import Shell
from tests.support.market import Market

Shells = Callable[[Any], Shell]


def test_the_scopes_are_those_of_the_wire() -> None:
    assert {scope.value for scope in ScopeName} == {scope.value for scope in Scope}


async def test_a_token_is_made_for_a_script_and_ended(market: Market, shell_of: Shells) -> None:
    shell = shell_of(await market.seller())
    made = await shell.run("auth", "tokens", "create", "ci", "--scope=read", "--scope=read")
    assert made.code == 0
    # Alone on stdout, so that a shell can put it into a variable.
    secret = made.out.strip()
    assert made.out == f"{secret}\n"
    assert secret not in made.err
    script = replace(shell, token=secret)
    assert (await script.run("auth", "status")).code == 0
    refused = await script.run("auth", "tokens", "create", "more", "--scope=read")
    assert (refused.code, refused.out) == (4, "")
    as_json = await shell.run("auth", "tokens", "create", "b", "--scope=bid", "-o", "json")
    assert {"id", "token"} <= json.loads(as_json.out).keys()
    listed = json.loads((await shell.run("auth", "tokens", "list", "-o", "json")).out)
    assert [(each["name"], each["scopes"]) for each in listed] == [("b", ["bid"]), ("ci", ["read"])]
    assert not any("token" in each for each in listed)
    await shell.run("auth", "tokens", "create", "two", "--scope=list", "--scope=read")
    table = (await shell.run("auth", "tokens", "list", "-o", "wide")).out
    assert "read, list" in table
    assert (await shell.run("auth", "tokens", "revoke", "two", "--yes")).code == 0
    # By its name, as well as by the beginning of its id.
    assert (await shell.run("auth", "tokens", "revoke", "ci")).code == 2
    ended = await shell.run("auth", "tokens", "revoke", "ci", listed[0]["id"][:8], "--yes")
    assert ended.code == 0, ended
    assert (await script.run("auth", "status")).code == 4
    assert (await shell.run("auth", "tokens", "list", "-o", "name")).out == ""
