"""The routes of accounts."""

from __future__ import annotations

from aiohttp import web

from instasell_client.models.accounts import (
    ChangePassword,
    CreateToken,
    Grant,
    Login,
    Scope,
    Signup,
    TokenGrant,
    TokenList,
    UpdateMe,
    User,
)
from instasell_server.domains.accounts.service import AccountService
from instasell_server.errors import (
    BadCredentials,
    Conflict,
    EmailTaken,
    RateLimited,
    TokenNotFound,
)
from instasell_server.http.route import PUBLIC, TRADERS, Call, Route, signed_in

SERVICE: web.AppKey[AccountService] = web.AppKey("accounts", AccountService)

_OWN = signed_in(None)
_LEAVING = signed_in(None, suspended=True)


async def sign_up(call: Call[Signup, None]) -> Grant:
    """POST /auth/signup."""
    return await call.service(SERVICE).sign_up(call.body)


async def log_in(call: Call[Login, None]) -> Grant:
    """POST /auth/login."""
    return await call.service(SERVICE).log_in(call.body)


async def log_out(call: Call[None, None]) -> None:
    """POST /auth/logout."""
    await call.service(SERVICE).log_out(call.user)


async def change_password(call: Call[ChangePassword, None]) -> None:
    """POST /auth/password."""
    await call.service(SERVICE).change_password(call.user, call.body)


async def become_seller(call: Call[None, None]) -> User:
    """POST /auth/become-seller."""
    return await call.service(SERVICE).become_seller(call.user, call.idempotency_key)


async def get_me(call: Call[None, None]) -> User:
    """GET /auth/me."""
    return await call.service(SERVICE).get_me(call.user)


async def update_me(call: Call[UpdateMe, None]) -> User:
    """PATCH /auth/me."""
    return await call.service(SERVICE).update_me(call.user, call.body, call.idempotency_key)


async def list_tokens(call: Call[None, None]) -> TokenList:
    """GET /auth/tokens."""
    return await call.service(SERVICE).tokens.list(call.user)


async def create_token(call: Call[CreateToken, None]) -> TokenGrant:
    """POST /auth/tokens."""
    return await call.service(SERVICE).tokens.create(call.user, call.body)


async def delete_token(call: Call[None, None]) -> None:
    """DELETE /auth/tokens/{token_id}."""
    await call.service(SERVICE).tokens.delete(call.user, call.path["token_id"])


ROUTES: list[Route] = [
    Route(
        "POST",
        "/auth/signup",
        sign_up,
        PUBLIC,
        "Sign up as a buyer or a seller",
        body=Signup,
        reply=Grant,
        status=201,
        tag="auth",
        errors=(EmailTaken,),
        idempotent=False,
        cache_control="no-store",
    ),
    Route(
        "POST",
        "/auth/login",
        log_in,
        PUBLIC,
        "Sign in",
        body=Login,
        reply=Grant,
        tag="auth",
        errors=(BadCredentials, RateLimited),
        idempotent=False,
        cache_control="no-store",
    ),
    Route(
        "POST",
        "/auth/logout",
        log_out,
        _LEAVING,
        "End this session",
        status=204,
        tag="auth",
        idempotent=False,
    ),
    Route(
        "POST",
        "/auth/password",
        change_password,
        _OWN,
        "Change the password and end every other session",
        body=ChangePassword,
        status=204,
        tag="auth",
        errors=(RateLimited, Conflict),
        idempotent=False,
    ),
    Route(
        "POST",
        "/auth/become-seller",
        become_seller,
        signed_in(None, roles=TRADERS),
        "Become a seller",
        reply=User,
        tag="auth",
    ),
    Route(
        "GET",
        "/auth/me",
        get_me,
        signed_in(Scope.READ, suspended=True),
        "Show the own account",
        reply=User,
        tag="auth",
    ),
    Route(
        "PATCH",
        "/auth/me",
        update_me,
        _OWN,
        "Change the own display name",
        body=UpdateMe,
        reply=User,
        tag="auth",
    ),
    Route(
        "GET",
        "/auth/tokens",
        list_tokens,
        _LEAVING,
        "List the tokens of scripts",
        reply=TokenList,
        tag="auth",
    ),
    Route(
        "POST",
        "/auth/tokens",
        create_token,
        _OWN,
        "Make a token for a script",
        body=CreateToken,
        reply=TokenGrant,
        status=201,
        tag="auth",
        errors=(Conflict,),
        idempotent=False,
    ),
    Route(
        "DELETE",
        "/auth/tokens/{token_id}",
        delete_token,
        _LEAVING,
        "End a token",
        status=204,
        tag="auth",
        errors=(TokenNotFound,),
        idempotent=False,
    ),
]
