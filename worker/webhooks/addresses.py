"""Which addresses a webhook may reach: the public internet, and what the operator allows beyond it.

The networks are those that the IANA special-purpose registries call not globally reachable, spelt out here because
the standard library's own answer changed between patch releases of Python.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

import idna

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_FORBIDDEN_V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network, unspecified
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT; a cloud's metadata service at 100.100.100.200
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # a cloud's metadata service behind a public address
        "169.254.0.0/16",  # link-local; most clouds' metadata service
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments; a cloud's metadata service at 192.0.0.192
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_FORBIDDEN_V6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: carries an IPv4 address of anybody's choice
        "3fff::/20",  # documentation
    )
)
# An address of these stands for the IPv4 address in its last four bytes, and is judged as that one.
_CARRIERS = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet, seen through IPv4-mapped and NAT64 disguises."""
    plain = _carried(address)
    if isinstance(plain, IPv4Address):
        return not any(plain in network for network in _FORBIDDEN_V4)
    return plain in _GLOBAL_UNICAST and not any(plain in network for network in _FORBIDDEN_V6)


def literal(host: str) -> Address | None:
    """The address that a host in its canonical spelling is, None for a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def canonical_host(text: str) -> str:
    """The one spelling of a host name or address: lower case, IDNA, no last dot, no brackets.

    Raises:
        ValueError: No host name, or an address in a disguise (`2130706433`, `0x7f.1`, `0177.0.0.1`) that resolvers
            would take for an address.
    """
    name = _ascii(text).removesuffix(".")
    address = literal(name)
    if address is not None:
        return str(address)
    if not _NAME.fullmatch(name) or _NUMBER.fullmatch(name.rpartition(".")[2]):
        raise ValueError("not a host name, nor an address in its plain form")
    return name


@dataclass(frozen=True, slots=True)
class AllowList:
    """What webhooks may reach although it is not public: host names in canonical spelling, and networks."""

    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def parse(cls, entries: Sequence[str]) -> AllowList:
        """Read host names, addresses and networks, such as `("erp.internal", "10.1.2.3", "fd00::/8")`.

        Raises:
            ValueError: An entry is none of these.
        """
        hosts: set[str] = set()
        networks: list[Network] = []
        for entry in entries:
            try:
                networks.append(ip_network(entry))
            except ValueError:
                hosts.add(_allowed_host(entry))
        return cls(frozenset(hosts), tuple(networks))

    def permits(self, host: str, address: Address) -> bool:
        """Whether a webhook for a host (canonical spelling) may connect to an address of it."""
        spellings = {address, _carried(address)}
        allowed = any(spelling in network for spelling in spellings for network in self.networks)
        return allowed or host in self.hosts or is_public(address)


def _carried(address: Address) -> Address:
    if isinstance(address, IPv6Address) and any(address in carrier for carrier in _CARRIERS):
        return IPv4Address(address.packed[-4:])
    return address


def _ascii(text: str) -> str:
    if text.isascii():
        return text.lower()
    try:
        return idna.encode(text, uts46=True).decode("ascii")
    except idna.IDNAError:
        raise ValueError("not a host name, nor an address in its plain form") from None


def _allowed_host(entry: str) -> str:
    try:
        return canonical_host(entry)
    except ValueError:
        raise ValueError(f"{entry!r} is neither a host nor a network") from None
