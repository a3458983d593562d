"""The generated documents are those of the repository, and OpenAPI says what the table says."""

from __future__ import annotations

from pathlib import Path

import pytest
from openapi_spec_validator import validate

from instasell_server.config.settings import Settings
from instasell_server.http.docs import render_page
from instasell_server.http.openapi import TAGS, make_document, render_document
from instasell_server.reference.pages import pages
from instasell_server.routes import TABLE

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("name", sorted(pages()))
def test_generated_files_are_current(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8") == pages()[name], (
        "run `python -m instasell_server docs .`"
    )


def test_the_document_is_valid_openapi() -> None:
    document = make_document(TABLE)
    validate(document)
    assert document["openapi"] == "3.1.0"


def test_every_route_is_in_the_document_under_a_name_of_its_own() -> None:
    document = make_document(TABLE)
    for route in TABLE:
        operation = document["paths"][route.path][route.method.lower()]
        assert operation["summary"] == route.summary
        assert route.tag in TAGS
    names = [each["operationId"] for path in document["paths"].values() for each in path.values()]
    assert len(names) == len(set(names)) == len(TABLE)


def test_bodies_are_documented_in_the_names_of_the_wire() -> None:
    schemas = make_document(TABLE)["components"]["schemas"]
    assert "listing_id" in schemas["CreateAuction"]["properties"]
    assert "listingId" not in schemas["CreateAuction"]["properties"]


def test_the_page_asks_no_other_host() -> None:
    page = render_page(render_document(TABLE)).decode()
    assert "http://" not in page
    assert "https://" not in page
    assert " src=" not in page
    for route in TABLE:
        assert route.path in page


def test_every_setting_is_described() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
