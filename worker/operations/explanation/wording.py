"""How sentences name fields, people and moments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo

from worker.domain.words import ActorType
from worker.payload.times import format_time
from worker.storage.explanation import Write

MOST_NAMES = 6
"""Names that a sentence lists; it counts the others, and the document has all."""


def listed(names: Sequence[object]) -> str:
    """`one`, `one and two`, `one, two and 7 more`."""
    words = [str(name) for name in names[:MOST_NAMES]]
    if len(names) > MOST_NAMES:
        words.append(f"{len(names) - MOST_NAMES} more")
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else "nothing"


def sentence(text: str) -> str:
    """The text with a capital letter and a full stop; a path such as `to[1]` at its beginning stays as it is."""
    first = text.split(" ", 1)[0]
    return f"{text if first.endswith(':') else text[:1].upper() + text[1:]}."


def moment(at: datetime | None, zone: tzinfo) -> str:
    """A moment as the rest of the interface shows it."""
    return "an unknown time" if at is None else format_time(at, zone)


_ACTORS: dict[ActorType, str] = {
    ActorType.USER: "a person",
    ActorType.AI: "an AI stage",
    ActorType.SYSTEM: "the system itself",
}


def author(write: Write) -> str:
    """Who made a write, and in which batch or run: `user 7 in batch B`, `an AI stage in run R`."""
    who = f"user {write.actor_id}" if write.actor_id is not None else _ACTORS[write.actor_type]
    where = f" in run {write.run_id}" if write.run_id else f" in batch {write.batch_id}" if write.batch_id else ""
    return who + where
