"""Where a request may go: plain public addresses, what is listed, and one look-up that is kept."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import ArgumentRefused
from bot.tools.runners.addresses import check_host, pin, why_not

PUBLIC = "93.184.216.34"


@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "127.0.1",
        "127.0.0.1.",
        "017700000001",
        "::ffff:127.0.0.1",
        "::ffff:7f00:1",
        "0:0:0:0:0:0:0:1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "169.254.169.254",
        "::ffff:a9fe:a9fe",
        "fe80::1",
        "0.0.0.0",
        "::",
        "224.0.0.1",
        "255.255.255.255",
    ],
)
def test_an_address_in_disguise_is_refused(host: str) -> None:
    """Other spellings of an address, and addresses that are no host: even written in the catalogue."""
    with pytest.raises(ArgumentRefused, match="url: "):
        check_host(host, [], [])


@pytest.mark.parametrize("host", ["127.0.0.1", "10.1.2.3", "192.168.0.9", "::1", "fd00::5", PUBLIC, "web-1"])
def test_a_plain_address_that_was_signed_is_taken(host: str) -> None:
    """It stands in the catalogue or its inventory as it is."""
    check_host(host, [], [])


def test_hosts_narrow_it() -> None:
    """Where the entry names its hosts, there is no other."""
    check_host("web-1", ["web-1", "web-2"], [])
    with pytest.raises(ArgumentRefused, match="not one of `hosts`"):
        check_host("web-3", ["web-1", "web-2"], [])


@pytest.mark.parametrize(
    "found", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00::1", "100.64.0.1"]
)
async def test_a_name_that_leads_inside_is_refused(found: str) -> None:
    """Alone, or among public ones; unless that network is listed."""

    async def lookup(host: str, port: int) -> list[str]:
        return [PUBLIC, found]

    with pytest.raises(ArgumentRefused, match="under `private`"):
        await pin("web-1", 80, [], lookup)
    assert await pin("web-1", 80, [found], lookup) == PUBLIC


async def test_an_unknown_name_is_told() -> None:
    """By its name."""

    async def lookup(host: str, port: int) -> list[str]:
        raise OSError(None, "no such name")

    async def empty(host: str, port: int) -> list[str]:
        return []

    for unknown in (lookup, empty):
        with pytest.raises(ArgumentRefused, match="web-1: its address is not known"):
            await pin("web-1", 80, [], unknown)


@given(st.ip_addresses(v=4), st.sampled_from(["::ffff:{}", "2002:{hex}::", "64:ff9b::{}"]))
def test_an_embedded_address_is_judged_as_what_it_leads_to(address: ipaddress.IPv4Address, form: str) -> None:
    """No IPv6 coat makes an inner address public."""
    number = f"{int(address):08x}"
    coat = form.replace("{}", str(address)).replace("{hex}", f"{number[:4]}:{number[4:]}")
    if why_not(address, []):
        assert why_not(ipaddress.ip_address(coat), [])
