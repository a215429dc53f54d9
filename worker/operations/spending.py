"""What batches may spend on a language model, kept in the database; no transaction is open while a model is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from config.settings import Settings
from worker.domain.failures import Permanent, Transient
from worker.domain.spending import A_CALL, Spending
from worker.storage.database import Database
from worker.storage.spending import book, open_account, spent_by

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class BatchPurse:
    """Holds every batch to the limits of the settings, however many tasks and processes draw on them."""

    database: Database
    settings: Settings

    def draw(self, batch_id: str, calls: int, settled: Spending) -> int:
        """Book what is `settled` and so many calls as `A_CALL`, or one if there is not room for all; how many it was.

        A batch that is not stored has no limit. Raises Permanent when there is not room for one, Transient when the
        database is away.
        """
        return self._transact(lambda connection: self._draw(connection, batch_id, calls, settled))

    def settle(self, batch_id: str, more: Spending) -> None:
        """Book what calls cost beyond what they were reckoned with. Raises Transient when the database is away."""
        self._transact(lambda connection: book(connection, batch_id, more))

    def _draw(self, connection: Connection, batch_id: str, calls: int, settled: Spending) -> int:
        limit = Spending(self.settings.llm_calls_per_batch, self.settings.llm_tokens_per_batch)
        open_account(connection, batch_id)
        for wanted in (calls, 1):
            if book(connection, batch_id, settled + A_CALL * wanted, limit):
                return wanted
        spent = spent_by(connection, batch_id)
        if spent is None:
            return calls
        out_of_calls = (spent + settled + A_CALL).calls > limit.calls
        raise Permanent("llm_batch_call_limit" if out_of_calls else "llm_batch_token_limit")

    def _transact(self, work: Callable[[Connection], T]) -> T:
        try:
            return self.database.transact(work)
        except SQLAlchemyError:
            raise Transient("database_unavailable") from None
