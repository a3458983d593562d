"""Accounts, sessions and the tokens of scripts."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, RootModel, SecretStr

from instasell_client.models.base import Id, Instant, Reply, Request
from instasell_client.models.text import Line, Name

PASSWORD_BYTES_MAX = 72
"""bcrypt reads 72 bytes; a longer password is refused instead of being cut."""


class Role(StrEnum):
    """Name what an account may do; a seller may do all that a buyer may."""

    BUYER = "buyer"
    SELLER = "seller"
    ADMIN = "admin"


class Scope(StrEnum):
    """Name what a script token may do; `pay` never withdraws."""

    READ = "read"
    LIST = "list"
    BID = "bid"
    SELL = "sell"
    PAY = "pay"
    ADMIN = "admin"


class UserStatus(StrEnum):
    """Name the state of an account; a suspended one may only read."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


class VerificationStatus(StrEnum):
    """Name the state of the e-mail proof."""

    UNVERIFIED = "unverified"
    PENDING = "pending"
    VERIFIED = "verified"


def _password(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if any(0xD800 <= ord(char) <= 0xDFFF for char in text):
        raise ValueError("remove the lone surrogate; send valid Unicode")
    if "\x00" in text:
        raise ValueError("remove the NUL character")
    if len(text) < 8:
        raise ValueError("use at least 8 characters")
    if len(text.encode()) > PASSWORD_BYTES_MAX:
        raise ValueError(f"use at most {PASSWORD_BYTES_MAX} bytes of UTF-8")
    return value


NewPassword = Annotated[SecretStr, AfterValidator(_password)]
"""8 characters at least and 72 bytes of UTF-8 at most."""

Email = Annotated[Line, Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s.]+$")]
DisplayName = Annotated[Name, Field(min_length=1, max_length=60)]


class Signup(Request):
    """Create an account. `instasell-server create-admin` or another admin creates admins."""

    email: Email
    password: NewPassword
    display_name: DisplayName | None = None
    role: Literal[Role.BUYER, Role.SELLER] = Role.BUYER


class Login(Request):
    """Sign in. The form of both is not checked, so that an answer reveals nothing."""

    email: Annotated[str, Field(max_length=1024)]
    password: Annotated[SecretStr, Field(max_length=1024)]


class User(Reply):
    """Describe an account as its owner sees it."""

    id: Id
    email: str
    display_name: str
    role: Role
    status: UserStatus
    verification_status: VerificationStatus
    created_at: Instant


class Grant(Reply):
    """Return a token and its account. Send it as `Authorization: Bearer`."""

    token: str
    expires_at: Instant
    user: User


class SignupPending(Reply):
    """Confirm a sign-up where addresses are proved first: the same answer for every address.

    The mail has a token for `auth verify`, or says that there is an account.
    """

    status: Literal["pending"] = "pending"
    message: str


class SignupReply(RootModel[Grant | SignupPending]):
    """Answer a sign-up."""


class UpdateMe(Request):
    """Change what an account may change of itself."""

    display_name: DisplayName


class ChangePassword(Request):
    """Set a new password, by the old one; every other session of the account ends."""

    old_password: Annotated[SecretStr, Field(max_length=1024)]
    new_password: NewPassword


LinkToken = Annotated[SecretStr, Field(min_length=1, max_length=200)]
"""What a mail carried; it is used once."""


class Verify(Request):
    """Send the token of the mail, or nothing to get another mail.

    The token of a sign-up needs the `password` that the new account gets.
    """

    token: LinkToken | None = None
    password: NewPassword | None = None


class Forgot(Request):
    """Name the account of a forgotten password; as at sign-in, its form is not checked."""

    email: Annotated[str, Field(max_length=1024)]


class Reset(Request):
    """Set a new password by the token of the mail; every session of the account ends."""

    token: LinkToken
    password: NewPassword


class CreateToken(Request):
    """Create a token for a script, with no more than the scopes that it needs."""

    name: Annotated[Line, Field(min_length=1, max_length=60)]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=6)]
    expires_in_days: Annotated[int, Field(strict=True, ge=1, le=365)] = 90


class Token(Reply):
    """Describe a script's token, without its secret."""

    id: Id
    name: str
    scopes: list[Scope]
    created_at: Instant
    expires_at: Instant


class TokenGrant(Token):
    """Return a new token with its secret, which is shown this once."""

    token: str


class TokenList(Reply):
    """List the valid tokens of an account, the newest first."""

    items: list[Token]
