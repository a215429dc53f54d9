from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.webhooks.addresses import AllowList, canonical_host, is_public, literal

FORBIDDEN = """
    0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255 127.0.0.1 127.1.2.3
    168.63.129.16 169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1
    192.168.0.1 192.168.255.255 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.7 224.0.0.1 239.255.255.255 240.0.0.1
    255.255.255.255
    :: ::1 ::2 fe80::1 fe80::1%eth0 fec0::1 fc00::1 fd00:ec2::254 ff02::1 100::1 5f00::1 4000::1
    ::127.0.0.1 ::8.8.8.8 ::ffff:0:127.0.0.1
    ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:0.0.0.0
    64:ff9b::127.0.0.1 64:ff9b::a9fe:a9fe 64:ff9b::10.0.0.1 64:ff9b:1::8.8.8.8 64:ff9b:1::1
    2002:7f00:1:: 2002:a9fe:a9fe:: 2002:808:808::1
    2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1 2001:10::1 2001:20::1 2001:db8::1 3fff::1
""".split()
PUBLIC = """
    1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.1 100.63.255.255 100.128.0.1 126.255.255.255 128.0.0.1 169.253.255.255
    172.15.255.255 172.32.0.1 192.167.255.255 192.169.0.1 198.17.255.255 198.20.0.1 223.255.255.255
    2606:4700:4700::1111 2001:4860:4860::8888 2a00:1450:4001::1 ::ffff:8.8.8.8 64:ff9b::8.8.8.8
""".split()
NO_HOSTS = """
    2130706433 0x7f000001 017700000001 0x7f.1 127.1 127.0.1 0177.0.0.1 127.0.0.01 0x7f.0x0.0x0.0x1 256.256.256.256
    1.2.3.4.5 1.2.3 0x 0 example.1 ０ｘ７ｆ.1 -a.example a-.example a..example .example * *.example a/b a%62 a%00 a@b
""".split()
BROKEN_NAMES = ["", ".", "a b", "a\n", "a" * 64, "a." * 127 + "ab", "\u202eexample", "a\u2044b"]


@pytest.mark.parametrize("text", FORBIDDEN)
def test_an_address_inside_is_not_public_in_any_disguise(text: str) -> None:
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_an_address_of_the_internet_is_public(text: str) -> None:
    assert is_public(ip_address(text))


@given(st.ip_addresses())
def test_nothing_is_public_that_the_standard_library_calls_private(address: object) -> None:
    one = ip_address(str(address))
    nat64 = ip_network("64:ff9b::/96")  # judged by what it carries; the library's answer depends on its release
    assert not is_public(one) or one.is_global or one in nat64


@given(st.ip_addresses(v=4))
def test_a_mapped_address_is_judged_as_what_it_carries(address: object) -> None:
    assert is_public(ip_address(f"::ffff:{address}")) is is_public(ip_address(str(address)))


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("Hooks.Example.COM", "hooks.example.com"),
        ("hooks.example.com.", "hooks.example.com"),
        ("ticket_receiver", "ticket_receiver"),
        ("straße.de", "xn--strae-oqa.de"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("8.8.8.8", "8.8.8.8"),
        ("①②⑦.⓪.⓪.①", "127.0.0.1"),
        ("127。0。0。1", "127.0.0.1"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("::FFFF:127.0.0.1", str(ip_address("::ffff:127.0.0.1"))),
        ("3com.example", "3com.example"),
        ("0xabc.example", "0xabc.example"),
    ],
)
def test_a_host_has_one_spelling(text: str, host: str) -> None:
    assert canonical_host(text) == host


@pytest.mark.parametrize("text", [*NO_HOSTS, *BROKEN_NAMES])
def test_a_disguised_address_or_a_broken_name_is_no_host(text: str) -> None:
    with pytest.raises(ValueError, match="not a host name"):
        canonical_host(text)


def test_names_are_no_addresses() -> None:
    assert literal("hooks.example.com") is None
    assert literal("::1") == ip_address("::1")


@pytest.mark.parametrize(
    ("entries", "host", "address"),
    [
        (("127.0.0.1",), "hooks.example", "127.0.0.1"),
        (("10.0.0.0/8",), "hooks.example", "10.1.2.3"),
        (("10.0.0.0/8",), "hooks.example", "::ffff:10.1.2.3"),
        (("fd00::/8",), "hooks.example", "fd00::7"),
        (("::1",), "hooks.example", "::1"),
        (("ERP.internal.",), "erp.internal", "192.168.0.7"),
        (("erp.internal", "10.0.0.0/8"), "erp.internal", "127.0.0.1"),
        ((), "hooks.example", "8.8.8.8"),
    ],
)
def test_what_the_operator_allows_or_what_is_public_is_permitted(
    entries: tuple[str, ...], host: str, address: str
) -> None:
    assert AllowList.parse(entries).permits(host, ip_address(address))


@pytest.mark.parametrize(
    ("entries", "host", "address"),
    [
        ((), "localhost", "127.0.0.1"),
        (("127.0.0.1",), "hooks.example", "127.0.0.2"),
        (("10.0.0.0/8",), "hooks.example", "127.0.0.1"),
        (("10.0.0.0/8",), "hooks.example", "::ffff:127.0.0.1"),
        (("erp.internal",), "sub.erp.internal", "10.0.0.1"),
        (("erp.internal",), "internal", "10.0.0.1"),
    ],
)
def test_allowing_one_thing_allows_no_other(entries: tuple[str, ...], host: str, address: str) -> None:
    assert not AllowList.parse(entries).permits(host, ip_address(address))


@pytest.mark.parametrize("entry", ["", "*", "10.0.0.1/8", "10.0.0.0/99", "http://erp.internal", "erp:80", "0x7f.1"])
def test_an_entry_that_is_neither_host_nor_network_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match="neither a host nor a network"):
        AllowList.parse(("127.0.0.1", entry))
