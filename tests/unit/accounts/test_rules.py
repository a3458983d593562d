"""The pure rules of accounts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instasell_client.models.accounts import Role, Scope
from instasell_server.domains.accounts import rules
from instasell_server.domains.accounts.emails import canonical_email, spellings


@given(st.text(max_size=80) | st.emails() | st.text(max_size=20).map(lambda name: f"{name}@bü.de"))
def test_an_address_is_canonical_once_and_for_all(typed: str) -> None:
    once = canonical_email(typed)
    assert once is None or canonical_email(once) == once
    first, *others = spellings(typed)
    assert first == (once or first)
    assert spellings(first)[0] == first
    assert rules.account_of(first) not in map(rules.account_of, others)


@given(st.text(max_size=80))
def test_only_what_bcrypt_reads_whole_is_a_password(typed: str) -> None:
    found = rules.password_bytes(typed)
    if found is not None:
        assert len(found) <= 72
        assert found.decode() == typed
    else:
        assert len(typed.encode("utf-8", "surrogatepass")) > 72 or not rules.is_storable(typed)


@pytest.mark.parametrize("typed", ["nul \x00", "lone \ud800", "x" * 73, "é" * 37])
def test_nobodys_password(typed: str) -> None:
    assert rules.password_bytes(typed) is None


def test_a_role_gives_no_more_than_it_has() -> None:
    everything = list(Scope)
    assert rules.scopes_beyond(Role.BUYER, everything) == [Scope.LIST, Scope.SELL, Scope.ADMIN]
    assert rules.scopes_beyond(Role.SELLER, everything) == [Scope.ADMIN]
    assert Scope.BID in rules.scopes_beyond(Role.ADMIN, everything)
    assert rules.distinct([Scope.PAY, Scope.READ, Scope.PAY]) == [Scope.READ, Scope.PAY]
