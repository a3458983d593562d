"""`auth verify`, `forgot` and `reset`: tokens come from stdin, and nothing secret is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from instasell_server.config.settings import Settings
from tests.cli.conftest import Shell
from tests.support.mailboxes import mails, token_in
from tests.support.market import PASSWORD
from tests.support.servers import settings_for_tests

EMAIL = "me@example.org"
NEW = "a new password"


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """The mailbox of the server."""
    return tmp_path / "mailbox"


@pytest.fixture
def server_settings(database_url: str, redis_url: str, box: Path) -> Settings:
    """A server with a mailbox."""
    return settings_for_tests(database_url, redis_url, mail_dir=box)


async def sign_up(shell: Shell) -> None:
    done = await shell.run(
        *("auth", "signup", "--email", EMAIL, "--password-stdin"), stdin=PASSWORD + "\n"
    )
    assert done.code == 0, done.err


async def test_an_address_is_verified(shell: Shell, box: Path) -> None:
    await sign_up(shell)
    assert (await shell.run("auth", "verify", "--send")).code == 0
    token = token_in((await mails(box, "Confirm your address"))[0])
    wrong = await shell.run("auth", "verify", "-", stdin="x" * 64 + "\n")
    assert (wrong.code, wrong.out) == (2, "")
    assert "wrong, used or expired" in wrong.err
    done = await shell.run("auth", "verify", "-", "--debug", stdin=token + "\n")
    assert (done.code, done.out) == (0, "")
    assert "verified" in done.err
    assert token not in done.err
    again = await shell.run("auth", "verify", "--send")
    assert again.code == 6
    assert (await shell.run("auth", "verify", "--send", token)).code == 2


async def test_a_forgotten_password_is_reset(shell: Shell, box: Path) -> None:
    await sign_up(shell)
    unknown = await shell.run("auth", "forgot", "--email", "nobody@example.org")
    known = await shell.run("auth", "forgot", "--email", EMAIL)
    assert known == unknown
    assert (known.code, known.out) == (0, "")
    token = token_in((await mails(box, "Reset your password"))[0])
    done = await shell.run("auth", "reset", "--stdin", "--debug", stdin=f"{token}\n{NEW}\n")
    assert (done.code, done.out) == (0, ""), done.err
    assert token not in done.err
    assert NEW not in done.err
    assert (await shell.run("auth", "status")).code == 4
    signed_in = await shell.run(
        *("auth", "login", "--email", EMAIL, "--password-stdin"), stdin=NEW + "\n"
    )
    assert signed_in.code == 0
    used = await shell.run("auth", "reset", "--stdin", stdin=f"{token}\n{NEW}\n")
    assert used.code == 2


async def test_nothing_is_asked_off_a_terminal(shell: Shell) -> None:
    for words, named in ((("verify",), "stdin"), (("forgot",), "--email"), (("reset",), "--stdin")):
        done = await shell.run("auth", *words)
        assert (done.code, done.out) == (2, ""), words
        assert named in done.err
