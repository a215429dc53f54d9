"""The last line of defence of the logs: masks what looks like personal data or a secret, wherever it turns up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from enum import Enum
from pathlib import PurePath
from uuid import UUID

MASK = "[redacted]"
LONGEST_TEXT = 500
_LONGEST_LIST = 100
_DEEPEST = 5
_PLAIN = (date, timedelta, UUID, PurePath)
_WITHOUT_JOINERS = str.maketrans("", "", "_-")

_SECRET_KEYS = frozenset(
    "additionaldata address apikey args auth authorization body bodyclean bodyplain ccemails bccemails changes cookie"
    " customer data email from fromname headers iban image images items jwt kwargs message new old password"
    " payload phone previous rawdata recipients replyrecipients secret sender subject summary text to token value"
    .split()
)  # fmt: skip
"""Keys whose values never reach a log, in lower case without `_` and `-`."""

_IN_TEXT = r"(?:\w*(?:passw(?:or)?d|secret|token|api_?key|authorization|iban|image)|body(?:_?plain|_?clean)?|subject)"

_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), replacement)
    for pattern, replacement in (
        # A password in a URL.
        (r"(://[^\s/:@]*):[^\s@]*@", rf"\1:{MASK}@"),
        (r"\bwhsec_[\w+/=-]+", MASK),
        (r"\beyJ[\w-]+\.[\w.-]+", MASK),
        (r"\b(bearer|basic) [\w.~+/=-]+", rf"\1 {MASK}"),
        # A named secret: up to the closing quote, else up to the next separator.
        (rf"(\b{_IN_TEXT}\b['\"]?\s*[:=]\s*)(?:b?\"(?:\\.|[^\"\\])*\"?|b?'(?:\\.|[^'\\])*'?|[^,;}}\n]+)", rf"\1{MASK}"),
        (r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+", MASK),
        # An IBAN, in one piece or in groups; not a part of an id with hyphens.
        (r"(?<![\w-])[A-Z]{2}\d{2}(?:[A-Z\d]{11,30}|(?:[\s.-][A-Z\d]{4}){2,7}(?:[\s.-][A-Z\d]{1,3})?)(?![\w-])", MASK),
        # A phone number: +49 30 …, 0049 30 …, (030) …; neither a decimal fraction nor a part of an id.
        (r"(?<![\w-])(?<!\d\.)(?![\da-f]{8}-[\da-f]{4}-)\(?(?:\+|00?)[1-9][\d\s()/.-]{5,}\d(?![\w-])", MASK),
    )
)
_QUOTED = re.compile(r"\"(?:\\.|[^\"\\])*\"?|'(?:\\.|[^'\\])*'?")


def redact_text(text: str) -> str:
    """The text, at most 500 characters of it, with addresses, IBANs, phone numbers and named secrets masked."""
    text = text[: 4 * LONGEST_TEXT]  # patterns cost time; what they shorten may still fill the rest
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"


def redact_first_line(text: str, *, quoted: bool = False) -> str:
    """The first line of a library's message, redacted; with `quoted`, without what it quotes.

    Libraries put statement parameters, row values and message bodies on the lines below.
    """
    line = text.strip().partition("\n")[0]
    return redact_text(_QUOTED.sub(MASK, line) if quoted else line)


def redact_value(key: str, value: object, depth: int = 0) -> object:
    """A logged value as JSON has it: secret keys masked at any depth, unknown objects reduced to their type's name."""
    if key.lower().translate(_WITHOUT_JOINERS) in _SECRET_KEYS and value is not None:
        return MASK
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Enum):
        return redact_value(key, value.value, depth)
    if isinstance(value, str):
        return value if key.endswith("_id") else redact_text(value)
    if isinstance(value, Mapping | list | tuple | set | frozenset) and depth < _DEEPEST:
        return _redact_container(key, value, depth + 1)
    return str(value) if isinstance(value, _PLAIN) else f"<{type(value).__name__}>"


def _redact_container(key: str, value: Mapping[object, object] | Iterable[object], depth: int) -> object:
    if isinstance(value, Mapping):
        return {str(name): redact_value(str(name), part, depth) for name, part in value.items()}
    parts = list(value)
    shown = [redact_value(key, part, depth) for part in parts[:_LONGEST_LIST]]
    return shown if len(parts) <= _LONGEST_LIST else [*shown, f"{len(parts) - _LONGEST_LIST} more"]
