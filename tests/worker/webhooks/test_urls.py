from __future__ import annotations

import pytest

from worker.webhooks.urls import Target, parse_url

SECRET = "token=s3cr3t"


@pytest.mark.parametrize(
    ("url", "target", "authority"),
    [
        ("https://hooks.example", Target("https", "hooks.example", 443, "/"), "hooks.example"),
        ("HTTP://Hooks.Example:8080/a?b=c#d", Target("http", "hooks.example", 8080, "/a?b=c"), "hooks.example:8080"),
        ("https://hooks.example:443/", Target("https", "hooks.example", 443, "/"), "hooks.example"),
        ("http://hooks.example:443/", Target("http", "hooks.example", 443, "/"), "hooks.example:443"),
        ("https://8.8.8.8/x", Target("https", "8.8.8.8", 443, "/x"), "8.8.8.8"),
        ("https://[2606:4700::1111]:8443/", Target("https", "2606:4700::1111", 8443, "/"), "[2606:4700::1111]:8443"),
        ("https://bücher.example/ä?ö=%20", Target("https", "xn--bcher-kva.example", 443, "/%C3%A4?%C3%B6=%20"), None),
        ("https://hooks.example?a", Target("https", "hooks.example", 443, "/?a"), "hooks.example"),
    ],
)
def test_a_url_is_read_into_its_parts(url: str, target: Target, authority: str | None) -> None:
    assert parse_url(url) == target
    assert target.authority == (authority or target.host)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "https://"),
        ("hooks.example/x", "https://"),
        ("//hooks.example/x", "https://"),
        ("ftp://hooks.example", "https://"),
        ("file:///etc/passwd", "https://"),
        ("gopher://hooks.example", "https://"),
        ("unix:///run/x.sock", "https://"),
        ("https://tom:pass@hooks.example/", "user name"),
        ("https://tom@hooks.example/", "user name"),
        ("https://@hooks.example/", "user name"),
        ("https://8.8.8.8@127.0.0.1/", "user name"),
        ("https://", "host"),
        ("https:///path", "host"),
        ("https:hooks.example", "host"),
        ("https://:443/", "host"),
        ("https://a..b/", "host"),
        ("https://hooks%2eexample/", "host"),
        ("https://[::1/", "host"),
        ("https://[::1]x:80/", "host"),
        ("https://[fe80::1%25eth0]/", "host"),
        ("https://[v1.a]/", "host"),
        ("https://2130706433/", "host"),
        ("https://0x7f.1/", "host"),
        ("https://0177.0.0.1/", "host"),
        ("https://exa℀mple/", "host"),
        ("https://hooks.example:/", "port"),
        ("https://hooks.example:0/", "port"),
        ("https://hooks.example:65536/", "port"),
        ("https://hooks.example:-1/", "port"),
        ("https://hooks.example:8o/", "port"),
        ("https://hooks.example:٨٠/", "port"),
        ("https://hooks.example:1:2/", "port"),
        ("https://hooks.example/a\r\nx-evil: 1", "control"),
        ("https://hooks.example/\x00", "control"),
        ("https://hooks.example/\x85", "control"),
        ("https://hooks.exa\tmple/", "control"),
        (" https://hooks.example/", "control"),
        ("https://hooks.example/a b", "control"),
        ("https://hooks.example\\@127.0.0.1/", "control"),
        ("https://hooks.example/\ud800", "control"),
    ],
)
def test_a_malformed_url_is_refused_without_being_repeated(url: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as refusal:
        parse_url(f"{url}?{SECRET}")
    assert SECRET not in str(refusal.value)


def test_no_name_and_no_plain_address_is_judged_before_it_is_connected_to() -> None:
    assert [parse_url(f"http://{host}/").host for host in ("localhost", "10.0.0.7")] == ["localhost", "10.0.0.7"]
