"""E-mail addresses, names and passwords: what is one mailbox, what is seen, what is guessed."""

from __future__ import annotations

import random
import string
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from instasell_server.domains.accounts.emails import canonical_email, spellings
from instasell_server.domains.accounts.weak_passwords import common_passwords, weakness_of
from tests.server.accounts_support import PASSWORD, ask, log_in, sign_up

Sql = Callable[..., list[tuple[Any, ...]]]

ZERO_WIDTH = [
    "\u200b",
    "\u200d",
    "\u2060",
    "\ufeff",
    "\u00ad",
    "\u034f",
    "\u3164",
    "\ufe0f",
    "\U000e0041",
]


@pytest.mark.parametrize("invisible", ZERO_WIDTH)
async def test_what_cannot_be_seen_makes_no_second_account(
    http: aiohttp.ClientSession, sql: Sql, invisible: str
) -> None:
    for email in (f"a{invisible}da@example.org", f"ada@exam{invisible}ple.org"):
        answer = await ask(http, "POST", "/auth/signup", {"email": email, "password": PASSWORD})
        assert (answer.status, answer.fields) == (422, ["email"]), answer.body
    assert sql("SELECT count(*) FROM users") == [(0,)]


@pytest.mark.parametrize(
    "email",
    [
        "ａda@example.org",
        "\ufb01nn@example.org",
        "ada@exa mple.org",
        "ada@xn--a.example",
        "ſam@example.org",
    ],
)
async def test_what_looks_like_another_address_is_refused(
    http: aiohttp.ClientSession, email: str
) -> None:
    answer = await ask(http, "POST", "/auth/signup", {"email": email, "password": PASSWORD})
    assert (answer.status, answer.fields) == (422, ["email"])


async def test_a_domain_is_one_in_unicode_and_in_ascii(http: aiohttp.ClientSession) -> None:
    person = await sign_up(http, email="Ada@B\u00fccher.example")
    assert (await person.ask("GET", "/auth/me")).body["email"] == "ada@xn--bcher-kva.example"
    for email in (
        "ada@XN--BCHER-KVA.example",
        "ada@bu\u0308cher.example",
        "ADA@B\u00dcCHER.EXAMPLE",
    ):
        taken = await ask(http, "POST", "/auth/signup", {"email": email, "password": PASSWORD})
        assert (taken.status, taken.code) == (409, "email_taken")
        assert (await log_in(http, email)).status == 200


@pytest.mark.parametrize("before", ["ada@b\u00fccher.example", "a\u200bda@example.org"])
async def test_an_account_of_before_there_was_one_form_signs_in(
    http: aiohttp.ClientSession, sql: Sql, before: str
) -> None:
    person = await sign_up(http)
    sql("UPDATE users SET email = %s WHERE id = %s", before, person.id)
    assert (await log_in(http, before)).status == 200
    if canonical_email(before):
        taken = await ask(http, "POST", "/auth/signup", {"email": before, "password": PASSWORD})
        assert (taken.status, taken.code) == (409, "email_taken")
    assert len(spellings(before)) == (2 if canonical_email(before) else 1)


@pytest.mark.parametrize(
    "name", ["\u200b", "Ada\u200b", "\u3164\u3164", "A\u200dda", "\u2800", "a\u202eb"]
)
async def test_names_are_seen(http: aiohttp.ClientSession, name: str) -> None:
    wanted = {"email": "ada@example.org", "password": PASSWORD, "display_name": name}
    answer = await ask(http, "POST", "/auth/signup", wanted)
    assert (answer.status, answer.fields) == (422, ["display_name"])


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" Ada   Lovelace ", "Ada Lovelace"),
        ("Ada\u00a0L", "Ada L"),
        ("Zoe\u0308", "Zo\u00eb"),
        (
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        ),
        (
            "\U0001f469\u200d\U0001f680 Sally \u2764\ufe0f",
            "\U0001f469\u200d\U0001f680 Sally \u2764\ufe0f",
        ),
    ],
)
async def test_names_are_kept_as_people_write_them(
    http: aiohttp.ClientSession, typed: str, kept: str
) -> None:
    person = await sign_up(http, display_name=typed)
    assert (await person.ask("GET", "/auth/me")).body["display_name"] == kept
    renamed = await person.ask("PATCH", "/auth/me", {"display_name": typed})
    assert renamed.body["display_name"] == kept


@pytest.mark.parametrize(
    "password",
    [
        "password",
        "12345678",
        "PassWord1",
        "\uff50\uff41\uff53\uff53\uff57\uff4f\uff52\uff44",
        "Ada.Lovelace@Example.org",
        "ada.lovelace",
        "Countess Ada",
        "passw0rd!",
        "countess ada 1815",
    ],
)
async def test_passwords_that_are_guessed_first_are_refused(
    http: aiohttp.ClientSession, password: str
) -> None:
    named = {"email": "ada.lovelace@example.org", "display_name": "countess ada"}
    answer = await ask(http, "POST", "/auth/signup", {**named, "password": password})
    assert (answer.status, answer.fields) == (422, ["password"])
    person = await sign_up(http, **named)
    wanted = {"old_password": PASSWORD, "new_password": password}
    changed = await person.ask("POST", "/auth/password", wanted)
    assert (changed.status, changed.fields) == (422, ["new_password"])
    assert (await log_in(http, person.email)).status == 200


def test_the_list_is_of_the_most_common_ones() -> None:
    assert len(common_passwords()) > 8000
    assert all(len(each) >= 7 for each in common_passwords())
    assert {"password", "12345678", "iloveyou", "qwertyuiop", "#1stunna"} <= common_passwords()
    assert weakness_of(" " * 8) == weakness_of("z" * 30) == weakness_of("password")
    assert weakness_of("correct horse battery", "ada@example.org", "Ada") is None


DERIVED = [
    *("passwordpassword", "Password-Password", "PASSWORD2024!", "passw0rd!", "P@$$w0rd123"),
    *("p4ssw0rdp4ssw0rd", "123password", "!!iloveyou!!", "1l0vey0u!", "pass word", "12345678!"),
    *("instasell", "instasell123", "InstaSell!", "1nst@se11", "instasellinstasell"),
    *("dogdogdog", "a1b2a1b2", "qwertyuiop!1", "passwordpasswordpassword1"),
]


@pytest.mark.parametrize("password", DERIVED)
def test_what_is_made_from_a_common_password_is_refused_like_it(password: str) -> None:
    assert weakness_of(password) == weakness_of("password")


def test_phrases_and_random_passwords_pass() -> None:
    chance = random.Random(20)
    words = [word for word in common_passwords() if word.isalpha() and word.isascii()]
    short = [
        "horse",
        "battery",
        "staple",
        "correct",
        "insta",
        "sell",
        "pass",
        "word",
        "love",
        "you",
    ]
    letters = string.ascii_letters + string.digits + "!@$-_ "
    for _ in range(1000):
        phrase = chance.sample(words, 4)
        assert weakness_of(" ".join(phrase)) is None
        assert weakness_of("".join(chance.sample([*short, *phrase], 4)).ljust(20, "x")) is None
        made = "".join(chance.choices(letters, k=chance.randint(10, 72)))
        assert weakness_of(made, "ada@example.org", "Ada") is None, made
    assert weakness_of("instasell sold my bike") is None
    assert weakness_of("password 8371640295173") is None
