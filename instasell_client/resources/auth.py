"""Sign up, in and out, and manage your account and its script tokens."""

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
    """Group the calls of `client.auth.tokens`; give each token only the scopes it needs."""

    @endpoint
    def list(self) -> Operation[TokenList]:
        """List the valid script tokens of your account, the newest first, without secrets.

        Returns:
            TokenList.

        Raises:
            Unauthenticated

        Example:
            names = [token.name for token in client.auth.tokens.list().items]

        See docs/api.md#get-authtokens.
        """
        return get("/auth/tokens", TokenList)

    @endpoint
    def create(
        self, name: str, scopes: Iterable[ScopeName], *, expires_in_days: int = 90
    ) -> Operation[TokenGrant]:
        """Create a script token; only this reply has its secret.

        Args:
            name: Name to recognize the token by.
            scopes: What the token may do, such as `read` and `bid`.
            expires_in_days: Lifetime in days, 1 to 365.

        Returns:
            TokenGrant.

        Raises:
            Conflict, Invalid

        Example:
            grant = client.auth.tokens.create("nightly bids", ["read", "bid"])
            print(grant.token)

        See docs/api.md#post-authtokens.
        """
        body = request(CreateToken, name=name, scopes=[*scopes], expires_in_days=expires_in_days)
        return post_once("/auth/tokens", reads(TokenGrant), body)

    @endpoint
    def delete(self, token_id: str) -> Operation[None]:
        """End a script token at once.

        Args:
            token_id: Id of the token, not its secret.

        Raises:
            TokenNotFound, Invalid

        Example:
            client.auth.tokens.delete(token_id)

        See docs/api.md#delete-authtokenstoken_id.
        """
        return delete(path("/auth/tokens/{}", token_id))


class Auth(Resource[Mode]):
    """Group the calls of `client.auth`: sign up, in and out, and manage your account."""

    tokens: TokenResource[Mode]

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport)
        self.tokens = TokenResource(transport)

    @endpoint
    def signup(
        self,
        email: str,
        password: str,
        *,
        display_name: str | None = None,
        role: Role | Literal["buyer", "seller"] = "buyer",
    ) -> Operation[Grant | SignupPending]:
        """Create an account and sign the client in.

        A market that verifies addresses first answers SignupPending for every address, and the
        client is not signed in: call `verify` with the mailed token, then `login`.

        Args:
            email: E-mail address.
            password: Password of the new account.
            display_name: Name for others to see.
            role: `buyer` or `seller`.

        Returns:
            Grant | SignupPending.

        Raises:
            EmailTaken, Invalid, RateLimited

        Example:
            client.auth.signup("ada@example.com", password, display_name="Ada")

        See docs/api.md#post-authsignup.
        """
        body = request(Signup, email=email, password=password, display_name=display_name, role=role)
        signing = post_once("/auth/signup", _read_signup, body)
        return replace(signing, identified=False, new_token=_token_of)

    @endpoint
    def login(self, email: str, password: str) -> Operation[Grant]:
        """Sign the client in; it uses the new token from then on.

        Args:
            email: E-mail address.
            password: Password.

        Returns:
            Grant: `token` is the token to store, until `expires_at`.

        Raises:
            BadCredentials, RateLimited

        Example:
            client.auth.login("ada@example.com", password)

        See docs/api.md#post-authlogin.
        """
        body = request(Login, email=email, password=password)
        signing = post_once("/auth/login", reads(Grant), body)
        return replace(signing, identified=False, new_token=_token_of)

    @endpoint
    def logout(self) -> Operation[None]:
        """End the session of the client's token; the client forgets the token.

        Raises:
            Unauthenticated

        Example:
            client.auth.logout()

        See docs/api.md#post-authlogout.
        """
        return replace(post_once("/auth/logout", read_nothing), new_token=_no_token)

    @endpoint
    def open_session(self) -> Operation[Grant]:
        """Open a session with the same rights for another program.

        The client keeps its own session. The new one ends when it logs out, or with this one.

        Returns:
            Grant.

        Raises:
            Conflict for a session that was itself opened like this, Unauthenticated

        Example:
            token = client.auth.open_session().token

        See docs/api.md#post-authsessions.
        """
        return post_once("/auth/sessions", reads(Grant))

    @endpoint
    def change_password(self, old_password: str, new_password: str) -> Operation[None]:
        """Change your password; all other sessions of the account end.

        Args:
            old_password: Present password.
            new_password: Password from now on.

        Raises:
            Conflict, Invalid

        Example:
            client.auth.change_password(old_password, new_password)

        See docs/api.md#post-authpassword.
        """
        body = request(ChangePassword, old_password=old_password, new_password=new_password)
        return post_once("/auth/password", read_nothing, body)

    @endpoint
    def verify(self, token: str | None = None, password: str | None = None) -> Operation[None]:
        """Verify your e-mail address with a mailed token; without one, request another mail.

        The token of a pending sign-up creates the account with this `password`; sign in
        afterwards.

        Args:
            token: Token of the mail.
            password: Password, for a pending sign-up only.

        Raises:
            Invalid for a token that is wrong, used or expired, or a missing `password`; Conflict,
            RateLimited

        Example:
            client.auth.verify(token)

        See docs/api.md#post-authverify.
        """
        proving = post_once(
            "/auth/verify", read_nothing, request(Verify, token=token, password=password)
        )
        return replace(proving, identified=token is None)

    @endpoint
    def forgot(self, email: str) -> Operation[None]:
        """Request a mail with a token for a new password; the answer is the same for all addresses.

        Args:
            email: E-mail address of the account.

        Raises:
            Invalid

        Example:
            client.auth.forgot("ada@example.com")

        See docs/api.md#post-authforgot.
        """
        asking = post_once("/auth/forgot", read_nothing, request(Forgot, email=email))
        return replace(asking, identified=False)

    @endpoint
    def reset(self, token: str, password: str) -> Operation[None]:
        """Set a new password with a mailed token; all sessions and script tokens end.

        Args:
            token: Token of the mail.
            password: Password from now on.

        Raises:
            Invalid for a token that is wrong, used or expired; RateLimited

        Example:
            client.auth.reset(token, new_password)

        See docs/api.md#post-authreset.
        """
        setting = post_once(
            "/auth/reset", read_nothing, request(Reset, token=token, password=password)
        )
        return replace(setting, identified=False)

    @endpoint
    def me(self) -> Operation[User]:
        """Return the account that the client is signed in to.

        Returns:
            User.

        Raises:
            Unauthenticated

        Example:
            print(client.auth.me().display_name)

        See docs/api.md#get-authme.
        """
        return get("/auth/me", User)

    @endpoint
    def update_me(self, *, display_name: str) -> Operation[User]:
        """Change the display name of your account.

        Args:
            display_name: Name for others to see.

        Returns:
            User.

        Raises:
            Invalid

        Example:
            client.auth.update_me(display_name="Ada")

        See docs/api.md#patch-authme.
        """
        body = json_body(request(UpdateMe, display_name=display_name))
        return Operation("PATCH", "/auth/me", reads(User), body=body, key=new_key())

    @endpoint
    def become_seller(self) -> Operation[User]:
        """Turn your buyer account into a seller account; a seller stays one.

        Returns:
            User.

        Raises:
            Forbidden

        Example:
            client.auth.become_seller()

        See docs/api.md#post-authbecome-seller.
        """
        return post("/auth/become-seller", reads(User))
