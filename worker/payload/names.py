"""Names of fields as senders write them: what a wrong one may have meant, and how it is shown."""

from __future__ import annotations

from rapidfuzz import fuzz, process

from worker.domain.fields import FIELDS
from worker.payload.versions import IF_MODIFIED_AT

LONGEST_NAME = 64
"""Characters of an unknown name that are shown; a name may be of any length."""


def nearest_name(name: str) -> str:
    """The name that an item may have most like this one; capitals and separators do not count."""
    return process.extractOne(_plain(name[:LONGEST_NAME]), _PLAIN_NAMES, scorer=fuzz.ratio)[2]


def shown_name(name: str) -> str:
    """A name cut and cleaned so that it can stand in a path, a log or a database."""
    cut = name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…"
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in cut)


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


_PLAIN_NAMES = {name: _plain(name) for name in (*FIELDS, IF_MODIFIED_AT)}
