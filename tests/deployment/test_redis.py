"""The committed redis.conf, read by a real server as docker-compose.yml starts it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from instasell_server.embedded.privileges import Identity
from instasell_server.embedded.programs import find_valkey

CONFIGURATION = Path(__file__).parents[2] / "deploy/redis/redis.conf"
PASSWORD = "only-for-this-test"


@pytest.fixture
def socket_path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The socket of a server with the committed configuration, but for its folder."""
    folder = tmp_path_factory.mktemp("redis")
    committed = CONFIGURATION.read_text()
    assert "\ndir /data\n" in committed
    configuration = folder / "redis.conf"
    configuration.write_text(committed.replace("\ndir /data\n", f"\ndir {folder}\n"))
    path = folder / "s"
    server = find_valkey(Identity.of_this_process())
    process = subprocess.Popen(
        [server, configuration, "--port", "0", "--unixsocket", path, "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(f"requirepass {PASSWORD}\n")
    process.stdin.close()
    try:
        yield path
    finally:
        process.terminate()
        process.wait(timeout=30)


def connect(path: Path, password: str) -> redis.Redis:
    """A client that waits for the server to come up."""
    patience = Retry(
        ConstantBackoff(0.05),
        400,
        supported_errors=(redis.ConnectionError, redis.BusyLoadingError, FileNotFoundError),
    )
    return redis.Redis(unix_socket_path=str(path), password=password, retry=patience)


def test_it_keeps_what_it_took_and_asks_for_the_password(socket_path: Path) -> None:
    with connect(socket_path, PASSWORD) as client:
        assert client.ping()
        found = client.config_get("appendonly", "appendfsync", "save", "maxmemory-policy")
        assert found == {
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "3600 1 300 100 60 10000",
            "maxmemory-policy": "volatile-ttl",
        }
    with (
        redis.Redis(unix_socket_path=str(socket_path), retry=None) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()
