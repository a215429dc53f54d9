"""The labelled messages of `corpus/`; its README says what each label means."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("corpus")
_LATER = 200


class Part(StrEnum):
    """What a message is there for."""

    TUNE = "tune"
    MEASURE = "measure"
    FRESH = "fresh"
    """Measured like the part before, but written later, when that one's figures were known."""


@dataclass(frozen=True, slots=True)
class Want:
    """What an engine should make of a message; `intents` are the agents' fields with the agent's code as `agent`."""

    language: str | None = None
    keep: Sequence[str] = ()
    drop: Sequence[str] = ()
    sentiment: str | None = None
    spam: str = "auto_clean"
    spam_by: str = ""
    customer: str | None = None
    contract: str | None = None
    tags: Sequence[str] = ()
    tags_too: Sequence[str] = ()
    intents: Sequence[Mapping[str, object]] = ()
    intents_too: Sequence[str] = ()
    intents_maybe_fields: Sequence[str] = ()
    summary: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Labelled:
    """A message as its ticket has it, and its labels."""

    id: str
    received: date
    body: str
    want: Want
    sender: str = ""
    name: str = ""
    subject: str = ""
    channel: str = "email"
    headers: Mapping[str, Any] = field(default_factory=dict)

    @property
    def part(self) -> Part:
        """Odd numbers are for tuning, even ones are only measured; those from 200 on were written later."""
        number = int(self.id.rpartition("-")[2])
        if number % 2:
            return Part.TUNE
        return Part.MEASURE if number < _LATER else Part.FRESH


def messages() -> list[Labelled]:
    """Every message, in the order of the files."""
    files = sorted(path for path in FOLDER.glob("*.toml") if path.name != "directory.toml")
    return [_labelled(entry) for path in files for entry in _read(path)["messages"]]


def directory() -> dict[str, Any]:
    """Customers, tags and AI agents, as `load` takes them."""
    return _read(FOLDER / "directory.toml")


def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _labelled(entry: dict[str, Any]) -> Labelled:
    want = Want(**entry.pop("want"))
    sender = entry.pop("from", "")
    return Labelled(want=want, sender=sender, **entry)
