"""The directory that `load` fills."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from worker.domain.entities import Customer
from worker.domain.evidence import Evidence
from worker.storage.database import Database
from worker.storage.directory import customers_by_id, find_customers


@dataclass(frozen=True, slots=True)
class StoredDirectory:
    """The customers of the database (see `worker.directories.protocol.Directory`)."""

    database: Database

    def by_id(self, ids: Collection[str]) -> Mapping[str, Customer]:
        """Those of the customers that are stored."""
        with self.database.read() as connection:
            return customers_by_id(connection, ids)

    def find(self, evidence: Sequence[Evidence]) -> Sequence[Sequence[Customer]]:
        """For each message the stored customers that share a number, an address, a phone or a name with it."""
        with self.database.read() as connection:
            return find_customers(connection, evidence)
