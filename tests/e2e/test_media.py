"""Pictures on a server that brings everything along: what a kill and a restart leave of them."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from instasell_client import InstaSell
from tests.support.pictures import opened, picture

PASSWORD = "correct horse battery"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short place of our own, through which the engines of a root may pass."""
    made = Path(tempfile.mkdtemp(prefix="is-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@contextlib.contextmanager
def serving(folder: Path, *, ends_by: signal.Signals = signal.SIGTERM) -> Iterator[str]:
    """Run `instasell-server run` on the folder, and yield its address."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("INSTASELL_")},
        "INSTASELL_DATA_DIR": str(folder / "data"),
        "INSTASELL_PORT": "0",
        "INSTASELL_BCRYPT_ROUNDS": "4",
    }
    with (folder / "serve.log").open("ab") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "instasell_server", "run"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=log,
        )
    assert server.stdout is not None
    try:
        line = server.stdout.readline()
        assert line, (folder / "serve.log").read_text()
        yield json.loads(line)["url"]
    finally:
        server.send_signal(ends_by)
        server.wait(timeout=60)
        server.stdout.close()


@pytest.mark.e2e
def test_pictures_outlive_a_kill_and_a_restart(folder: Path) -> None:
    data = picture(400, 200)
    with serving(folder, ends_by=signal.SIGKILL) as url, InstaSell(url) as seller:
        seller.auth.signup("seller@example.org", PASSWORD, role="seller")
        # The market's own list of categories is empty, and only an admin fills it.
        made = subprocess.run(
            [sys.executable, "-m", "instasell_server", "create-admin", "--email", "a@example.org"],
            env={**os.environ, "INSTASELL_DATA_DIR": str(folder / "data")},
            input=f"{PASSWORD}\n",
            text=True,
            capture_output=True,
            check=True,
        )
        assert made.stdout
        with InstaSell(url) as admin:
            admin.auth.login("a@example.org", PASSWORD)
            category = admin.categories.create("Lamps")
        listing = seller.listings.create(
            type="direct", title="A lamp", category_id=category.id, condition="new", price=500
        )
        shown = seller.media.add_image(listing.id, data)
        half = seller.media.announce_image(listing.id, "image/png", len(data))
        seller.media.send(half.upload, data)
    with serving(folder) as url, InstaSell(url, seller.token) as again:
        [image] = again.media.images(listing.id).items
        assert image.id == shown.id
        # What had been uploaded waits to be confirmed, and is seen by nobody until then.
        assert again.media.complete_image(listing.id, half.image_id).position == 1
    with serving(folder) as url, InstaSell(url) as visitor:
        images = visitor.listings.get(listing.id).images
        assert [image.id for image in images] == [shown.id, half.image_id]
        for image in images:
            found = opened(visitor.media.fetch(image.versions[-1].url))
            assert found.size == (400, 200)
    media = folder / "data" / "media"
    assert media.stat().st_mode & 0o777 == 0o700
    modes = {path.stat().st_mode & 0o777 for path in media.rglob("*") if path.is_file()}
    assert modes == {0o600}
