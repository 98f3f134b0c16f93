"""Which IP addresses the server may be sent to by people who are not its owner.

Decided on the address that is connected to, never on the text of a URL: ``2130706433``, ``0177.0.0.1`` and a name that
resolves to ``127.0.0.1`` are all the same address by then.
"""

import ipaddress
import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

type Address = IPv4Address | IPv6Address
type Network = IPv4Network | IPv6Network

NAT64 = ipaddress.ip_network("64:ff9b::/96")
OBSOLETE = [ipaddress.ip_network(text) for text in ("192.88.99.0/24", "fec0::/10", "::/96", "3ffe::/16")]
"""Given up by the IETF, and still called global: 6to4's relays, site-local, IPv4-compatible, the 6bone."""


def parse(text: str) -> Address:
    """The address that the resolver gave; a scope (``fe80::1%eth0``) makes no difference here."""
    return ipaddress.ip_address(text.partition("%")[0])


def networks(texts: Iterable[str]) -> list[Network]:
    """Networks in CIDR notation, or single addresses. Raises ``ValueError``."""
    return [ipaddress.ip_network(text.strip()) for text in texts if text.strip()]


def is_public(address: Address) -> bool:
    """Whether this is somewhere on the Internet, wherever a translator on the way may take it."""
    return all(_is_global(one) for one in _meant(address))


def is_within(address: Address, allowed: Iterable[Network]) -> bool:
    """Whether it lies in one of the networks; an IPv4 address in IPv6 clothes does not."""
    return any(address in network for network in allowed)


def is_this_machine(address: Address) -> bool:
    """Whether a network interface of this machine has the address: what cannot be bound to is somebody else's."""
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True


def _is_global(address: Address) -> bool:
    odd = address.is_multicast or address.is_reserved or address.is_unspecified
    return address.is_global and not odd and not is_within(address, OBSOLETE)


def _meant(address: Address) -> Iterable[Address]:
    """The addresses that a packet to this one may arrive at: an IPv6 address can stand for an IPv4 one, or wrap some."""
    if isinstance(address, IPv4Address):
        return [address]
    if address in NAT64:
        return [IPv4Address(int(address) & 0xFFFFFFFF)]
    if address.ipv4_mapped:
        return [address.ipv4_mapped]
    return [one for one in (address, address.sixtofour, *(address.teredo or ())) if one is not None]
