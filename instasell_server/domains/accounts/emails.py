"""E-mail addresses: one form for each mailbox, so that no spelling makes a second account."""

from __future__ import annotations

import unicodedata

import idna

from instasell_client.models.text import is_invisible, is_refused

LENGTH_MAX = 254
ODD_EMAIL = "write the address in plain letters, without spaces and invisible characters"


def canonical_email(typed: str) -> str | None:
    """Return the form in which an address is stored and compared, or None for what has none.

    Lower-case, and the domain in ASCII (IDNA 2008). A local part that only looks like another one
    (full-width letters, ligatures) has no form: changing it would send mail to another person.
    """
    text = unicodedata.normalize("NFC", typed.strip())
    local, at, domain = text.rpartition("@")
    if not local or not at or len(text) > LENGTH_MAX:
        return None
    if any(char.isspace() or is_refused(char) or is_invisible(char) for char in text):
        return None
    lowered = local.lower()
    if _folded(local) != lowered:
        return None
    ascii_domain = _ascii_domain(domain)
    if ascii_domain is None or len(lowered) + 1 + len(ascii_domain) > LENGTH_MAX:
        return None
    return f"{lowered}@{ascii_domain}"


def spellings(typed: str) -> list[str]:
    """Return the forms under which the account of an address may be stored, the present one first.

    Addresses were stored as they were typed, in lower case, before there was one form.
    """
    before = unicodedata.normalize("NFC", typed.strip()).lower()
    canonical = canonical_email(typed)
    if canonical is None:
        return [before]
    local, _, domain = canonical.rpartition("@")
    found = [canonical, before]
    if "xn--" in domain:
        found.append(f"{local}@{idna.decode(domain)}")
    return list(dict.fromkeys(found))


def _ascii_domain(domain: str) -> str | None:
    try:
        if not domain.isascii():
            return idna.encode(domain, uts46=True).decode("ascii").lower()
        lowered = domain.lower()
        if "xn--" in lowered:
            idna.decode(lowered)
        return lowered
    except (idna.IDNAError, UnicodeError):
        return None


def _folded(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", folded)
