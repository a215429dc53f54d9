"""What a directory of customers is (contract section 4)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from worker.domain.entities import Customer
from worker.domain.evidence import Evidence


class Directory(Protocol):
    """Customers with their contracts. One call serves many tickets; no transaction is open meanwhile.

    Methods raise `worker.domain.failures.Transient` for what may pass by itself and `Permanent` for what will not.
    """

    def by_id(self, ids: Collection[str]) -> Mapping[str, Customer]:
        """Those of the customers that there are."""
        ...

    def find(self, evidence: Sequence[Evidence]) -> Sequence[Sequence[Customer]]:
        """For each message the customers that it may be from; who of them it is, the rules decide."""
        ...
