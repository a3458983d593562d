"""A market that nobody configured: its mail is read beside it, by `instasell-server mail`."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

COMMAND = [sys.executable, "-m", "instasell_server"]
START_SECONDS = 60.0
_LOOK_SECONDS = 0.1


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose path is short enough for sockets, and that other users may pass through."""
    made = Path(tempfile.mkdtemp(prefix="im-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def environment() -> dict[str, str]:
    """The environment without any setting of ours."""
    return {name: value for name, value in os.environ.items() if "INSTASELL" not in name}


@pytest.fixture
def url(folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """A server with engines of its own."""
    ready = folder / "ready"
    process = subprocess.Popen(
        [*COMMAND, "run", "--port", "0", "--data-dir", folder / "data", "--ready-file", ready],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    end = time.monotonic() + START_SECONDS
    while not ready.exists():
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(_LOOK_SECONDS)
    yield json.loads(ready.read_text())["url"]
    process.terminate()
    process.wait(START_SECONDS)


def post(url: str, body: dict[str, str]) -> int:
    """The status of a request."""
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as reply:
        return int(reply.status)


def test_mail_of_the_embedded_default(url: str, folder: Path, environment: dict[str, str]) -> None:
    def mail(*words: str) -> Any:
        return subprocess.run(
            [*COMMAND, "mail", *words, "--data-dir", folder / "data"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )

    assert mail().stdout == ""
    post(f"{url}/auth/signup", {"email": "ada@example.org", "password": "correct horse"})
    end = time.monotonic() + START_SECONDS
    while not (listed := mail("--to", "ada@example.org").stdout):
        assert time.monotonic() < end
    number, _, address, subject = listed.rstrip("\n").split("\t")
    assert (number, address, subject) == ("1", "ada@example.org", "Confirm your address")
    text = mail("show", "1").stdout
    assert "instasell auth verify" in text
    [token] = re.findall(r"^    ([A-Za-z0-9_=-]{64})$", text, re.MULTILINE)
    assert json.loads(mail("show", "1", "--json").stdout)["to"] == "ada@example.org"
    assert [json.loads(line)["number"] for line in mail("--json").stdout.splitlines()] == [1]
    assert mail("--to", "bob@example.org").stdout == ""
    missing = mail("show", "7")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert "mail 7" in missing.stderr
    assert post(f"{url}/auth/verify", {"token": token}) == 204
    box = folder / "data/mailbox"
    assert box.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in box.iterdir()} == {0o600}
