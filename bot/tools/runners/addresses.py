"""Where a request may go: one address, looked up once; a public one, unless the catalogue says otherwise."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Iterable

from bot.errors import ArgumentRefused

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Lookup = Callable[[str, int], Awaitable[list[str]]]
# Names that the C library would read as numbers: 2130706433, 0x7f.1, 0177.0.0.1, 127.1
_NUMERIC = re.compile(r"(0x[0-9a-f]*|\d+)(\.(0x[0-9a-f]*|\d+))*\.?", re.IGNORECASE)

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


async def look_up(host: str, port: int) -> list[str]:
    """All addresses of a name, as the system knows them."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def literal(host: str) -> Address | None:
    """The address that is written as the host; None where it is a name.

    Raises:
        ArgumentRefused: it is an address in another spelling than the plain one.
    """
    if _NUMERIC.fullmatch(host) or ":" in host:
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            address = None
        mapped = _embedded(address) if address else None
        if address is None or mapped or str(address) != host:
            plain = f", such as {mapped or address}" if address else ""
            raise ArgumentRefused(f"url: the host {host!r} must be written as a plain address{plain}.")
        return address
    return None


def check_host(host: str, hosts: Iterable[str], private: Iterable[str]) -> None:
    """Whether this host may be asked at all; what a name stands for is judged when it is looked up.

    Raises:
        ArgumentRefused: it is not one of `hosts`, or an address that must not be asked.
    """
    allowed = list(hosts)
    if allowed and host not in allowed:
        raise ArgumentRefused(f"url: the host {host!r} is not one of `hosts`: {', '.join(allowed)}.")
    address = literal(host)
    if address is not None and (why := why_not(address, private, is_written=True)):
        raise ArgumentRefused(f"url: {why}")


async def pin(host: str, port: int, private: Iterable[str], lookup: Lookup) -> str:
    """The one address that is asked: what is written, or the first that the name stands for now.

    Raises:
        ArgumentRefused: the name is not known, or any of its addresses must not be asked.
    """
    listed = list(private)
    address = literal(host)
    if address is not None:
        return str(address)
    try:
        found = await lookup(host, port)
    except OSError as error:
        raise ArgumentRefused(f"{host}: its address is not known: {error.strerror or error}.") from None
    if not found:
        raise ArgumentRefused(f"{host}: its address is not known.")
    for one in found:
        # A scope belongs to link-local addresses: fe80::1%eth0.
        if why := why_not(ipaddress.ip_address(one.partition("%")[0]), listed):
            raise ArgumentRefused(f"{host}: {why}")
    return found[0]


def why_not(address: Address, private: Iterable[str], is_written: bool = False) -> str:
    """Why an address must not be asked; empty if it may be.

    `is_written`: it stands in the catalogue or its inventory, so N3 signed it as it is. What a name happens
    to stand for was not signed, so it has to be listed; and so has what is no address of a host.
    """
    if any(address in ipaddress.ip_network(one) for one in private):
        return ""
    real = _embedded(address) or address
    odd = real.is_link_local or real.is_multicast or real.is_unspecified
    if odd or (real.is_reserved and not real.is_loopback):
        return f"{address} is not the address of a host; it has to be listed under `private` of its entry."
    if not real.is_global and not is_written:
        return f"{address} is not public; list it, or its network, under `private` of its entry."
    return ""


def _embedded(address: Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 address really leads to: mapped, 6to4, Teredo, NAT64."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
