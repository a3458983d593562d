"""`auth signup` and `auth verify` at a market that makes an account only after the proof."""

from __future__ import annotations

from pathlib import Path

import pytest

from instasell_server.config.settings import Settings
from tests.cli.conftest import Shell
from tests.support.mailboxes import mails, token_in
from tests.support.market import PASSWORD
from tests.support.servers import settings_for_tests

EMAIL = "me@example.org"
CHOSEN = "chosen with the proof"


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """The mailbox of the server."""
    return tmp_path / "mailbox"


@pytest.fixture
def server_settings(database_url: str, redis_url: str, box: Path) -> Settings:
    """A server that has each address proved."""
    return settings_for_tests(database_url, redis_url, mail_dir=box, signup_needs_proof=True)


async def test_a_sign_up_says_what_to_do_next_and_the_token_makes_the_account(
    shell: Shell, box: Path
) -> None:
    asked = await shell.run(
        *("auth", "signup", "--email", EMAIL, "--password-stdin"), stdin=PASSWORD + "\n"
    )
    assert (asked.code, asked.out) == (0, "")
    assert "instasell auth verify" in asked.err
    assert (await shell.run("auth", "status")).code == 4
    token = token_in((await mails(box, "Finish your sign-up"))[0])
    without = await shell.run("auth", "verify", "-", stdin=token + "\n")
    assert (without.code, without.out) == (2, "")
    assert "--password-stdin" in without.err
    done = await shell.run(
        *("auth", "verify", "-", "--password-stdin", "--debug"), stdin=f"{token}\n{CHOSEN}\n"
    )
    assert (done.code, done.out) == (0, ""), done.err
    assert "instasell auth login" in done.err
    assert token not in done.err
    assert CHOSEN not in done.err
    signed_in = await shell.run(
        *("auth", "login", "--email", EMAIL, "--password-stdin"), stdin=CHOSEN + "\n"
    )
    assert signed_in.code == 0


async def test_a_seed_says_that_an_admin_is_needed(shell: Shell) -> None:
    sheet = shell.home / "market.yaml"
    sheet.write_text("users: [{name: anna, role: seller}]\n")
    done = await shell.run("seed", "apply", str(sheet))
    assert (done.code, done.out) == (4, ""), done.err
    assert "sign in as an admin" in done.err
