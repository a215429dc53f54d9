"""Who a message goes to: recipients of any channel, and lists of e-mail addresses."""

from __future__ import annotations

from collections.abc import Iterable

from email_validator import EmailNotValidError, validate_email

from worker.domain.words import ErrorCode
from worker.payload.texts import read_text
from worker.payload.wrong import Wrong, read_list

LONGEST_RECIPIENT = 1_000
"""Characters of one recipient or address."""


def is_address(text: str) -> bool:
    """Whether a text is one bare e-mail address that could be delivered to; nothing is looked up.

    Of the reserved domains `.test` alone is taken, which staging systems use.
    """
    try:
        parts = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return False
    return "." in parts.domain


def without_doubles(addresses: Iterable[str]) -> list[str]:
    """The addresses in order, each mailbox once, spelt as it was first: capitals tell no mailboxes apart."""
    first: dict[str, str] = {}
    for address in addresses:
        first.setdefault(address.casefold(), address)
    return list(first.values())


def read_addresses(value: object) -> list[str]:
    """A list of e-mail addresses, without doubles.

    Raises:
        Wrong: no list, or its entries: `null_not_allowed`, `invalid_type`, `too_long`, `invalid_value`.
    """
    return without_doubles(read_list(value, _read_address))


def read_recipients(value: object) -> str | list[str]:
    """A string or a list of strings, each with something in it, kept in the form it has.

    Depending on the channel these are addresses, phone numbers or names of chat groups: no format is asked of them here
    (`worker.payload.conflicts.check_recipients` does, where the channel is known).

    Raises:
        Wrong: neither of the two, or its entries: `null_not_allowed`, `invalid_type`, `too_long`, `invalid_value`.
    """
    if isinstance(value, str):
        return _read_recipient(value)
    if isinstance(value, list):
        return read_list(value, _read_recipient)
    raise Wrong(ErrorCode.INVALID_TYPE, "must be a string or a list of strings")


def _read_address(value: object) -> str:
    text = read_text(value, LONGEST_RECIPIENT)
    if not is_address(text):
        raise Wrong(ErrorCode.INVALID_VALUE, "must be an e-mail address")
    return text


def _read_recipient(value: object) -> str:
    text = read_text(value, LONGEST_RECIPIENT)
    if not text.strip():
        raise Wrong(ErrorCode.INVALID_VALUE, "must not be empty")
    return text
