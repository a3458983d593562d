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
    """The configuration of one server process."""

    model_config = SettingsConfigDict(env_prefix="INSTASELL_", env_file=".env", extra="ignore")

    environment: Annotated[
        Literal["development", "production"],
        Field(description="development logs every SQL statement with its time, at level debug."),
    ] = "development"
    host: Annotated[str, Field(description="The address to listen on.")] = "127.0.0.1"
    port: Annotated[
        int, Field(ge=0, le=65535, description="The port to listen on; 0 takes a free one.")
    ] = 8780
    parts: Annotated[
        frozenset[ServerPart],
        NoDecode,
        Field(description="What this process does: api, ws, worker, separated by commas."),
    ] = frozenset(ServerPart)
    data_dir: Annotated[
        Path | None,
        Field(description="Folder of the embedded engines; empty for the user's data folder."),
    ] = None
    database_url: Annotated[
        SecretStr | None,
        Field(description="A PostgreSQL 15 to 18 to use instead of the embedded one."),
    ] = None
    migration_database_url: Annotated[
        SecretStr | None,
        Field(
            description="The same database as the role that owns its schema; for `migrate`, and"
            " for a server that migrates by itself."
        ),
    ] = None
    database_replica_url: Annotated[
        SecretStr | None,
        Field(description="A read replica; it serves public lists and nothing else."),
    ] = None
    redis_url: Annotated[
        SecretStr | None,
        Field(description="A Redis 7 or Valkey to use instead of the embedded one."),
    ] = None
    database_connections: Annotated[
        int, Field(ge=4, le=200, description="Connections to PostgreSQL that a process opens.")
    ] = 16
    jwt_secret: Annotated[
        SecretStr | None,
        Field(description="Signs tokens, 32 bytes at least; the embedded default makes its own."),
    ] = None
    jwt_previous_secret: Annotated[
        SecretStr | None,
        Field(description="The secret before this one; its tokens are still taken."),
    ] = None
    bcrypt_rounds: Annotated[
        int, Field(ge=4, le=16, description="Cost of a password hash; 4 is for tests only.")
    ] = 10
    currency: Annotated[
        str, Field(pattern="^[A-Z]{3}$", description="The market's one currency (ISO 4217).")
    ] = "USD"
    cors_origins: Annotated[
        Names, Field(description="Origins of browsers that may call, separated by commas.")
    ] = []
    trusted_proxies: Annotated[
        Names,
        Field(description="Networks of proxies whose X-Forwarded-For is believed (CIDR)."),
    ] = []
    ending_soon_minutes: Annotated[
        int,
        Field(ge=0, le=60, description="How long before an auction's end it is told; 0 is off."),
    ] = 5
    auction_max_days: Annotated[
        int, Field(ge=1, le=365, description="How far in the future an auction may end, in days.")
    ] = 90
    payment_deadline_hours: Annotated[
        int, Field(ge=1, le=720, description="How long a winner has to pay, in hours.")
    ] = 48
    card_hold_days: Annotated[
        int,
        Field(
            ge=0,
            le=540,
            description="Days from a card payment until a refund of it in the wallet can leave.",
        ),
    ] = 60
    topup_hold_days: Annotated[
        int,
        Field(ge=0, le=540, description="Days until money that was topped up can be withdrawn."),
    ] = 7
    auction_gas_fee: Annotated[
        int, Field(ge=0, le=1_000_000, description="Gas that putting an auction up costs.")
    ] = 50
    feature_gas_fee: Annotated[
        int, Field(ge=0, le=1_000_000, description="Gas that featuring an auction for a day costs.")
    ] = 20
    signup_gas: Annotated[
        int | None,
        Field(
            ge=0,
            le=1_000_000_000,
            description="Gas that a new account is given; without it 0, embedded 100,000.",
        ),
    ] = None
    signup_needs_proof: Annotated[
        bool | None,
        Field(
            description="Whether a new account waits for the proof of its e-mail address, so that"
            " sign-up does not tell who has an account; without it true where there is a mail"
            " server and the server listens on more than loopback."
        ),
    ] = None
    stripe_secret_key: Annotated[
        SecretStr | None,
        Field(description="The payment provider's key; the embedded default has a sandbox."),
    ] = None
    stripe_webhook_secret: Annotated[
        SecretStr | None,
        Field(description="Proves that a webhook comes from the provider: whsec_..."),
    ] = None
    stripe_api_base: Annotated[
        str | None,
        Field(
            pattern=r"^https?://[^/\s]+$",
            description="Where the provider's API is; empty for Stripe itself.",
        ),
    ] = None
    public_url: Annotated[
        str | None,
        Field(
            pattern=r"^https?://[^\s]+$",
            description="Where payers reach this server, to come back from the provider's page.",
        ),
    ] = None
    file_bytes_max: Annotated[
        int,
        Field(ge=1024, le=2**30, description="Bytes of a picture or of a dispute's file at most."),
    ] = 10 * 2**20
    storage_endpoint: Annotated[
        str | None,
        Field(
            pattern=r"^https?://[^/\s]+$",
            description="An S3 server for files, such as MinIO; without one they lie in data_dir.",
        ),
    ] = None
    storage_access_key: Annotated[
        SecretStr | None, Field(description="The name by which the storage knows the market.")
    ] = None
    storage_secret_key: Annotated[
        SecretStr | None, Field(description="Signs what is asked of the storage.")
    ] = None
    storage_bucket: Annotated[
        str,
        Field(
            pattern=r"^[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9]$",
            description="The bucket for files; it has to be there.",
        ),
    ] = "instasell"
    storage_region: Annotated[
        str, Field(pattern=r"^[a-z0-9\-]{1,63}$", description="The region that is signed for.")
    ] = "us-east-1"
    storage_public_url: Annotated[
        str | None,
        Field(
            pattern=r"^https?://[^/\s]+$",
            description="Where callers reach the storage, if not at its endpoint; without an"
            " endpoint, this server.",
        ),
    ] = None
    smtp_host: Annotated[
        str | None,
        Field(description="The mail server; without one, e-mail goes into `mail_dir`, if set."),
    ] = None
    smtp_port: Annotated[
        int, Field(ge=1, le=65535, description="The mail server's port: 587, or 465 for tls.")
    ] = 587
    smtp_security: Annotated[
        Literal["starttls", "tls", "none"],
        Field(description="How the mail server is spoken to; none is for a network of one's own."),
    ] = "starttls"
    smtp_username: Annotated[
        str | None, Field(description="Signs in to the mail server, if it asks for that.")
    ] = None
    smtp_password: Annotated[
        SecretStr | None, Field(description="The password of `smtp_username`.")
    ] = None
    smtp_timeout_seconds: Annotated[
        float, Field(ge=1, le=60, description="How long each answer of the mail server may take.")
    ] = 20.0
    mail_from: Annotated[
        str,
        Field(
            # Without a question mark it cannot begin an RFC 2047 word.
            pattern=r"^[A-Za-z0-9.!#$%&'*+/=^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$",
            max_length=254,
            description="The sender's address of every e-mail.",
        ),
    ] = "instasell@localhost"
    mail_dir: Annotated[
        Path | None,
        Field(description="A mailbox on this machine; the embedded default has one."),
    ] = None
    auctioneer_lanes: Annotated[
        int, Field(ge=1, le=16, description="Batches of bids that are in work at once.")
    ] = 2
    auctioneer_batch: Annotated[
        int, Field(ge=1, le=2000, description="Bids that one transaction takes at most.")
    ] = 256
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Field(description="The least that is logged.")
    ] = "info"
    log_format: Annotated[
        Literal["json", "console"],
        Field(description="json writes an object a line, console lines for people."),
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
