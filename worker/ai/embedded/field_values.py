"""Where an AI agent's field may be filled from: the values of its type, with how well their kind fits the field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import regex

from worker.ai.embedded.cues import Cues
from worker.ai.embedded.letters import fold
from worker.ai.embedded.reading import Reading
from worker.ai.embedded.values import Value, Values
from worker.ai.embedded.vectors import Vectors

_NEGATION = regex.compile(r"\b(?:nicht|kein\w*|nie|ohne|not|no|never|without)\b|n't\b")

_UNIT_OF = (
    (
        "energy",
        regex.compile(
            r"reading|zaehlerst|\bstand\b|ables|kwh|kilowatt|verbrauch|consum|usage|m³|kubik|cubic|zaehlerwert"
        ),
    ),
    (
        "money",
        regex.compile(
            r"abschlag|deposit|betrag|amount|euro|€|instal|zahlung|payment|\bsum|geld|money|preis|price|kosten"
            r"|cost|\brate\b"
        ),
    ),
    ("people", regex.compile(r"person|household|haushalt|people")),
    ("share", regex.compile(r"percent|prozent|%")),
    ("power", regex.compile(r"\bkw\b|kwp|leistung|power")),
)
_IDENTIFIER_OF = (
    ("meter", regex.compile(r"zaehler|meter|counter|serial|geraet|malo|marktlok|melo")),
    ("customer", regex.compile(r"kunden|customer|client")),
    ("contract", regex.compile(r"vertrag|contract|konto|account|agreement")),
    ("invoice", regex.compile(r"rechnung|invoice|\bbill")),
    ("other", regex.compile(r"nummer|number|\bnr\b|\bid\b|reference|referenz|code|vorgang")),
)
_NAME = regex.compile(r"\bname|nachname|vorname|holder|inhaber|surname|person|ansprechpartner|tenant|mieter")
_REASON = regex.compile(r"reason|grund|begruendung|why|warum")
_REASON_LABEL = regex.compile(r"(?i)^(?:grund|begründung|reason)[^:]{0,30}:\s*")
_CHOICE = regex.compile(
    r"[\"'„“”‚‘’»«]([^\"'„“”‚‘’»«]{2,40})[\"'“”‘’»«]|(?:one of|entweder|either|z\. ?b\.|e\.g\.|:)\s*([\w ,/|-]{3,120})"
)


@dataclass(frozen=True, slots=True)
class Context:
    """What a field is filled from: the message, its values, and how much each sentence is about the agent.

    `foreign` is how much each sentence is about the other agent that it is most about; `known` are numbers of the
    contract, which are no readings and no amounts.
    """

    reading: Reading
    values: Values
    relevance: Vectors
    foreign: Vectors
    known: frozenset[str] = frozenset()

    def sentence(self, value: Value) -> int | None:
        """The place of the sentence that a value stands in; None between sentences."""
        spans = enumerate(self.reading.sentences)
        return next((at for at, sentence in spans if sentence.start <= value.start < sentence.end), None)


Candidates = list[tuple[Value, float]]
"""Values with how well their kind fits the field: below 0 not at all, 0 nothing is known, 1 well."""


def _numbers(spoken: Cues, context: Context) -> Candidates:
    unit = next((unit for unit, pattern in _UNIT_OF if pattern.search(spoken.text)), "")
    text = context.reading.text
    return [
        (value, _unit_fit(value, unit))
        for value in context.values.numbers
        if text[value.start : value.end] not in context.known
    ]


def _unit_fit(value: Value, unit: str) -> float:
    if value.kind:
        return (1.0 if value.kind == unit else -1.0) if unit else 0.0
    small = value.digits <= 2  # noqa: PLR2004 - a day, a floor, a count
    return -1.0 if unit == "energy" and small else 0.0


def _dates(spoken: Cues, context: Context) -> Candidates:
    role = "birth" if regex.search(r"birth|geburt", spoken.text) else ""
    about_letter = bool(regex.search(r"invoice|rechnung|letter|schreiben|bill", spoken.text))
    fits = {"birth": 1.0 if role else -1.0, "reference": 0.5 if about_letter else -1.0, "": -1.0 if role else 0.0}
    return [(value, fits[value.kind]) for value in context.values.dates]


def _addresses(_spoken: Cues, context: Context) -> Candidates:
    return [(value, 0.5 if value.kind == "complete" else 0.0) for value in context.values.addresses]


def _plain(kind: str) -> Callable[[Cues, Context], Candidates]:
    return lambda _spoken, context: [(value, 0.5) for value in getattr(context.values, kind)]


def _strings(spoken: Cues, context: Context) -> Candidates:
    """What a text field asks for, told by its words: a reason, a choice, a name, a number, a labelled line."""
    kind = next((kind for kind, pattern in _IDENTIFIER_OF if pattern.search(spoken.text)), "")
    if _REASON.search(spoken.text):
        return _reasons(context)
    if choices := _choices(spoken, context):
        return choices
    if _NAME.search(spoken.text) and not regex.search(r"nummer|number", spoken.text):
        return [(value, 0.5) for value in context.values.names]
    if kind:
        return [(value, _identifier_fit(value, kind)) for value in context.values.identifiers]
    return _labelled_line(spoken, context)


def _identifier_fit(value: Value, kind: str) -> float:
    if value.kind:
        return 1.0 if value.kind == kind else -1.0
    return 0.0 if kind != "meter" or any(letter.isalpha() for letter in str(value.value)) else -1.0


def _reasons(context: Context) -> Candidates:
    found = []
    for value in context.values.reasons:
        at = context.sentence(value)
        if at is not None:
            sentence = context.reading.sentences[at]
            text = _REASON_LABEL.sub("", sentence.text)
            found.append((Value(text, sentence.start, sentence.end), 0.5))
    return found


def _choices(spoken: Cues, context: Context) -> Candidates:
    """The words that a description offers, where the message has one of them."""
    offered = [
        part
        for match in _CHOICE.finditer(spoken.text)
        for group in match.groups()
        if group
        for part in regex.split(r"[,/|]|\bor\b|\boder\b", group)
    ]
    found: Candidates = []
    for choice in (word.strip() for word in offered):
        match = regex.search(rf"\b{regex.escape(choice)}\w*", fold(context.reading.text)) if len(choice) > 2 else None  # noqa: PLR2004
        if match:
            found.append((Value(choice, match.start(), match.end()), 0.5))
    return found


def _labelled_line(spoken: Cues, context: Context) -> Candidates:
    """`Tarif: Flex 24`: what stands behind the field's own word and a colon."""
    found: Candidates = []
    for word in spoken.words:
        pattern = rf"(?i)\b{regex.escape(word)}\w*[ ]?[:=][ ]?(?P<value>[^\n]{{1,80}})"
        found.extend(
            (Value(match["value"].strip(), match.start("value"), match.end("value")), 0.5)
            for match in regex.finditer(pattern, context.reading.text)
        )
    return found


def _booleans(spoken: Cues, context: Context) -> Candidates:
    """True where a sentence speaks of the field, False where it denies it."""
    found: Candidates = []
    for sentence, words in zip(context.reading.sentences, context.reading.words, strict=False):
        hits = sum(any(word[:6] in other for other in words) for word in spoken.words)
        if spoken.words and hits * 2 >= len(spoken.words):
            denied = _NEGATION.search(fold(sentence.text)) is not None
            found.append((Value(not denied, sentence.start, sentence.end), 0.5))
    return found


SOURCES: Mapping[str, Callable[[Cues, Context], Candidates]] = {
    "number": _numbers,
    "date": _dates,
    "iban": _plain("ibans"),
    "address": _addresses,
    "email": _plain("emails"),
    "phone": _plain("phones"),
    "string": _strings,
    "boolean": _booleans,
}
