"""A webhook's URL, read once, strictly: what was checked is what is connected to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from worker.webhooks.addresses import canonical_host

_PORTS = {"http": 80, "https": 443}
_AUTHORITY = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[^\[\]:]+))(?::(?P<port>[0-9]{1,5}))?")
_SAFE = "/%:@!$&'()*+,;=-._~?"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a webhook goes. `host` is in canonical spelling; `path` is percent-encoded and holds the query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The Host header: IPv6 in brackets, no default port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def parse_url(url: str) -> Target:
    """Read a URL's parts; a fragment is dropped.

    Raises:
        ValueError: Anything but a plain http or https URL with a host; the message never repeats the URL.
    """
    if not url.isprintable() or " " in url or "\\" in url:
        raise ValueError("a webhook URL holds no control characters, blanks or backslashes")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError("a webhook URL needs a valid host") from None
    if parts.scheme not in _PORTS:
        raise ValueError("a webhook URL starts with https:// or http://")
    host, port = _host_and_port(parts.netloc)
    path = quote(parts.path or "/", safe=_SAFE)
    query = f"?{quote(parts.query, safe=_SAFE)}" if parts.query else ""
    return Target(parts.scheme, host, port or _PORTS[parts.scheme], path + query)


def _host_and_port(authority: str) -> tuple[str, int | None]:
    if "@" in authority:
        raise ValueError("a webhook URL holds no user name or password")
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        raise ValueError("a webhook URL needs a valid host, and a port of 1 to 65535 if any")
    try:
        host = canonical_host(match["v6"] or match["name"])
    except ValueError:
        raise ValueError("a webhook URL needs a valid host, an address in its plain form") from None
    if match["port"] is None:
        return host, None
    port = int(match["port"])
    if not 1 <= port <= 65535:  # noqa: PLR2004 - the range of TCP ports
        raise ValueError("a webhook URL has a port of 1 to 65535")
    return host, port
