"""What is said when something that was asked for is not there."""

from __future__ import annotations


class Unknown(Exception):  # noqa: N818 - an answer, nothing went wrong in the program
    """There is no such thing. `code` is static (`batch_not_found`); `message` is a sentence about what was sought."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return self.message
