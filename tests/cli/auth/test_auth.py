"""Signing in and out: what is kept, what is said, what is never shown."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Shell
from tests.support.market import PASSWORD, Market


async def test_a_day_of_an_account(shell: Shell) -> None:
    made = await shell.run(
        *("auth", "signup", "--email", "me@example.org", "--role", "seller", "--password-stdin"),
        stdin=PASSWORD + "\n",
    )
    assert (made.code, made.out) == (0, "")
    assert "me@example.org (seller)" in made.err
    told = await shell.run("auth", "status", "-o", "json", "--fields", "email,role,signed_in")
    assert json.loads(told.out) == {
        "email": "me@example.org",
        "role": "seller",
        "signed_in": True,
    }
    assert (await shell.run("auth", "logout")).code == 0
    after = await shell.run("auth", "status")
    assert after.code == 4
    assert "signed_in\tno" in after.out
    again = await shell.run(
        *("auth", "login", "--email", "me@example.org", "--password-stdin"), stdin=PASSWORD + "\n"
    )
    assert again.code == 0


async def test_the_token_is_kept_for_its_owner_alone(shell: Shell) -> None:
    await shell.run(
        *("auth", "signup", "--email", "me@example.org", "--password-stdin"), stdin=PASSWORD
    )
    files = [path for path in (shell.home / "config").rglob("*") if path.is_file()]
    assert {path.name for path in files} == {"profiles.toml", "default"}
    for path in files:
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700
    kept = (shell.home / "config/tokens/default").read_text().strip()
    assert (await shell.run("auth", "token")).out == kept + "\n"


async def test_a_token_signs_in_and_profiles_switch(market: Market, shell: Shell) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    for name, client in (("shop", seller), ("me", bidder)):
        done = await shell.run(
            "auth", "login", "--with-token", "--profile", name, stdin=f"{client.token}\n"
        )
        assert done.code == 0, done.err
        # The first one takes nothing from anybody.
        assert ("auth switch shop" in done.err) == (name == "me")
    other = await shell.run("auth", "login", "--with-token", stdin=f"{seller.token}\n")
    assert "person-" in other.err
    assert "at http" in other.err
    assert "--profile NAME" in other.err
    await shell.run("auth", "login", "--with-token", stdin=f"{bidder.token}\n")
    again = await shell.run("auth", "login", "--with-token", stdin=f"{bidder.token}\n")
    assert len(again.err.splitlines()) == 1
    assert "role\tbuyer" in (await shell.run("auth", "status")).out
    assert (await shell.run("auth", "switch", "shop")).code == 0
    assert "role\tseller" in (await shell.run("auth", "status")).out
    assert "role\tbuyer" in (await shell.run("--profile", "me", "auth", "status")).out
    assert "role\tbuyer" in (await shell.run("auth", "status", "--profile", "me")).out
    listed = await shell.run("auth", "switch", "-o", "jsonl", "--fields", "profile")
    assert sorted(json.loads(line)["profile"] for line in listed.out.splitlines()) == ["me", "shop"]
    wrong = await shell.run("auth", "switch", "nobody")
    assert (wrong.code, wrong.out) == (2, "")
    assert "me, shop" in wrong.err


async def test_wrong_credentials(shell: Shell) -> None:
    done = await shell.run(
        *("auth", "login", "--email", "me@example.org", "--password-stdin"), stdin="wrong\n"
    )
    assert (done.code, done.out) == (4, "")
    assert "E-mail or password is wrong" in done.err
    assert not (shell.home / "config").exists()


async def test_nothing_is_asked_off_a_terminal(shell: Shell) -> None:
    cases = (
        (("auth", "login"), "--email"),
        (("auth", "login", "--email", "a@b.example"), "--password-stdin"),
        (("auth", "signup"), "--email"),
        (("auth", "login", "--with-token"), "token"),
    )
    ended = await asyncio.gather(*(shell.run(*arguments) for arguments, _ in cases))
    for (arguments, option), done in zip(cases, ended, strict=True):
        assert (done.code, done.out) == (2, ""), arguments
        assert option in done.err


async def test_a_token_that_has_ended(market: Market, shell_of: Callable[..., Shell]) -> None:
    client = await market.bidder()
    shell = shell_of(client)
    token = client.token
    await client.auth.logout()
    shell.token = token
    assert (await shell.run("auth", "status")).code == 4
    done = await shell.run("auctions", "follow", "0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11")
    assert done.code == 4
    assert "auth login" in done.err


async def test_debug_shows_no_secret(market: Market, shell_of: Callable[..., Shell]) -> None:
    shell = shell_of(await market.bidder())
    done = await shell.run("auth", "status", "--debug")
    assert "/auth/me" in done.err
    assert shell.token is not None
    assert shell.token not in done.err
    secret = "a canary of a password"
    done = await shell.run(
        *("auth", "login", "--debug", "--email", "a@b.example", "--password-stdin"), stdin=secret
    )
    assert secret not in done.err


async def test_doctor(market: Market, shell: Shell, shell_of: Callable[..., Shell]) -> None:
    good = await shell_of(await market.bidder()).run("doctor", "-o", "json")
    states = {check["check"]: check["state"] for check in json.loads(good.out)}
    assert good.code == 0
    assert states["market"] == states["account"] == "ok"
    shell.url = "http://127.0.0.1:9"
    bad = await shell.run("doctor")
    assert bad.code == 1
    assert "market\tfailed" in bad.out


async def test_loose_tokens_are_found(shell: Shell) -> None:
    folder = Path(shell.home / "config/tokens")
    folder.mkdir(parents=True, mode=0o700)
    (folder / "old").write_text("token")
    (folder / "old").chmod(0o644)
    done = await shell.run("doctor")
    assert done.code == 1
    assert "others can read old" in done.out


async def test_commands_run_side_by_side(shell: Shell) -> None:
    results = await asyncio.gather(*(shell.run("auctions", "live") for _ in range(3)))
    assert {result.code for result in results} == {0}


async def test_a_buyer_becomes_a_seller(market: Market, shell_of: Callable[..., Shell]) -> None:
    buyer = await market.bidder()
    done = await shell_of(buyer).run("auth", "become-seller", "-o", "json", "--fields", "role")
    assert (done.code, json.loads(done.out)) == (0, {"role": "seller"})
    assert (await buyer.auth.me()).role.value == "seller"
