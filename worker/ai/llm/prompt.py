"""What a model is told: instructions from files, and the customer's text fenced as data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

import orjson

from worker.ai.embedded import body
from worker.ai.protocol import Message

FOLDER = Path(__file__).with_name("prompts")
_CUT = "\n[… cut …]\n"
_SUBJECT = 500  # characters


@dataclass(frozen=True, slots=True)
class Prompt:
    """One question: which instructions, and the text it is about."""

    instructions: str
    text: str


@cache
def wording(name: str) -> str:
    """The text of one prompt file."""
    return (FOLDER / f"{name}.md").read_text(encoding="utf-8")


def words_of(message: Message, limit: int) -> str:
    """Subject and the customer's own words, at most about `limit` characters; a long text loses its middle."""
    subject = " ".join(message.subject[:_SUBJECT].split())
    words = body.words_of(message).strip()
    if len(words) > limit:
        words = words[: limit * 3 // 4] + _CUT + words[-(limit // 4) :]
    text = f"Subject: {subject}\n\n{words}" if subject else words
    return text.encode("utf-8", "replace").decode()  # halves of surrogate pairs cannot be sent


def compose(name: str, message: Message, limit: int, choices: object = None) -> Prompt:
    """The question `name` about a message.

    The fence is made from a digest of the text: a text cannot hold its own digest, so it cannot close the fence, and
    equal questions stay equal.
    """
    words = words_of(message, limit)
    mark = sha256(words.encode()).hexdigest()[:32]
    listed = "" if choices is None else f"The list:\n{orjson.dumps(choices).decode()}\n\n"
    text = f"{listed}Day of the message: {message.today:%Y-%m-%d}\n-----{mark}-----\n{words}\n-----{mark}-----"
    return Prompt((wording(name) + wording("fence").format(mark=mark)).rstrip(), text)
