"""Make a separate market for pictures: users, listings with a picture, bids, orders, disputes.

Everything went over the wire to an embedded server in a temporary folder.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Literal

import httpx
from PIL import Image, ImageDraw, ImageFilter

from instasell_client import AsyncInstaSell, Conflict

PASSWORD = "a long password for pictures"
ADMIN = "admin@example.com"
START_SECONDS = 60
HERO = "Rangefinder camera, 35 mm, black enamel, 1954"

ITEMS = {
    "Cameras > Film": (
        (HERO, 12_000, 900),
        ("Folding camera 6x9 with leather case", 2_500, 340),
        ("Twin-lens reflex, serviced last spring", 9_000, 5_400),
        ("Half-frame compact, light meter works", 1_500, 86_400),
        ("Фотоаппарат «Чайка», полуформатный, 1967", 4_000, 47),
    ),
    "Cameras > Lenses": (
        ("50 mm f/1.4, screw mount, clear glass", 6_000, 1_260),
        ("Tele lens 135 mm with hood and caps", 3_500, 7_800),
        ("Enlarger lens 80 mm, boxed", 900, 172_800),
    ),
    "Music > Instruments": (
        ("Parlour guitar, spruce top, built 1968", 18_000, 660),
        ("Student violin 4/4 with two bows", 7_500, 3_000),
        ("Concertina, 48 keys, steel reeds", 22_000, 10_800),
        ("Kalimba made of walnut", 1_200, 58),
    ),
    "Music > Records": (
        ("Jazz quartet, live in Lisbon, first pressing", 1_800, 145),
        ("Box of 40 dance singles, 1979 to 1985", 2_000, 4_300),
        ("Piano sonatas, 5 LP, mint", 1_000, 21_600),
    ),
    "Home > Kitchen": (
        ("Espresso machine, lever, all brass, needs a gasket", 15_000, 240),
        ("Enamel bread bin, cream and green", 800, 12_600),
        ("Set of six hand-thrown bowls", 2_400, 95),
        ("Cast-iron waffle iron for the hearth", 1_900, 36_000),
    ),
    "Home > Clocks": (
        ("Mantel clock, eight days, strikes the hour", 5_500, 52),
        ("Station clock, double face, 60 cm", 26_000, 2_100),
        ("Kitchen timer in the shape of a pear", 300, 54_000),
    ),
    "Bicycles": (
        ("Touring bicycle, steel frame 58 cm, 24 gears", 20_000, 1_800),
        ("Leather saddle, broken in", 2_200, 6_600),
        ("Dynamo lamp set, chromed", 1_100, 14_400),
        ("Cargo trailer, folds flat", 4_500, 28_800),
    ),
}

Reason = Literal["not_received", "not_as_described", "damaged"]
COMPLAINTS: tuple[tuple[str, Reason, str, str], ...] = (
    (
        "Carriage clock, brass, with key",
        "not_as_described",
        "It strikes thirteen.\nThe description says that it strikes the hour.",
        "It struck the hour when it left here; the journey may have shaken it.",
    ),
    (
        "Set of four cut-glass tumblers",
        "damaged",
        "One of the four came in two parts.",
        "They were wrapped one by one. Please keep the box for the carrier.",
    ),
    (
        "Road map of the coast, linen, 1931",
        "not_received",
        "Nothing has come in three weeks.",
        "The carrier says that it was handed to a neighbour.",
    ),
)
ORDERS = (
    ("Barometer in an oak case", "pay"),
    ("Globe of 1938, on a brass foot", "ship"),
    ("Slide rule in its sleeve", "buy"),
)
ADDRESS = {
    "name": "Hana Ito", "line1": "Quay 1", "city": "Kiel", "postal_code": "24103", "country": "DE",
}  # fmt: skip


# The market ------------------------------------------------------------------------------------


@contextlib.contextmanager
def market() -> Iterator[tuple[str, Path]]:
    """Run a server with its own engines; yield its address, and its data folder."""
    with tempfile.TemporaryDirectory(prefix="instasell-pictures-") as name:
        folder = Path(name)
        # As root, the engines run as another user, who has to be able to pass through.
        folder.chmod(0o711)
        ready, data = folder / "ready.json", folder / "data"
        limits = ("ANONYMOUS", "SIGNED_IN", "TOKEN", "BIDS")
        environment = {**os.environ, **{f"INSTASELL_RATE_LIMIT_{each}": "0" for each in limits}}
        command = [sys.executable, "-m", "instasell_server", "run", "--port", "0"]
        options = ["--data-dir", str(data), "--ready-file", str(ready)]
        with (folder / "log").open("w") as log:
            server = subprocess.Popen([*command, *options], env=environment, stdout=log, stderr=log)
        try:
            yield _address(server, ready, folder / "log"), data
        finally:
            server.terminate()
            server.wait()


def _address(server: subprocess.Popen[bytes], ready: Path, log: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while not ready.exists():
        if server.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"the server did not start:\n{log.read_text()}")
        time.sleep(0.1)
    return str(json.loads(ready.read_text())["url"])


async def person(url: str, name: str, role: str = "buyer") -> AsyncInstaSell:
    """Return a client that is signed in as a new account."""
    client = AsyncInstaSell(url)
    email = f"{name.lower().replace(' ', '.')}@example.com"
    await client.auth.signup(email, PASSWORD, display_name=name, role=role)  # type: ignore[arg-type]
    return client


def make_admin(data: Path) -> None:
    """Create an admin's account, as an operator does."""
    command = [sys.executable, "-m", "instasell_server", "create-admin", "--email", ADMIN]
    subprocess.run(
        [*command, "--data-dir", str(data)],
        input=PASSWORD.encode() + b"\n",
        check=True,
        stdout=subprocess.DEVNULL,
    )


async def categories(url: str) -> dict[str, str]:
    """Create the categories as the admin; return their ids by their paths."""
    made: dict[str, str] = {}
    async with AsyncInstaSell(url) as admin:
        await admin.auth.login(ADMIN, PASSWORD)
        for path in ITEMS:
            names = path.split(" > ")
            for depth in range(1, len(names) + 1):
                key, parent = " > ".join(names[:depth]), " > ".join(names[: depth - 1])
                if key not in made:
                    category = await admin.categories.create(
                        names[depth - 1], parent_id=made.get(parent)
                    )
                    made[key] = category.id
    return made


async def create_auctions(url: str, data: Path) -> dict[str, str]:
    """Create every auction; return their ids by their titles."""
    await asyncio.to_thread(make_admin, data)
    ids = await categories(url)
    names = ("Attic & Barn", "Second Wind", "Mill Lane Finds")
    sellers = [await person(url, name, "seller") for name in names]
    auctions: dict[str, str] = {}
    turn = itertools.cycle(sellers)
    for path, items in ITEMS.items():
        for title, price, seconds in items:
            seller = next(turn)
            listing = await seller.listings.create(
                type="auction",
                title=title,
                description=DESCRIPTION,
                category_id=ids[path],
                condition="refurbished",
                shipping_amount=650,
            )
            auction = await seller.auctions.create(
                listing.id,
                min_bid=price,
                duration_seconds=seconds,
                reserve=price * 2 if title == HERO else None,
                buy_now=price * 4 if title == HERO else None,
            )
            auctions[title] = auction.state.auction_id
            if title == HERO:
                await seller.media.add_image(listing.id, photograph())
    for seller in sellers:
        await seller.aclose()
    return auctions


DESCRIPTION = (
    "From the estate of a village photographer, cleaned and looked over.\n\n"
    "Works at every speed. The leather is worn at the edges, the glass is clear; a small dent\n"
    "at the back does no harm. Comes with strap, case and the first owner's notebook."
)


async def bid_on(auctions: dict[str, str], people: list[AsyncInstaSell], seconds: float) -> None:
    """Have people outbid each other for a while, on the first auctions more than on the last."""
    chance = random.Random(7)
    ids = list(auctions.values())
    likings = [1 / (1 + place) ** 0.7 for place in range(len(ids))]
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        bidder = chance.choice(people)
        auction_id = chance.choices(ids, likings)[0]
        state = (await bidder.auctions.status(auction_id)).state
        most = round(state.minimum_bid * chance.uniform(1.0, 1.12))
        # Being the leader already, or coming too late, is a part of bidding.
        with contextlib.suppress(Conflict):
            await bidder.auctions.bid(auction_id, max_amount=most)
        await asyncio.sleep(chance.uniform(0.02, 0.12))


async def take_part(viewer: AsyncInstaSell, auctions: dict[str, str], *, lead: bool) -> None:
    """Let the viewer of the pictures lead here and be outbid there."""
    leading = (HERO, "Parlour guitar, spruce top, built 1968", "Kalimba made of walnut")
    outbid = ("Touring bicycle, steel frame 58 cm, 24 gears", "Student violin 4/4 with two bows")
    for title in leading if lead else outbid:
        state = (await viewer.auctions.status(auctions[title])).state
        most = round(state.minimum_bid * (1.25 if lead else 1))
        with contextlib.suppress(Conflict):
            await viewer.auctions.bid(auctions[title], max_amount=most)
        await viewer.auctions.watch(auctions[title])
    await viewer.auctions.watch(auctions["Station clock, double face, 60 cm"])


async def complain(url: str) -> tuple[str, str]:
    """Complain of paid orders, in their buyer's words; return the tokens of admin and buyer."""
    seller, buyer = await person(url, "Low Tide Shop", "seller"), await person(url, "Hana Ito")
    async with AsyncInstaSell(url) as admin:
        await admin.auth.login(ADMIN, PASSWORD)
        await admin.auth.update_me(display_name="Wanda Moor")
        category = (await admin.categories.tree()).items[0].id
        paying = await buyer.wallet.top_up(100_000, "balance")
        async with httpx.AsyncClient() as browser:
            await browser.post(str(paying.checkout_url), data={"action": "pay"})
        for _ in range(START_SECONDS * 10):
            if (await buyer.wallet.get()).balance:
                break
            await asyncio.sleep(0.1)
        for title, reason, text, answer in COMPLAINTS:
            listing = await seller.listings.create(
                type="direct", title=title, category_id=category, condition="refurbished",
                price=8_500, stock=3, shipping_amount=650,
            )  # fmt: skip
            order_id = (await buyer.orders.buy(listing.id, address=ADDRESS)).order.id
            await buyer.orders.pay(order_id, "wallet")
            await seller.orders.ship(order_id, carrier="Post", tracking="RR 4711")
            made = await buyer.disputes.open(order_id, reason, text)
            await seller.disputes.reply(made.dispute.id, answer)
        for title, step in ORDERS:
            listing = await seller.listings.create(
                type="direct", title=title, category_id=category, condition="refurbished",
                price=4_200, stock=2, shipping_amount=650,
            )  # fmt: skip
            order_id = (await buyer.orders.buy(listing.id, address=ADDRESS)).order.id
            if step != "buy":
                await buyer.orders.pay(order_id, "wallet")
            if step == "ship":
                await seller.orders.ship(order_id, carrier="Post", tracking="RR 4712")
        await seller.aclose()
        await buyer.aclose()
        return admin.token or "", buyer.token or ""


def photograph() -> bytes:
    """Draw a camera on a table: no photograph of anybody's is needed for a picture."""
    picture = Image.new("RGB", (640, 480), (188, 170, 140))
    draw = ImageDraw.Draw(picture)
    for y in range(300):
        draw.line((0, y, 640, y), fill=(52 + y // 6, 66 + y // 5, 78 + y // 5))
    draw.rounded_rectangle((90, 170, 550, 380), 34, fill=(24, 24, 26))
    draw.rectangle((90, 205, 550, 345), fill=(44, 40, 38))
    draw.rounded_rectangle((120, 130, 520, 200), 18, fill=(206, 206, 200))
    draw.rounded_rectangle((150, 105, 215, 140), 8, fill=(226, 226, 220))
    draw.ellipse((430, 96, 500, 140), fill=(170, 170, 166))
    draw.rectangle((250, 146, 300, 178), fill=(40, 62, 88))
    draw.rectangle((400, 146, 470, 178), fill=(232, 214, 150))
    for inset, colour in enumerate(((200, 200, 196), (30, 30, 32), (120, 120, 122), (14, 18, 30))):
        edge = 22 * inset
        draw.ellipse((215 + edge, 175 + edge, 425 - edge, 385 - edge), fill=colour)
    draw.ellipse((300, 255, 330, 285), fill=(150, 190, 230))
    file = BytesIO()
    picture.filter(ImageFilter.GaussianBlur(1.2)).save(file, "JPEG", quality=88)
    return file.getvalue()
