"""Every setting of the server. Each is read from the environment as INSTASELL_<NAME>.

`.env.example` and `docs/settings.md` are generated from this class, so the descriptions here are
what an operator reads.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from instasell_server.config.limit_settings import LimitSettings
from instasell_server.embedded.folder import default_data_dir

PUBLISHED_SECRETS = frozenset({"change-me", "secret", "changeme", "your-secret-key"})
SECRET_BYTES_MIN = 32
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

Names = Annotated[list[str], NoDecode]
"""A list that is written with commas."""


class ServerPart(StrEnum):
    """Name a part of the server; one process may run all of them."""

    API = "api"
    WS = "ws"
    WORKER = "worker"


class Settings(LimitSettings):
    """Hold the configuration of one server process."""

    model_config = SettingsConfigDict(env_prefix="INSTASELL_", env_file=".env", extra="ignore")

    environment: Annotated[
        Literal["development", "production"],
        Field(
            description=(
                "The kind of environment; development logs each SQL statement with its "
                "duration at level debug."
            )
        ),
    ] = "development"
    host: Annotated[str, Field(description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[
        int, Field(ge=0, le=65535, description="Port to listen on; 0 for a free one.")
    ] = 8780
    parts: Annotated[
        frozenset[ServerPart],
        NoDecode,
        Field(description="Parts that this process runs, separated by commas: api, ws, worker."),
    ] = frozenset(ServerPart)
    data_dir: Annotated[
        Path | None,
        Field(
            description="Folder for embedded engines and files; empty for the user's data folder."
        ),
    ] = None
    database_url: Annotated[
        SecretStr | None,
        Field(description="A PostgreSQL 15 to 18 to use instead of the embedded one."),
    ] = None
    migration_database_url: Annotated[
        SecretStr | None,
        Field(
            description=(
                "The same database with the role that owns its schema; for `migrate`, "
                "and for servers that migrate on start."
            )
        ),
    ] = None
    database_replica_url: Annotated[
        SecretStr | None,
        Field(description="A read replica, used for public lists only."),
    ] = None
    redis_url: Annotated[
        SecretStr | None,
        Field(description="A Redis 7 or Valkey to use instead of the embedded one."),
    ] = None
    database_connections: Annotated[
        int, Field(ge=4, le=200, description="Connections to PostgreSQL that one process opens.")
    ] = 16
    database_prepared: Annotated[
        bool,
        Field(
            description=(
                "Plan the frequent statements once per connection; false behind a pooler that lends"
                " connections for one transaction, such as PgBouncer."
            )
        ),
    ] = True
    jwt_secret: Annotated[
        SecretStr | None,
        Field(
            description=(
                "Secret that signs tokens, at least 32 bytes; created in the data "
                "folder with embedded engines."
            )
        ),
    ] = None
    jwt_previous_secret: Annotated[
        SecretStr | None,
        Field(description="The secret before jwt_secret; tokens that it signed stay valid."),
    ] = None
    bcrypt_rounds: Annotated[
        int, Field(ge=4, le=16, description="Cost of a password hash; 4 is for tests only.")
    ] = 10
    currency: Annotated[
        str, Field(pattern="^[A-Z]{3}$", description="The one currency of the market (ISO 4217).")
    ] = "USD"
    cors_origins: Annotated[
        Names,
        Field(description="Origins of web pages that may call the API, separated by commas."),
    ] = []
    trusted_proxies: Annotated[
        Names,
        Field(
            description="Networks (CIDR) of trusted proxies (X-Forwarded-For), separated by commas."
        ),
    ] = []
    ending_soon_minutes: Annotated[
        int,
        Field(
            ge=0,
            le=60,
            description=(
                "Minutes before the end of an auction at which its followers are "
                "notified; 0 is off."
            ),
        ),
    ] = 5
    auction_max_days: Annotated[
        int, Field(ge=1, le=365, description="Days ahead within which an auction has to end.")
    ] = 90
    payment_deadline_hours: Annotated[
        int, Field(ge=1, le=720, description="Hours that a winner has to pay.")
    ] = 48
    card_hold_days: Annotated[
        int,
        Field(
            ge=0,
            le=540,
            description=(
                "Days from a card payment until money refunded from it to the wallet "
                "can be withdrawn."
            ),
        ),
    ] = 60
    topup_hold_days: Annotated[
        int,
        Field(ge=0, le=540, description="Days until topped-up money can be withdrawn."),
    ] = 7
    auction_gas_fee: Annotated[
        int, Field(ge=0, le=1_000_000, description="Gas that creating an auction costs.")
    ] = 50
    feature_gas_fee: Annotated[
        int,
        Field(ge=0, le=1_000_000, description="Gas that promoting an auction for a day costs."),
    ] = 20
    signup_gas: Annotated[
        int | None,
        Field(
            ge=0,
            le=1_000_000_000,
            description="Gas that a new account receives; 0 by default, 100,000 with embedded"
            " engines.",
        ),
    ] = None
    signup_needs_proof: Annotated[
        bool | None,
        Field(
            description=(
                "Create an account only after its e-mail address is confirmed, so that "
                "signing up does not reveal who has an account; true by default where "
                "there is a mail server and the server listens on more than loopback."
            )
        ),
    ] = None
    stripe_secret_key: Annotated[
        SecretStr | None,
        Field(
            description=(
                "Secret key of the payment provider; with embedded engines a sandbox is "
                "used by default."
            )
        ),
    ] = None
    stripe_webhook_secret: Annotated[
        SecretStr | None,
        Field(description="Secret that proves that a webhook comes from the provider: whsec_..."),
    ] = None
    stripe_api_base: Annotated[
        str | None,
        Field(
            pattern=r"^https?://[^/\s]+$",
            description="Address of the provider's API; empty for Stripe.",
        ),
    ] = None
    public_url: Annotated[
        str | None,
        Field(
            pattern=r"^https?://[^\s]+$",
            description=(
                "Address at which browsers reach this server; payers return to it from "
                "the provider's page."
            ),
        ),
    ] = None
    file_bytes_max: Annotated[
        int,
        Field(
            ge=1024, le=2**30, description="Bytes that a picture or a file of evidence may have."
        ),
    ] = 10 * 2**20
    storage_endpoint: Annotated[
        str | None,
        Field(
            pattern=r"^https?://[^/\s]+$",
            description="An S3 server for files, such as MinIO; by default files are stored in"
            " data_dir.",
        ),
    ] = None
    storage_access_key: Annotated[
        SecretStr | None, Field(description="Access key of the storage.")
    ] = None
    storage_secret_key: Annotated[
        SecretStr | None,
        Field(description="Secret key of the storage; it signs requests and upload addresses."),
    ] = None
    storage_bucket: Annotated[
        str,
        Field(
            pattern=r"^[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9]$",
            description="Bucket for files; it has to exist.",
        ),
    ] = "instasell"
    storage_region: Annotated[
        str,
        Field(
            pattern=r"^[a-z0-9\-]{1,63}$",
            description="Region of the storage, used in signatures.",
        ),
    ] = "us-east-1"
    storage_public_url: Annotated[
        str | None,
        Field(
            pattern=r"^https?://[^/\s]+$",
            description=(
                "Address at which clients reach the storage, if it differs from the "
                "endpoint; without an endpoint, the address of this server."
            ),
        ),
    ] = None
    smtp_host: Annotated[
        str | None,
        Field(
            description="Mail server; without one, e-mail is written to `mail_dir`, if that is set."
        ),
    ] = None
    smtp_port: Annotated[
        int, Field(ge=1, le=65535, description="Port of the mail server: 587, or 465 for tls.")
    ] = 587
    smtp_security: Annotated[
        Literal["starttls", "tls", "none"],
        Field(description="Encryption to the mail server; none is for a private network only."),
    ] = "starttls"
    smtp_username: Annotated[
        str | None, Field(description="User name at the mail server, if it needs one.")
    ] = None
    smtp_password: Annotated[
        SecretStr | None, Field(description="Password of `smtp_username`.")
    ] = None
    smtp_timeout_seconds: Annotated[
        float,
        Field(ge=1, le=60, description="Seconds to wait for each answer of the mail server."),
    ] = 20.0
    mail_from: Annotated[
        str,
        Field(
            # Without a question mark it cannot begin an RFC 2047 word.
            pattern=r"^[A-Za-z0-9.!#$%&'*+/=^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$",
            max_length=254,
            description="Sender address of every e-mail.",
        ),
    ] = "instasell@localhost"
    mail_dir: Annotated[
        Path | None,
        Field(
            description="Folder of a mailbox on this machine; set by default with embedded engines."
        ),
    ] = None
    auctioneer_lanes: Annotated[
        int, Field(ge=1, le=16, description="Batches of bids that are decided at the same time.")
    ] = 2
    auctioneer_batch: Annotated[
        int, Field(ge=1, le=2000, description="Bids that one transaction decides at most.")
    ] = 256
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Field(description="The lowest level that is logged."),
    ] = "info"
    log_format: Annotated[
        Literal["json", "console"],
        Field(
            description=(
                "Format of the log: json has one object a line, console is for reading "
                "in a terminal."
            )
        ),
    ] = "json"

    @field_validator("cors_origins", "trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value

    @field_validator("log_format", mode="before")
    @classmethod
    def _text_is_console(cls, value: object) -> object:
        # What the documents once seemed to call it.
        return "console" if value == "text" else value

    @field_validator("parts", mode="before")
    @classmethod
    def _split_parts(cls, value: object) -> object:
        if isinstance(value, str):
            return frozenset(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("jwt_secret", "jwt_previous_secret")
    @classmethod
    def _strong(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        text = value.get_secret_value()
        if len(text.encode()) < SECRET_BYTES_MIN or text.lower() in PUBLISHED_SECRETS:
            raise ValueError(
                f"use at least {SECRET_BYTES_MIN} random bytes,"
                " for example from `openssl rand -hex 32`"
            )
        return value

    @model_validator(mode="after")
    def _password_never_in_the_clear(self) -> Settings:
        is_open = self.smtp_security == "none" and self.smtp_host not in LOOPBACK
        if self.smtp_password is not None and is_open:
            raise ValueError(
                "INSTASELL_SMTP_PASSWORD is sent only over tls or starttls; set"
                " INSTASELL_SMTP_SECURITY"
            )
        return self

    @model_validator(mode="after")
    def _owner_of_a_known_database(self) -> Settings:
        if self.migration_database_url is not None and self.database_url is None:
            raise ValueError(
                "INSTASELL_MIGRATION_DATABASE_URL names the owner of a database of your own; set"
                " INSTASELL_DATABASE_URL to the same one as the role that serves"
            )
        return self

    @property
    def data_folder(self) -> Path:
        """Return the data folder: the one that was set, or the user's own."""
        return self.data_dir or default_data_dir()

    @property
    def on_loopback(self) -> bool:
        """Return whether nothing outside this machine can reach the server."""
        return self.host in LOOPBACK

    @property
    def proves_signups(self) -> bool:
        """Tell whether a sign-up has to be proved by mail before there is an account."""
        if self.signup_needs_proof is None:
            return self.smtp_host is not None and not self.on_loopback
        return self.signup_needs_proof

    @model_validator(mode="after")
    def _consistent(self) -> Settings:
        if self.has_limit_off() and not self.on_loopback:
            raise ValueError(
                "a rate limit of 0 is taken only while listening on loopback; set a limit or"
                " INSTASELL_HOST=127.0.0.1"
            )
        keys = (self.storage_access_key, self.storage_secret_key)
        if self.storage_endpoint is not None and None in keys:
            raise ValueError(
                "the storage needs INSTASELL_STORAGE_ACCESS_KEY and INSTASELL_STORAGE_SECRET_KEY"
            )
        if not self.parts:
            raise ValueError("name at least one of api, ws, worker")
        return self
