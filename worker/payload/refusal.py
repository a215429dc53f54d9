"""What is said when a batch is refused whole."""

from __future__ import annotations

from worker.domain.words import ErrorCode


class Refused(Exception):  # noqa: N818 - it names an outcome of the contract, nothing went wrong in the program
    """A batch refused whole: nothing of it is saved (contract section 2).

    `code` is one of `not_a_list`, `batch_too_large`, `invalid_json`, `idempotency_key_reused`; `message` never holds
    what was sent.
    """

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"
