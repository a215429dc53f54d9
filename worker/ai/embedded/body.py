"""The text of a message: plain, without markup; clean, the customer's own words and facts alone."""

from __future__ import annotations

from functools import lru_cache

import regex

from worker.ai.embedded import markup, quotes, signature
from worker.ai.protocol import Message, Text

LONGEST = 1_000_000  # characters of text that are read; the rest of a larger body stands in the body alone
_SORTED_LINES = 5_000  # lines whose kind is looked at; a longer text keeps its rest as it is
_SPLIT_WORD = regex.compile(r"(?<=\p{Ll})-\n(?=\p{Ll})")


def text_of(message: Message) -> Text:
    """Plain and clean text of the body, or of the plain body when there is no other."""
    return _text(message.body or message.body_plain, message.subject, message.channel == "letter")


def signed_words_of(message: Message) -> str:
    """The customer's words with closing and signature, where names stand; without quotes and disclaimers."""
    source = message.body or message.body_plain
    return "\n".join(_signed_words(source, message.subject)).strip() if source else message.body_clean


def words_of(message: Message) -> str:
    """The customer's own words: the stored clean text, else the clean text of the body."""
    return message.body_clean or text_of(message).clean


@lru_cache(maxsize=8)
def _text(source: str, subject: str, scanned: bool) -> Text:  # noqa: FBT001 - a cache key
    plain = quotes.without_marks(_marked(source))
    words, rest = _signed_words(source, subject)
    clean = markup.tidy("\n".join([signature.without_signature(words), rest]))
    if scanned:
        clean = _SPLIT_WORD.sub("", clean)
    return Text(plain.strip(), clean or plain.strip())


@lru_cache(maxsize=8)
def _signed_words(source: str, subject: str) -> tuple[str, str]:
    """The own words of the first lines, and the rest as it came."""
    *lines, rest = [*_marked(source).split("\n", _SORTED_LINES), ""][: _SORTED_LINES + 1]
    own = quotes.own_words("\n".join(lines), subject).split("\n")
    return "\n".join(signature.without_disclaimers(own)), quotes.without_marks(rest)


@lru_cache(maxsize=8)
def _marked(source: str) -> str:
    return markup.to_text(source)[:LONGEST] if markup.is_html(source) else markup.tidy(source[:LONGEST])
