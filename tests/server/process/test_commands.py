"""The command `instasell-server`, as a process of its own on the test's engines."""

from __future__ import annotations

import asyncio
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from instasell_server.config.settings import Settings
from instasell_server.http.listener import Listener
from instasell_server.reference.pages import settings_page
from instasell_server.sandbox import Sandbox, SandboxSettings
from tests.support.databases import with_database
from tests.support.payments import SECRET_KEY, WEBHOOK_SECRET, Provider
from tests.support.servers import SECRET

Run = Callable[..., list[tuple[Any, ...]]]
COMMAND = [sys.executable, "-m", "instasell_server"]
START_SECONDS = 90


@pytest.fixture
def environment(database_url: str, redis_url: str) -> dict[str, str]:
    """The environment of a process that uses the test's engines."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("INSTASELL_")}
    return {
        **kept,
        "INSTASELL_DATABASE_URL": database_url,
        "INSTASELL_REDIS_URL": redis_url,
        "INSTASELL_JWT_SECRET": SECRET,
        "INSTASELL_BCRYPT_ROUNDS": "4",
    }


def _call(environment: dict[str, str], *words: str, stdin: str = "") -> Any:
    return subprocess.run(
        [*COMMAND, *words],
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )


@pytest.fixture
def start(environment: dict[str, str]) -> Iterator[Callable[..., tuple[Any, str]]]:
    """Start a server on a free port; give the process and its address."""
    running: list[subprocess.Popen[str]] = []

    def begin(*words: str) -> tuple[Any, str]:
        process = subprocess.Popen(
            [*COMMAND, "run", "--port", "0", *words],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        running.append(process)
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], START_SECONDS)
        assert ready, "the server did not say where it listens"
        told = json.loads(process.stdout.readline())
        assert told["pid"] == process.pid
        return process, told["url"]

    yield begin
    for process in running:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _status(url: str) -> int:
    try:
        with urllib.request.urlopen(url) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_runs_and_stops_cleanly(
    start: Callable[..., tuple[Any, str]], tmp_path: Path, number: signal.Signals
) -> None:
    ready_file = tmp_path / "ready"
    process, url = start("--ready-file", str(ready_file))
    assert json.loads(ready_file.read_text())["url"] == url
    assert _status(f"{url}/readyz") == 200
    process.send_signal(number)
    assert process.wait(timeout=20) == 0
    assert not ready_file.exists()


def test_a_role_serves_its_own_paths_only(start: Callable[..., tuple[Any, str]]) -> None:
    _, api = start("--role", "api")
    _, ws = start("--role", "ws,worker")
    assert _status(f"{api}/auctions/live") == 200
    assert _status(f"{api}/ws") == 404
    assert _status(f"{ws}/auctions/live") == 404
    assert _status(f"{ws}/ws") == 400
    assert [_status(f"{url}/healthz") for url in (api, ws)] == [200, 200]


def test_embedded_engines_are_not_shown_to_other_machines(environment: dict[str, str]) -> None:
    del environment["INSTASELL_DATABASE_URL"]
    result = _call(environment, "run", "--host", "0.0.0.0")
    assert result.returncode == 2
    assert "--i-know" in result.stderr


def test_servers_with_a_database_of_their_own_need_a_secret(environment: dict[str, str]) -> None:
    del environment["INSTASELL_JWT_SECRET"]
    result = _call(environment, "run", "--port", "0")
    assert result.returncode == 2
    assert "INSTASELL_JWT_SECRET" in result.stderr


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("JWT_SECRET", "short", "32 random bytes"),
        ("PORT", "x", "INSTASELL_PORT"),
        ("PARTS", "api,kitchen", "INSTASELL_PARTS"),
        ("RATE_LIMIT_BIDS", "-1", "INSTASELL_RATE_LIMIT_BIDS"),
    ],
)
def test_a_bad_setting_is_named(
    environment: dict[str, str], name: str, value: str, told: str
) -> None:
    result = _call({**environment, f"INSTASELL_{name}": value}, "settings")
    assert result.returncode == 2
    assert told in result.stderr
    assert "Traceback" not in result.stderr


def test_the_version_is_shown(environment: dict[str, str]) -> None:
    result = _call(environment, "--version")
    assert (result.returncode, result.stdout) == (0, f"instasell-server {version('instasell')}\n")


@pytest.mark.parametrize(
    ("given", "meant"), [("json", "json"), ("console", "console"), ("text", "console")]
)
def test_every_documented_form_of_the_log_is_taken(
    environment: dict[str, str], given: str, meant: str
) -> None:
    assert "One of: json, console." in settings_page()
    result = _call({**environment, "INSTASELL_LOG_FORMAT": given}, "settings")
    assert f"INSTASELL_LOG_FORMAT={meant}" in result.stdout.splitlines()


def test_settings_are_shown_without_secrets(environment: dict[str, str]) -> None:
    result = _call(environment, "settings")
    assert result.returncode == 0
    assert len(result.stdout.splitlines()) == len(Settings.model_fields)
    assert SECRET not in result.stdout
    assert environment["INSTASELL_DATABASE_URL"] not in result.stdout


def test_the_document_is_printed(environment: dict[str, str]) -> None:
    document = json.loads(_call(environment, "openapi").stdout)
    assert "/auctions/{auction_id}/bid" in document["paths"]


def test_an_admin_is_made_from_a_password_on_stdin(environment: dict[str, str], sql: Run) -> None:
    result = _call(
        environment, "create-admin", "--email", "Root@Example.org", stdin="long enough\n"
    )
    assert result.returncode == 0, result.stderr
    assert sql("SELECT id::text, email FROM users WHERE role = 'admin'") == [
        (result.stdout.strip(), "root@example.org")
    ]
    again = _call(environment, "create-admin", "--email", "root@example.org", stdin="long enough\n")
    assert again.returncode == 1
    short = _call(environment, "create-admin", "--email", "b@example.org", stdin="short\n")
    assert short.returncode == 2
    assert "password" in short.stderr


def test_the_audit_finds_wallets_and_transfers_that_are_wrong(
    environment: dict[str, str], sql: Run
) -> None:
    assert _call(environment, "audit", "--auctions").returncode == 0
    ((user,),) = sql(
        "INSERT INTO users (email, password_hash, display_name, role)"
        " VALUES ('a@example.org', 'x', 'A', 'buyer') RETURNING id::text"
    )
    sql("INSERT INTO wallets (user_id, balance) VALUES (%s, 500)", user)
    sql("ALTER TABLE transactions DISABLE TRIGGER transactions_balance")
    sql(
        "INSERT INTO transactions (transfer_id, account, amount, type, posting_key)"
        " VALUES (gen_random_uuid(), 'stripe', -700, 'topup', 'alone')"
    )
    result = _call(environment, "audit", "--json")
    report = json.loads(result.stdout)
    assert result.returncode == 1
    found = {(each["kind"], each["field"]): each for each in report["findings"]}
    assert set(found) == {("wallet", "balance"), ("transfer", "sum")}
    assert (found["wallet", "balance"]["expected"], found["wallet", "balance"]["found"]) == (0, 500)
    assert found["transfer", "sum"]["found"] == -700


async def test_the_audit_asks_the_provider_where_one_is_configured(
    environment: dict[str, str], provider: Provider, sql: Run
) -> None:
    async def audited(*words: str, **changes: str) -> Any:
        configured = {
            **environment,
            "INSTASELL_STRIPE_SECRET_KEY": SECRET_KEY,
            "INSTASELL_STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "INSTASELL_STRIPE_API_BASE": provider.url,
            **changes,
        }
        return await asyncio.to_thread(_call, configured, "audit", *words)

    assert (await audited("--no-provider")).returncode == 0
    sound = await audited()
    assert sound.returncode == 0, sound.stderr
    assert "the provider: 0 movements, 0 held, 0 booked" in sound.stdout
    sql(
        "INSERT INTO transactions (transfer_id, account, amount, type, posting_key)"
        " SELECT id, account, amount, 'charge', account FROM gen_random_uuid() AS id,"
        " (VALUES ('stripe', -700), ('gas_sales', 700)) AS n(account, amount)"
    )
    wrong = await audited("--json")
    report = json.loads(wrong.stdout)
    assert (wrong.returncode, report["provider"]["booked_amount"]) == (1, 700)
    assert [each["kind"] for each in report["findings"]] == ["provider"]
    away = await audited(INSTASELL_STRIPE_API_BASE="http://127.0.0.1:1")
    assert (away.returncode, away.stdout) == (1, "")
    assert "the payment provider does not answer" in away.stderr
    none = await asyncio.to_thread(_call, environment, "audit", "--provider")
    assert none.returncode == 1
    assert "no payment provider" in none.stderr


@pytest.mark.parametrize(("word", "is_there"), [("audit", True), ("backup", False)])
def test_a_folder_without_a_market_is_left_as_it_is(
    tmp_path: Path, word: str, is_there: bool
) -> None:
    folder = tmp_path / "nothing"
    if is_there:
        folder.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("INSTASELL_")}
    done = _call(kept, word, "--data-dir", str(folder))
    assert (done.returncode, done.stdout) == (1, "")
    assert f"no market in {folder}" in done.stderr
    assert folder.exists() == is_there
    assert not is_there or not [*folder.iterdir()]


def test_a_database_without_a_market_is_reported(
    environment: dict[str, str], database_url: str
) -> None:
    done = _call(
        {**environment, "INSTASELL_DATABASE_URL": with_database(database_url, "postgres")}, "audit"
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "no market" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder whose path is short enough for sockets, and that other users may pass."""
    made = Path(tempfile.mkdtemp(prefix="ic-"))
    made.chmod(0o711)
    yield made / "data"
    shutil.rmtree(made, ignore_errors=True)


async def test_the_audit_reads_the_books_of_the_embedded_provider(folder: Path) -> None:
    environment = {
        **{name: value for name, value in os.environ.items() if "INSTASELL" not in name},
        "INSTASELL_DATA_DIR": str(folder),
    }

    async def called(*words: str) -> Any:
        return await asyncio.to_thread(_call, environment, *words)

    assert (await called("migrate")).returncode == 0
    sandbox = Sandbox(folder / "sandbox.sqlite3", SandboxSettings(SECRET_KEY), Listener)
    port = await sandbox.start()
    try:
        sound = await called("audit")
        assert sound.returncode == 0, sound.stderr
        assert "the provider: 0 movements, 0 held, 0 booked" in sound.stdout
        charge = {"amount": "700", "currency": "usd", "confirm": "true"}
        async with aiohttp.ClientSession() as http:
            headers = {"Authorization": f"Bearer {SECRET_KEY}"}
            url = f"http://127.0.0.1:{port}/v1/payment_intents"
            data = {**charge, "payment_method": "pm_card_visa"}
            async with http.post(url, data=data, headers=headers) as answer:
                assert answer.status == 200, await answer.text()
        wrong = await called("audit", "--json")
    finally:
        await sandbox.stop()
    report = json.loads(wrong.stdout)
    assert (wrong.returncode, report["provider"]["held_amount"]) == (1, 700)
    assert [each["kind"] for each in report["findings"]] == ["provider"]
    assert (await called("audit", "--no-provider")).returncode == 0
