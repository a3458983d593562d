"""Accounts: signing up, in and out, one's own account, and the tokens of scripts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

from instasell_client.endpoint import Mode, Resource, Transport, endpoint
from instasell_client.models.accounts import (
    ChangePassword,
    CreateToken,
    Forgot,
    Grant,
    Login,
    Reset,
    Role,
    Scope,
    Signup,
    SignupPending,
    SignupReply,
    TokenGrant,
    TokenList,
    UpdateMe,
    User,
    Verify,
)
from instasell_client.operation import (
    Operation,
    delete,
    get,
    json_body,
    new_key,
    path,
    post,
    post_once,
    read_nothing,
    reads,
    request,
)

ScopeName = Scope | Literal["read", "list", "bid", "sell", "pay", "admin"]


def _token_of(reply: Grant | SignupPending) -> str | None:
    return reply.token if isinstance(reply, Grant) else None


def _read_signup(answer: bytes) -> Grant | SignupPending:
    return SignupReply.model_validate_json(answer).root


def _no_token(_: None) -> None:
    return None


class TokenResource(Resource[Mode]):
    """`client.auth.tokens`: tokens for scripts, each with no more scopes than it needs."""

    @endpoint
    def list(self) -> Operation[TokenList]:
        """The live tokens of the account, newest first, without their secrets."""
        return get("/auth/tokens", TokenList)

    @endpoint
    def create(
        self, name: str, scopes: Iterable[ScopeName], *, expires_in_days: int = 90
    ) -> Operation[TokenGrant]:
        """A new token; its secret is in this reply and never shown again. 1 to 365 days."""
        body = request(CreateToken, name=name, scopes=[*scopes], expires_in_days=expires_in_days)
        return post_once("/auth/tokens", reads(TokenGrant), body)

    @endpoint
    def delete(self, token_id: str) -> Operation[None]:
        """Ends a token at once. Raises TokenNotFound."""
        return delete(path("/auth/tokens/{}", token_id))


class Auth(Resource[Mode]):
    """`client.auth`: signing up, in and out, and one's own account."""

    tokens: TokenResource[Mode]

    def __init__(self, carrier: Transport) -> None:
        super().__init__(carrier)
        self.tokens = TokenResource(carrier)

    @endpoint
    def signup(
        self,
        email: str,
        password: str,
        *,
        display_name: str | None = None,
        role: Role | Literal["buyer", "seller"] = "buyer",
    ) -> Operation[Grant | SignupPending]:
        """Makes an account, and signs the client in with it. Raises EmailTaken, Invalid.

        A market that wants the address proved first answers SignupPending, the same for every
        address: the client is signed in as nobody, and `verify` with the mailed token goes on.
        """
        body = request(Signup, email=email, password=password, display_name=display_name, role=role)
        signing = post_once("/auth/signup", _read_signup, body)
        return replace(signing, identified=False, new_token=_token_of)

    @endpoint
    def login(self, email: str, password: str) -> Operation[Grant]:
        """Signs the client in; the grant has the token to keep. Raises BadCredentials."""
        body = request(Login, email=email, password=password)
        signing = post_once("/auth/login", reads(Grant), body)
        return replace(signing, identified=False, new_token=_token_of)

    @endpoint
    def logout(self) -> Operation[None]:
        """Ends the session of the token that the client uses; the client forgets it."""
        return replace(post_once("/auth/logout", read_nothing), new_token=_no_token)

    @endpoint
    def open_session(self) -> Operation[Grant]:
        """Open a session of the same rights for another program; the client keeps its own.

        It ends alone when that program logs out, and with the session that opened it. Raises
        Conflict for a client whose session was itself opened like this.
        """
        return post_once("/auth/sessions", reads(Grant))

    @endpoint
    def change_password(self, old_password: str, new_password: str) -> Operation[None]:
        """Sets a new password; every other session of the account ends."""
        body = request(ChangePassword, old_password=old_password, new_password=new_password)
        return post_once("/auth/password", read_nothing, body)

    @endpoint
    def verify(self, token: str | None = None, password: str | None = None) -> Operation[None]:
        """Proves the account's address by the token of a mail; without one, mails another.

        The token of a sign-up makes the account, with this `password`; then sign in. Raises Invalid
        for a token that is wrong, used or expired, and with the field `password` where one is
        needed; Conflict, RateLimited.
        """
        proving = post_once(
            "/auth/verify", read_nothing, request(Verify, token=token, password=password)
        )
        return replace(proving, identified=token is None)

    @endpoint
    def forgot(self, email: str) -> Operation[None]:
        """Mails a token for a new password; whether there is such an account is not told."""
        asking = post_once("/auth/forgot", read_nothing, request(Forgot, email=email))
        return replace(asking, identified=False)

    @endpoint
    def reset(self, token: str, password: str) -> Operation[None]:
        """Sets a new password by the token of a mail; every session and token ends.

        Raises Invalid for a token that is wrong, used or expired.
        """
        setting = post_once(
            "/auth/reset", read_nothing, request(Reset, token=token, password=password)
        )
        return replace(setting, identified=False)

    @endpoint
    def me(self) -> Operation[User]:
        """The account that the client is signed in as."""
        return get("/auth/me", User)

    @endpoint
    def update_me(self, *, display_name: str) -> Operation[User]:
        """Changes what an account may change of itself."""
        body = json_body(request(UpdateMe, display_name=display_name))
        return Operation("PATCH", "/auth/me", reads(User), body=body, key=new_key())

    @endpoint
    def become_seller(self) -> Operation[User]:
        """Makes a seller of a buyer; a seller stays one."""
        return post("/auth/become-seller", reads(User))
