"""`instasell listings images`: the pictures of a listing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from instasell_cli.context import open_client
from instasell_cli.exit_codes import CliError
from instasell_cli.input.prompts import confirm
from instasell_cli.options import Yes, command, group
from instasell_cli.output.schemas import IMAGE, record_of
from instasell_cli.output.writer import clean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from instasell_cli.output.writer import OutputWriter
    from instasell_client import InstaSell
    from instasell_client.models.media import Image

app = group(
    "Add, order and remove pictures of a listing. The first is its cover.",
    "listings images list LISTING",
    "listings images add LISTING front.jpg back.jpg",
)

ListingId = Annotated[str, typer.Argument(help="The id of the listing.", metavar="LISTING")]


def add_to(listings: typer.Typer) -> None:
    """Declare the group below that of listings."""
    listings.add_typer(app, name="images")


@command(
    app,
    "list",
    "List the pictures of a listing in their order. -o json has the addresses of every size, which"
    " hold for 5 minutes and need no token.",
    "listings images list LISTING",
    "listings images list LISTING -o jsonl --fields url",
    records=IMAGE,
)
def list_(ctx: typer.Context, listing_id: ListingId) -> None:
    """Print the pictures with whole addresses."""
    with open_client(ctx) as (client, output):
        found = client.media.images(listing_id).items
        output.many(IMAGE, (image_record(client, image) for image in found))


@command(
    app,
    "add",
    "Add pictures behind those that are there. PNG, JPEG, WebP, or the first frame of a GIF. Where"
    " they were taken is not passed on.",
    "listings images add LISTING front.jpg back.jpg",
    records=IMAGE,
)
def add(
    ctx: typer.Context,
    listing_id: ListingId,
    files: Annotated[list[Path], typer.Argument(help="The pictures.", metavar="FILE...")],
) -> None:
    """Upload the files, and print the new pictures."""
    with open_client(ctx) as (client, output):
        run_add(client, output, listing_id, files)


def run_add(
    client: InstaSell, output: OutputWriter, listing_id: str, files: Sequence[Path]
) -> None:
    """Upload one after the other; the first refusal ends it, and name the file."""
    records = []
    try:
        for file in files:
            records.append(image_record(client, client.media.add_image(listing_id, file)))
    except Exception:
        output.note(f"{clean(str(file))} was not added")
        if records:
            output.many(IMAGE, records)
        raise
    output.many(IMAGE, records)


@command(
    app,
    "order",
    "Put all pictures of a listing in another order; the first becomes its cover.",
    "listings images order LISTING IMAGE IMAGE IMAGE",
    records=IMAGE,
)
def order(
    ctx: typer.Context,
    listing_id: ListingId,
    ids: Annotated[list[str], typer.Argument(help="Every picture's id.", metavar="IMAGE...")],
) -> None:
    """Set the order of the pictures, and print them in it."""
    with open_client(ctx) as (client, output):
        found = client.media.arrange_images(listing_id, ids).items
        output.many(IMAGE, (image_record(client, image) for image in found))


@command(
    app,
    "remove",
    "Remove pictures of a listing.",
    "listings images remove LISTING IMAGE",
    "listings images remove LISTING IMAGE IMAGE --yes",
)
def remove(
    ctx: typer.Context,
    listing_id: ListingId,
    ids: Annotated[list[str], typer.Argument(help="Their ids.", metavar="IMAGE...")],
    yes: Yes = False,
) -> None:
    """Ask once, then remove one picture after the other."""
    with open_client(ctx) as (client, output):
        if not confirm(lambda: _removing(client, listing_id, len(ids)), assume_yes=yes):
            raise CliError("nothing was removed")
        for image_id in ids:
            client.media.delete_image(listing_id, image_id)
            output.note(f"removed {image_id}")


def _removing(client: InstaSell, listing_id: str, count: int) -> str:
    how_many = "this picture" if count == 1 else f"these {count} pictures"
    return f'Remove {how_many} of "{clean(client.listings.get(listing_id).title)}"?'


def image_record(client: InstaSell, image: Image) -> Mapping[str, object]:
    """Return a picture with its largest size, as one flat record with whole addresses."""
    versions = [{**record_of(each), "url": whole(client, each.url)} for each in image.versions]
    largest = {name: versions[-1][name] for name in ("width", "height", "url")}
    return {**record_of(image), "versions": versions, **largest}


def whole(client: InstaSell, url: str) -> str:
    """Return an address that others can open, too."""
    return client.base_url + url if url.startswith("/") else url
