"""The settings of what callers may do how often, how slowly, and how many at a time.

They are part of `Settings`, where `.env.example` and `docs/settings.md` come from.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings

EMBEDDED_OFF = " Off by default for embedded engines on loopback."
OF_ADDRESSES = (
    "rate_limit_anonymous",
    "rate_limit_sign_in",
    "rate_limit_webhooks",
    "rate_limit_files",
    "connections_per_address",
)
"""Limits that count by address; on a market with embedded engines all callers share one."""


class LimitSettings(BaseSettings):
    """Hold the limits; those that count requests or connections may be 0, which is off."""

    connections_max: Annotated[
        int | None,
        Field(
            ge=1,
            description=(
                "Connections that may be open at once; empty for as many as the limit "
                "of open files allows, 20,000 at most."
            ),
        ),
    ] = None
    connections_per_address: Annotated[
        int,
        Field(
            ge=0,
            description=(
                "Connections that may be open at once from an address; 0 is off." + EMBEDDED_OFF
            ),
        ),
    ] = 100
    head_seconds: Annotated[
        float,
        Field(ge=1, le=300, description="Seconds in which the head of a request has to arrive."),
    ] = 15.0
    stall_seconds: Annotated[
        float,
        Field(
            ge=1,
            le=300,
            description="Seconds that a request body, or a client reading a response, may stall.",
        ),
    ] = 20.0
    bytes_per_second_min: Annotated[
        int,
        Field(
            ge=1,
            le=2**20,
            description=(
                "Bytes per second that a request body has to arrive at, and a response "
                "be read at, on average."
            ),
        ),
    ] = 1024
    rate_limit_anonymous: Annotated[
        int,
        Field(
            ge=0,
            description=(
                "Requests per 15 minutes from an address without signing in; 0 is off."
                + EMBEDDED_OFF
            ),
        ),
    ] = 100
    rate_limit_sign_in: Annotated[
        int,
        Field(
            ge=0,
            description=(
                "Sign-ins and sign-ups per 15 minutes from an address; 0 is off." + EMBEDDED_OFF
            ),
        ),
    ] = 30
    rate_limit_webhooks: Annotated[
        int,
        Field(
            ge=0,
            description=("Webhooks per 15 minutes from an address; 0 is off." + EMBEDDED_OFF),
        ),
    ] = 12000
    rate_limit_files: Annotated[
        int,
        Field(
            ge=0,
            description=(
                "Uploads and downloads at /media per 15 minutes from an address; 0 is "
                "off." + EMBEDDED_OFF
            ),
        ),
    ] = 6000
    rate_limit_signed_in: Annotated[
        int, Field(ge=0, description="Requests per 15 minutes of a signed-in user; 0 is off.")
    ] = 3000
    rate_limit_token: Annotated[
        int, Field(ge=0, description="Requests per 15 minutes with a script token; 0 is off.")
    ] = 12000
    rate_limit_bids: Annotated[
        int, Field(ge=0, description="Bids per minute of a user; 0 is off.")
    ] = 600
    rate_limit_joins: Annotated[
        int,
        Field(
            ge=0,
            description=(
                "Auctions joined per minute on a connection, a third of them at once; "
                "joining the board counts as ten. 0 is off; so is any value while "
                "rate_limit_bids is 0."
            ),
        ),
    ] = 600
    rate_limit_joins_address: Annotated[
        int,
        Field(
            ge=0,
            description="Auctions joined per minute on all connections from an address; 0 is off.",
        ),
    ] = 1200
    rate_limit_messages: Annotated[
        int, Field(ge=0, description="Messages per minute of a user; 0 is off.")
    ] = 60
    pending_upload_bytes_max: Annotated[
        int,
        Field(
            ge=1024,
            description="Bytes of uploads that an account may have announced and not yet"
            " confirmed.",
        ),
    ] = 128 * 2**20

    def has_limit_off(self) -> bool:
        """Tell whether a limit that counts is off."""
        return any(
            getattr(self, name) == 0
            for name in LimitSettings.model_fields
            if name.startswith("rate_limit_") or name in OF_ADDRESSES
        )
