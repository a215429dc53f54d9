"""What earlier messages left in a mail: quoted replies go, what the customer forwards stays.

Knows the headers that Outlook, Gmail, Apple Mail, Thunderbird, GMX and web.de write in German and English.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import regex

from worker.ai.embedded.markup import QUOTE_END, QUOTE_START

_LONGEST_HEADER = 300  # characters; a longer line is prose

_QUOTE_SIGN = regex.compile(r"\s{0,3}>[> ]*+")
_FIELD = regex.compile(
    r"\s*[*_]?(?P<name>von|from|gesendet|sent|datum|date|an|to|cc|kopie|bcc|betreff|subject|thema|antwort an|reply-to"
    r"|priorit(?:ä|ae)t|importance|wichtigkeit)[*_]?\s?:[*_]?(?:\s|$)",
    regex.IGNORECASE,
)
_SENDER = frozenset({"von", "from"})
_ROUTE = frozenset({"gesendet", "sent", "datum", "date", "an", "to"})
_SUBJECT = frozenset({"betreff", "subject", "thema"})
_SEPARATOR = regex.compile(
    r"[\s>*_#-]*(?:urspr(?:ü|ue)ngliche (?:nachricht|e-?mail)|original(?:nachricht| message| appointment)"
    r"|bitte (?:antworten sie|geben sie ihre antwort|schreiben sie)\b.{0,40}\boberhalb\b.*"
    r"|(?:please )?(?:reply|type your reply|write) above this line.*)[\s*_#-]*",
    regex.IGNORECASE,
)
_FORWARD = regex.compile(
    r"[\s>*_-]*(?:(?:begin )?forwarded message|weitergeleitete (?:nachricht|e-?mail)"
    r"|(?:anfang der |beginn der )?weitergeleiteten? (?:nachricht|e-?mail))[\s*:_-]*",
    regex.IGNORECASE,
)
_FORWARD_SUBJECT = regex.compile(r"\s*(?:wg|fwd?|wtr|i)\s?:", regex.IGNORECASE)
_ATTRIBUTION = regex.compile(
    r"\s*(?:am |on |den |le |at )?.{0,200}?\b(?:schrieb(?:en sie)?|wrote|hat .{1,80} geschrieben)\b.{0,160}:\s*",
    regex.IGNORECASE,
)
_TIME_OR_ADDRESS = regex.compile(r"\d{1,2}[:.]\d{2}\b|@|<[^<>]{3,}>")
_ATTRIBUTION_START = regex.compile(r"\s*(?:am|on|den)\b.{0,40}\d|.{0,120}@|.{0,120}\bschrieb\b", regex.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    quoted: bool


def own_words(text: str, subject: str = "") -> str:
    """The text without quoted earlier messages; the whole text when nothing else would be left.

    `text` may hold quote marks of `markup`. A forward (told by its marker or by `WG:` or `Fwd:` in the subject) keeps
    the forwarded words.
    """
    lines = list(_lines(text))
    kept = "\n".join(_kept(lines, forwarded=bool(_FORWARD_SUBJECT.match(subject)))).strip()
    if any(letter.isalnum() for letter in kept):
        return kept
    rest = (line.text for line in lines if not (_FIELD.match(line.text) or _is_one(_SEPARATOR, line.text)))
    return "\n".join(rest).strip()


def without_marks(text: str) -> str:
    """The text without the quote marks of `markup`."""
    return text.replace(QUOTE_START, "").replace(QUOTE_END, "")


def _lines(text: str) -> Iterator[_Line]:
    depth = 0
    for raw in text.split("\n"):
        inside = depth > 0 or QUOTE_START in raw
        depth = max(0, depth + raw.count(QUOTE_START) - raw.count(QUOTE_END))
        bare = without_marks(raw)
        sign = _QUOTE_SIGN.match(bare)
        yield _Line(bare[sign.end() :] if sign else bare, inside or sign is not None)


def _kept(lines: Sequence[_Line], *, forwarded: bool) -> Iterator[str]:
    """The customer's lines. `forwarded` says that the first header found begins a forward, not a quoted reply."""
    in_forward, at = False, 0
    while at < len(lines):
        line = lines[at]
        header = _header_length(lines, at)
        if header or _is_one(_FORWARD, line.text):
            if not (forwarded or _is_one(_FORWARD, line.text)) or (in_forward and header):
                return
            in_forward, forwarded = True, False
            at = _after_header(lines, at)
            continue
        attribution = _attribution_length(lines, at)
        if attribution or _is_one(_SEPARATOR, line.text):
            at += attribution or 1
            answered_below = bool(attribution) and not in_forward and _quote_follows(lines, at)
            if not (answered_below or (forwarded and _header_soon(lines, at))):
                return
            continue
        if in_forward or not line.quoted:
            yield line.text
        at += 1


def _is_one(pattern: regex.Pattern[str], text: str) -> bool:
    return len(text) <= _LONGEST_HEADER and pattern.fullmatch(text) is not None


def _header_length(lines: Sequence[_Line], at: int) -> int:
    """How many lines from here are the header of another mail: a sender, a route and a subject; else 0."""
    if _field(lines[at].text) not in _SENDER | _ROUTE:
        return 0
    names: set[str] = set()
    length = 0
    for offset, line in enumerate(islice(lines, at, at + 12)):
        name = _field(line.text)
        if name:
            names.add(name)
            length = offset + 1
        elif not line.text.strip() or offset - length >= 2:  # noqa: PLR2004 - a folded list of recipients
            break
    told = (bool(names & _SENDER), bool(names & _ROUTE), bool(names & _SUBJECT))
    return length if sum(told) == len(told) or (told[0] and len(names & _ROUTE) > 1) else 0


def _field(text: str) -> str:
    match = _FIELD.match(text[:_LONGEST_HEADER])
    return match["name"].lower() if match else ""


def _after_header(lines: Sequence[_Line], at: int) -> int:
    """The first line after a forward's marker and header."""
    if _is_one(_FORWARD, lines[at].text):
        at += 1
    while at < len(lines) and not lines[at].text.strip():
        at += 1
    return at + (_header_length(lines, at) if at < len(lines) else 0)


def _header_soon(lines: Sequence[_Line], at: int) -> bool:
    return any(_header_length(lines, near) for near in range(at, min(at + 3, len(lines))))


def _attribution_length(lines: Sequence[_Line], at: int) -> int:
    """How many lines from here say who wrote what follows, such as `Am 3.5. um 10:11 schrieb Service:`; else 0."""
    first = lines[at].text
    if len(first) > _LONGEST_HEADER or not _ATTRIBUTION_START.match(first):
        return 0
    joined = ""
    for length, line in enumerate(islice(lines, at, at + 3), start=1):
        joined = f"{joined} {line.text}".strip()
        if not line.text.strip() or len(joined) > _LONGEST_HEADER:
            return 0
        if _ATTRIBUTION.fullmatch(joined):
            told = _TIME_OR_ADDRESS.search(joined) or _quote_follows(lines, at + length)
            return length if told else 0
    return 0


def _quote_follows(lines: Sequence[_Line], at: int) -> bool:
    following = (line for line in islice(lines, at, at + 3) if line.text.strip())
    return next((line.quoted for line in following), False)
