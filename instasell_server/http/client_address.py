"""Find where a request comes from: X-Forwarded-For counts only from configured proxies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

IPV6_PREFIX = 64
LOCAL = "local"


def networks_of(texts: Iterable[str]) -> tuple[Network, ...]:
    """Return the networks of proxies. Raises ValueError for what is no network."""
    return tuple(ip_network(text, strict=False) for text in texts)


@lru_cache(maxsize=4096)
def _parse(text: str) -> Address | None:
    try:
        address = ip_address(text.strip().strip("[]"))
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def client_address(peer: str | None, forwarded: Sequence[str], proxies: tuple[Network, ...]) -> str:
    """Return the address that sent a request: the nearest one that is no proxy of ours.

    `forwarded` are the values of the X-Forwarded-For headers, in order. A host that is no
    proxy of ours wrote what is left of it, so nothing further left is believed.
    """
    if peer is None:
        return LOCAL
    if not proxies:
        return peer
    nearest = _parse(peer)
    if nearest is None:
        return peer
    hops = [hop for value in forwarded for hop in value.split(",")]
    for hop in reversed(hops):
        if not _is_in(nearest, proxies):
            break
        further = _parse(hop)
        if further is None:
            break
        nearest = further
    return str(nearest)


def is_proxy(peer: str, proxies: tuple[Network, ...]) -> bool:
    """Tell whether the other end of a connection is a proxy of ours."""
    address = _parse(peer)
    return address is not None and _is_in(address, proxies)


def _is_in(address: Address, proxies: tuple[Network, ...]) -> bool:
    return any(address.version == net.version and address in net for net in proxies)


def limited_as(address: str) -> str:
    """Return what a limit counts: an IPv4 address, or the /64 that one IPv6 customer gets."""
    parsed = _parse(address)
    if isinstance(parsed, IPv6Address):
        return str(IPv6Network((parsed, IPV6_PREFIX), strict=False))
    return address
