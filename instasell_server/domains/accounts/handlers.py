"""The routes of accounts."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from instasell_client.models.accounts import (
    ChangePassword,
    CreateToken,
    Forgot,
    Grant,
    Login,
    Reset,
    Scope,
    Signup,
    SignupPending,
    TokenGrant,
    TokenList,
    UpdateMe,
    User,
    Verify,
)
from instasell_client.models.errors import (
    BadCredentials,
    Conflict,
    EmailTaken,
    RateLimited,
    ScopeMissing,
    TokenNotFound,
    Unauthenticated,
)
from instasell_server.domains.accounts.service import AccountService
from instasell_server.http.client_address import limited_as
from instasell_server.http.request_context import PASSAGE
from instasell_server.http.route import PUBLIC, TRADERS, Call, Route, signed_in

SERVICE: web.AppKey[AccountService] = web.AppKey("accounts", AccountService)

_OWN = signed_in(None)
_LEAVING = signed_in(None, suspended=True)


def _address_of(call: Call[Any, None]) -> str:
    return limited_as(call.request[PASSAGE].address)


async def sign_up(call: Call[Signup, None]) -> Grant | SignupPending:
    """Handle `POST /auth/signup`."""
    accounts, address = call.service(SERVICE), _address_of(call)
    if accounts.pending_signups.is_on:
        return await accounts.pending_signups.request(call.body, address)
    return await accounts.sign_up(call.body, address)


async def log_in(call: Call[Login, None]) -> Grant:
    """Handle `POST /auth/login`."""
    return await call.service(SERVICE).log_in(call.body, _address_of(call))


async def log_out(call: Call[None, None]) -> None:
    """Handle `POST /auth/logout`."""
    await call.service(SERVICE).log_out(call.user)


async def open_session(call: Call[None, None]) -> Grant:
    """Handle `POST /auth/sessions`."""
    return await call.service(SERVICE).open_session(call.user)


async def change_password(call: Call[ChangePassword, None]) -> None:
    """Handle `POST /auth/password`."""
    await call.service(SERVICE).change_password(call.user, call.body, _address_of(call))


async def verify(call: Call[Verify, None]) -> None:
    """Handle `POST /auth/verify`."""
    accounts, given = call.service(SERVICE), call.body
    if given.token is None:
        await accounts.recovery.send_verification_again(call.user)
        return
    token = given.token.get_secret_value()
    password = given.password.get_secret_value() if given.password else None
    if not await accounts.pending_signups.prove(token, password):
        await accounts.recovery.verify(token)


async def forgot(call: Call[Forgot, None]) -> None:
    """Handle `POST /auth/forgot`."""
    await call.service(SERVICE).recovery.forgot(call.body, _address_of(call))


async def reset(call: Call[Reset, None]) -> None:
    """Handle `POST /auth/reset`."""
    await call.service(SERVICE).recovery.reset(call.body)


async def become_seller(call: Call[None, None]) -> User:
    """Handle `POST /auth/become-seller`."""
    return await call.service(SERVICE).become_seller(call.user, call.idempotency_key)


async def get_me(call: Call[None, None]) -> User:
    """Handle `GET /auth/me`."""
    return await call.service(SERVICE).get_me(call.user)


async def update_me(call: Call[UpdateMe, None]) -> User:
    """Handle `PATCH /auth/me`."""
    return await call.service(SERVICE).update_me(call.user, call.body, call.idempotency_key)


async def list_tokens(call: Call[None, None]) -> TokenList:
    """Handle `GET /auth/tokens`."""
    return await call.service(SERVICE).tokens.list(call.user)


async def create_token(call: Call[CreateToken, None]) -> TokenGrant:
    """Handle `POST /auth/tokens`."""
    return await call.service(SERVICE).tokens.create(call.user, call.body)


async def delete_token(call: Call[None, None]) -> None:
    """Handle `DELETE /auth/tokens/{token_id}`."""
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
        pending=SignupPending,
        tag="auth",
        errors=(EmailTaken, RateLimited),
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
        "/auth/sessions",
        open_session,
        signed_in(Scope.READ, suspended=True),
        "Open a session of the same rights, which ends alone or with this one",
        reply=Grant,
        status=201,
        tag="auth",
        errors=(Conflict,),
        idempotent=False,
        cache_control="no-store",
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
        "/auth/verify",
        verify,
        PUBLIC,
        "Prove the address by a mail's token; without one, be sent another mail",
        body=Verify,
        body_optional=True,
        status=204,
        tag="auth",
        errors=(Unauthenticated, ScopeMissing, Conflict, EmailTaken, RateLimited),
        idempotent=False,
    ),
    Route(
        "POST",
        "/auth/forgot",
        forgot,
        PUBLIC,
        "Be mailed a token for a new password; the answer is the same for every address",
        body=Forgot,
        status=204,
        tag="auth",
        errors=(RateLimited,),
        idempotent=False,
    ),
    Route(
        "POST",
        "/auth/reset",
        reset,
        PUBLIC,
        "Set a new password by a mail's token, and end every session and token",
        body=Reset,
        status=204,
        tag="auth",
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
        "Show your account",
        reply=User,
        tag="auth",
    ),
    Route(
        "PATCH",
        "/auth/me",
        update_me,
        _OWN,
        "Change your display name",
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
