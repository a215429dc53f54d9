"""Another system's directory, asked over HTTP.

Two calls, each a POST of JSON below the configured address, answered with 200 and JSON:

- `/by-id`: `{"ids": ["83771"]}` gives `{"customers": [CUSTOMER, …]}`;
- `/find`: `{"messages": [{"senders", "numbers", "ibans", "emails", "phones", "names", "addresses"}]}`, each a list of
  texts, gives `{"customers": [[CUSTOMER, …], …]}`, one list a message.

CUSTOMER is a customer with `contracts` as `load` takes it. Of a message's words nothing but these is sent.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property

import httpx
import orjson
from pydantic import SecretStr

from worker.domain.entities import Customer
from worker.domain.evidence import Evidence
from worker.domain.failures import Permanent, Transient
from worker.payload.loading.customers import read_customer
from worker.payload.loading.errors import Errors, Place

LARGEST = 16 * 1024 * 1024
"""Bytes of an answer; a longer one is refused before it fills the memory."""

MOST = 1_000
"""Ids or messages of one call."""

_PASSING = frozenset({408, 425, 429})
_CLUES = ("numbers", "ibans", "emails", "phones", "names", "addresses")


@dataclass
class HttpDirectory:
    """A directory behind an address (see `worker.directories.protocol.Directory`); made once a process.

    Raises Transient with `directory_unavailable`, Permanent with `directory_refused` or `directory_answer_invalid`.
    """

    url: str
    token: SecretStr | None = None
    timeout: timedelta = field(default=timedelta(seconds=10))

    def by_id(self, ids: Collection[str]) -> Mapping[str, Customer]:
        """Those of the customers that the other system knows."""
        wanted = sorted(ids)
        found: dict[str, Customer] = {}
        for start in range(0, len(wanted), MOST):
            answer = self._ask("by-id", {"ids": wanted[start : start + MOST]})
            found |= {customer.id: customer for customer in _customers(answer)}
        return found

    def find(self, evidence: Sequence[Evidence]) -> Sequence[Sequence[Customer]]:
        """For each message the customers whom the other system thinks of."""
        found: list[list[Customer]] = []
        for start in range(0, len(evidence), MOST):
            part = evidence[start : start + MOST]
            answer = self._ask("find", {"messages": [_message(one) for one in part]})
            if not isinstance(answer, list) or len(answer) != len(part):
                raise Permanent("directory_answer_invalid")
            found += [_customers(of_message) for of_message in answer]
        return found

    @cached_property
    def _client(self) -> httpx.Client:
        headers = {"authorization": f"Bearer {self.token.get_secret_value()}"} if self.token else {}
        # Nothing from the environment: a proxy or a .netrc would see what customers wrote.
        return httpx.Client(timeout=self.timeout.total_seconds(), headers=headers, trust_env=False)

    def _ask(self, call: str, question: Mapping[str, object]) -> object:
        """The `customers` of the answer."""
        try:
            with self._client.stream("POST", f"{self.url.rstrip('/')}/{call}", json=question) as response:
                _check_status(response)
                body = _read(response)
        except httpx.HTTPError:
            # Without the error's own words: they name the address, which may hold a password.
            raise Transient("directory_unavailable") from None
        try:
            answer = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise Permanent("directory_answer_invalid") from None
        return answer.get("customers") if isinstance(answer, dict) else None


def _message(evidence: Evidence) -> dict[str, list[str]]:
    clues = {name: list(getattr(evidence, name)) for name in _CLUES}
    return {"senders": list(evidence.correspondents), **clues}


def _check_status(response: httpx.Response) -> None:
    if response.is_server_error or response.status_code in _PASSING:
        raise Transient("directory_unavailable", _seconds(response.headers.get("retry-after", "")))
    if response.status_code != httpx.codes.OK:
        raise Permanent("directory_refused")


def _seconds(retry_after: str) -> float | None:
    return float(retry_after) if retry_after.isascii() and retry_after.isdigit() else None


def _read(response: httpx.Response) -> bytes:
    body = bytearray()
    for part in response.iter_bytes():
        body += part
        if len(body) > LARGEST:
            raise Permanent("directory_answer_invalid")
    return bytes(body)


def _customers(answer: object) -> list[Customer]:
    """Read as `load` reads them; one wrong customer spoils the answer, or a tie could look like a single one."""
    errors = Errors()
    found = [read_customer(raw, Place(errors)) for raw in answer] if isinstance(answer, list) else [None]
    customers = [one.customer for one in found if one is not None]
    if errors.count or len(customers) != len(found):
        raise Permanent("directory_answer_invalid")
    return customers
