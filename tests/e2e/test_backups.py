"""A market is backed up while it is used, and comes back; what is no whole backup does not."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import psycopg2
import pytest

from instasell_client import AsyncInstaSell
from instasell_client.errors import InstaSellError, Unauthenticated
from instasell_client.models.accounts import Grant
from instasell_server.backups import ArchiveDamaged, BackupSource, DailyBackups, restore_embedded
from instasell_server.backups import daily as keeping_module
from instasell_server.backups.archive import open_archive
from instasell_server.commands.standalone import URLS_FILE
from instasell_server.embedded import EmbeddedEngines
from tests.e2e.commands import OFF, RUN, command
from tests.e2e.terminals import serving
from tests.support.market import PASSWORD
from tests.support.waiting import until

KEY = "sent-again"


def begin(environment: dict[str, str], *words: str) -> subprocess.Popen[bytes]:
    """Start `instasell-server`."""
    line = [sys.executable, "-m", "instasell_server", *words]
    return subprocess.Popen(line, env=environment, stderr=subprocess.DEVNULL)


def made_by(environment: dict[str, str], *words: str) -> Path:
    """The archive that `backup` writes."""
    done = command(environment, "backup", *words)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


@dataclass
class Busy:
    """A market in which people bid and buy for as long as it is asked for."""

    url: str
    listings: list[Any] = field(default_factory=list)
    token: str = ""
    category: str = ""
    order_id: str = ""
    auctions: list[str] = field(default_factory=list)
    bids: int = 0

    async def open(self, stack: contextlib.AsyncExitStack) -> None:
        """Sign people up, list items, and have one order paid by card."""
        self.seller = await self._person(stack, "seller", "ann@example.org")
        self.buyers = [
            await self._person(stack, "buyer", f"buyer-{number}@example.org") for number in range(3)
        ]
        self.token = str(self.buyers[0].token)
        for number in range(4):
            made = await self.seller.listings.create(
                title=f"Watch {number}", type="auction", condition="new", **self._item_fields()
            )
            auction = await self.seller.auctions.create(made.id, min_bid=100, duration_seconds=3600)
            self.auctions.append(auction.state.auction_id)
        lamp = await self.seller.listings.create(
            title="A lamp", type="direct", condition="new", price=1000, stock=100_000,
            **self._item_fields(),
        )  # fmt: skip
        self.lamp = lamp.id
        await self.buyers[0].auctions.bid(self.auctions[0], amount=100, idempotency_key=KEY)
        order = (await self.buyers[0].orders.buy(self.lamp)).order
        self.order_id = order.id
        page = (await self.buyers[0].orders.pay(order.id, "card")).checkout_url
        async with aiohttp.ClientSession() as http, http.post(str(page), data={"action": "pay"}):
            pass
        paid = await self.buyers[0].orders.confirm_payment(order.id)
        assert paid.order.status == "processing"
        self.listings = await listings_of(self.seller)

    def _item_fields(self) -> dict[str, Any]:
        return {"description": "A fine item", "category_id": self.category}

    async def _person(
        self, stack: contextlib.AsyncExitStack, role: Any, email: str
    ) -> AsyncInstaSell:
        visitor = await stack.enter_async_context(AsyncInstaSell(self.url))
        grant = await visitor.auth.signup(email, PASSWORD, display_name=email[:5], role=role)
        assert isinstance(grant, Grant)
        return await stack.enter_async_context(AsyncInstaSell(self.url, token=grant.token))

    async def use(self, buyer: AsyncInstaSell, turn: int) -> None:
        """Bid and buy, over and over."""
        while True:
            auction = self.auctions[(turn := turn + 1) % len(self.auctions)]
            with contextlib.suppress(InstaSellError):
                view = await buyer.auctions.get(auction)
                await buyer.auctions.bid(auction, amount=view.state.minimum_bid)
                self.bids += 1
            await buyer.orders.buy(self.lamp)


async def listings_of(client: AsyncInstaSell) -> list[Any]:
    """All that is for sale; what a purchase changes is left out."""
    found = [
        each.model_dump(mode="json", exclude={"stock", "version", "updated_at"})
        async for each in client.listings.list()
    ]
    return sorted(found, key=lambda each: each["id"])


@contextlib.contextmanager
def database_of(data_dir: Path) -> Iterator[psycopg2.extensions.cursor]:
    """The database of a market that runs."""
    url = json.loads((data_dir / URLS_FILE).read_text())["database_url"]
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


@contextlib.asynccontextmanager
async def busy_market(environment: dict[str, str], data_dir: Path) -> AsyncIterator[Busy]:
    """A market that is used for as long as the context lasts."""
    with database_of(data_dir) as cursor:
        cursor.execute(
            "INSERT INTO categories (name, path, lineage, id)"
            " SELECT 'Watches', 'Watches', ARRAY[id], id FROM gen_random_uuid() AS id RETURNING id"
        )
        [(category,)] = cursor.fetchall()
        cursor.connection.commit()
    market = Busy(environment["INSTASELL_URL"])
    market.category = str(category)
    async with contextlib.AsyncExitStack() as stack:
        await market.open(stack)
        users = [asyncio.create_task(market.use(each, n)) for n, each in enumerate(market.buyers)]
        try:
            yield market
        finally:
            for user in users:
                user.cancel()
            ended = await asyncio.gather(*users, return_exceptions=True)
        assert all(isinstance(each, asyncio.CancelledError) for each in ended), ended


@pytest.mark.timeout(180)
async def test_a_busy_market_comes_back_as_it_was(folder: Path) -> None:
    media = folder / "data" / "media" / "ab"
    with serving(RUN, folder, **OFF) as environment:
        media.mkdir(parents=True)
        (media / "picture.png").write_bytes(b"\x89PNG of a watch")
        async with busy_market(environment, folder / "data") as market:
            begun = market.bids
            archive = await asyncio.to_thread(made_by, environment)
            assert market.bids > begun, "nobody bid while the backup was made"
            seen = market.bids
            await until(lambda: market.bids > seen)
    assert archive.parent == folder / "data" / "backups"
    assert archive.stat().st_mode & 0o777 == 0o600

    again = folder / "again"
    restored = command(environment, "restore", str(archive), "--into", str(again))
    assert restored.returncode == 0, restored.stderr
    assert (again / "media/ab/picture.png").read_bytes() == b"\x89PNG of a watch"
    for place in (again, folder / "data"):
        audited = command(environment, "audit", "--auctions", "--data-dir", str(place))
        assert (audited.returncode, " 0 differences" in audited.stdout) == (0, True), audited.stdout

    with serving(RUN, folder, **OFF, INSTASELL_DATA_DIR=str(again)) as second:
        url = second["INSTASELL_URL"]
        async with AsyncInstaSell(url, token=market.token) as old:
            with pytest.raises(Unauthenticated):
                await old.auth.me()
        async with AsyncInstaSell(url) as visitor:
            assert await listings_of(visitor) == market.listings
            grant = await visitor.auth.login("buyer-0@example.org", PASSWORD)
        async with AsyncInstaSell(url, token=grant.token) as buyer:
            bid = await buyer.auctions.bid(market.auctions[0], amount=100, idempotency_key=KEY)
            assert (bid.repeated, bid.seq) == (True, 1)
        await _refund_in(url, market.order_id, again)
        audited = command(second, "audit", "--auctions")
        assert " 0 differences" in audited.stdout, audited.stdout


async def _refund_in(url: str, order_id: str, data_dir: Path) -> None:
    """The provider's books came back too: what was paid by card goes back to the card."""
    async with AsyncInstaSell(url) as visitor:
        grant = await visitor.auth.login("ann@example.org", PASSWORD)
    async with AsyncInstaSell(url, token=grant.token) as seller:
        await seller.orders.refund(order_id)

    def is_settled() -> bool:
        with database_of(data_dir) as cursor:
            cursor.execute("SELECT status FROM provider_refunds")
            return cursor.fetchall() == [("succeeded",)]

    await until(is_settled, seconds=30)


def test_a_damaged_archive_is_refused_and_nothing_is_written(
    quiet: dict[str, str], folder: Path
) -> None:
    whole = made_by(quiet, "--to", str(folder / "out")).read_bytes()
    middle = len(whole) // 3
    changed = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
    cases = {
        "short": whole[: len(whole) // 2],
        "no end": whole[: whole.rindex(b"manifest.json")],
        "changed": changed,
        "other sum": whole.replace(b'"sha256": "', b'"sha256": "0', 1),
        "way out": whole.replace(b"database.dump", b"../atabase.dum"[:13]),
        "empty": b"",
        "no tar": os.urandom(4096),
    }
    file, target = folder / "damaged.tar", folder / "again"
    for name, content in cases.items():
        file.write_bytes(content)
        with pytest.raises(ArchiveDamaged, match="no whole backup"):
            restore_embedded(file, target)
        assert not target.exists(), name
    result = command(quiet, "restore", str(file), "--into", str(target))
    assert (result.returncode, "no whole backup" in result.stderr) == (1, True), result.stderr
    assert {each.name for each in folder.iterdir()} <= {"data", "out", "damaged.tar", "config"}


def test_what_is_not_empty_is_not_written_over(
    quiet: dict[str, str], folder: Path, database_url: str, redis_url: str
) -> None:
    archive = made_by(quiet, "--to", str(folder / "out"))
    for place in ("data", "out"):
        before = sorted(folder.joinpath(place).rglob("*"))
        result = command(quiet, "restore", str(archive), "--into", str(folder / place))
        assert (result.returncode, "is not empty" in result.stderr) == (1, True), result.stderr
        assert sorted(folder.joinpath(place).rglob("*")) == before
    servers = {"INSTASELL_DATABASE_URL": database_url, "INSTASELL_REDIS_URL": redis_url}
    result = command(quiet | servers, "restore", str(archive))
    assert (result.returncode, "createdb" in result.stderr) == (1, True), result.stderr


def test_servers_of_ones_own_are_backed_up_and_restored(
    quiet: dict[str, str],
    folder: Path,
    database_url: str,
    redis_url: str,
    sql: Callable[..., list[tuple[Any, ...]]],
) -> None:
    sql(
        "INSERT INTO users (email, password_hash, display_name, role)"
        " VALUES ('ann@example.org', 'x', 'Ann', 'buyer')"
    )
    sql(
        "INSERT INTO sessions (user_id, kind, expires_at)"
        " SELECT id, 'login', market_now() + interval '1 day' FROM users"
    )
    servers = {"INSTASELL_DATABASE_URL": database_url, "INSTASELL_REDIS_URL": redis_url}
    archive = made_by(quiet | servers, "--to", str(folder / "out"))
    sql("DROP SCHEMA public CASCADE")
    sql("CREATE SCHEMA public")
    half = command(quiet | {"INSTASELL_DATABASE_URL": database_url}, "restore", str(archive))
    assert (half.returncode, "a Redis of before" in half.stderr) == (1, True), half.stderr
    result = command(quiet | servers, "restore", str(archive))
    assert result.returncode == 0, result.stderr
    assert sql("SELECT email FROM users") == [("ann@example.org",)]
    assert sql("SELECT count(*) FROM sessions") == [(0,)]


def test_a_full_disk_leaves_the_old_ones_whole(quiet: dict[str, str], folder: Path) -> None:
    first = made_by(quiet)
    before = first.read_bytes()

    def no_room() -> None:
        # A file that may not grow fails as one on a full disk does.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))

    # The engines have to write, so they run before the room is taken away.
    with EmbeddedEngines(folder / "data") as engines:
        servers = {
            "INSTASELL_DATABASE_URL": engines.urls.database_url,
            "INSTASELL_REDIS_URL": engines.urls.redis_url,
        }
        result = command(quiet | servers, "backup", "--to", str(first.parent), preexec_fn=no_room)
    assert result.returncode == 1
    assert "No backup was made" in result.stderr
    assert [each.name for each in first.parent.iterdir() if each.name != ".lock"] == [first.name]
    assert first.read_bytes() == before


async def test_a_backup_that_is_killed_leaves_the_old_ones_whole(
    quiet: dict[str, str], folder: Path
) -> None:
    first = made_by(quiet)
    before = first.read_bytes()
    with EmbeddedEngines(folder / "data") as engines:
        servers = {
            "INSTASELL_DATABASE_URL": engines.urls.database_url,
            "INSTASELL_REDIS_URL": engines.urls.redis_url,
        }
        holding = psycopg2.connect(engines.urls.database_url)
        with holding.cursor() as cursor:
            # The backup gets as far as this table, and waits there to be killed.
            cursor.execute("LOCK TABLE transactions IN ACCESS EXCLUSIVE MODE")
            process = begin(quiet | servers, "backup", "--to", str(first.parent))
            await until(lambda: any(first.parent.glob(".draft-*")))
            process.send_signal(signal.SIGKILL)
            process.wait(30)
        holding.close()
    assert [each.name for each in first.parent.glob("*.tar")] == [first.name]
    assert first.read_bytes() == before
    second = made_by(quiet)
    with open_archive(second) as archive:
        assert archive.manifest.counts["users"] == 0
    assert not list(first.parent.glob(".draft-*"))


def test_a_market_keeps_so_many_days(
    quiet: dict[str, str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert keeping_module.KEPT == 7
    monkeypatch.setattr(keeping_module, "KEPT", 2)
    backups = folder / "data" / "backups"
    with EmbeddedEngines(folder / "data") as engines:
        programs = engines.postgres_bin("pg_dump").parent
        born = folder / "data" / "engines" / "secrets.json"
        source = BackupSource(engines.urls.database_url, folder / "data")
        keeping = DailyBackups(source, programs, backups, born)
        assert not keeping.is_due()
        _age(born, 25)
        assert keeping.is_due()
        for _ in range(3):
            assert keeping.back_up().differences == ()
            assert not keeping.is_due()
            for old in backups.glob("*.tar"):
                _age(old, 24)
            assert keeping.is_due()
        assert len(list(backups.glob("*.tar"))) == 2


async def test_a_server_backs_its_market_up_when_a_day_is_over(
    quiet: dict[str, str], folder: Path
) -> None:
    _age(folder / "data" / "engines" / "secrets.json", 25)
    with serving(RUN, folder, **OFF):
        await until(lambda: any((folder / "data" / "backups").glob("*.tar")))


def _age(path: Path, hours: float) -> None:
    then = path.stat().st_mtime - hours * 3600
    os.utime(path, (then, then))
