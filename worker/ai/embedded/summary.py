"""One or two sentences of a message's own that name the request, with the facts they leave out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import regex

from worker.ai.embedded import identifiers, signature
from worker.ai.embedded.letters import fold
from worker.ai.embedded.reading import Reading
from worker.ai.embedded.values import Value, Values
from worker.ai.embedded.values import of as values_of

_LONGEST_SENTENCE = 260  # characters
_MOST_FACTS = 4
_BEFORE_READING = 45  # characters in which a word may say that a bare number is a reading
_LEAST_DIGITS = 3  # of such a number
_TELLING = 0.3  # share of one concept from which a sentence is about something
_SECOND = 2.0  # a second sentence must say at least this much

_REQUEST = regex.compile(
    r"\b(?:bitte|koennt?en sie|koennen sie|wuerde|moechte|will|wollen|hiermit|benoetige|brauche|bitte ich"
    r"|ich bitte|teile|melde|kuendige|widerrufe|wann|warum|wieso|wie|welche\w*"
    r"|ziehe|ziehen|habe|haben|ist es moeglich|kann ich|kann man|please|could you|can you|would like|i want|i need"
    r"|we need|hereby|i am writing|when|why|how|what|is it possible|may i|can i|i'd like)\b"
)
_COURTESY = regex.compile(
    r"^(?:(?:vielen|besten|herzlichen|lieben) dank|danke|ich danke|ich bedanke|im voraus|thank|thanks|cheers"
    r"|mit freundlichen|viele gruesse|fuer (?:rueck)?fragen"
    r"|bei (?:rueck)?fragen|ich hoffe|i hope|hope (?:you|this)|ich freue mich|ueber (?:eine|ihre)|i look forward"
    r"|looking forward|let me know|if you have any|fuer ihre (?:hilfe|bemueh)"
    r"|mein name ist|my name is|ich bin (?:seit|kunde)|guten|schoenen|have a)"
)
_ROUTINE = regex.compile(r"bestaetig|confirm|rueckmeldung|antwort|reply|bearbeitung|rueckfragen|get back to|eingang")
_FACT_WORDS = {
    "meter": ("Zählernummer", "meter number"),
    "customer": ("Kundennummer", "customer number"),
    "contract": ("Vertragsnummer", "contract number"),
    "invoice": ("Rechnungsnummer", "invoice number"),
}


@dataclass(frozen=True, slots=True)
class _Candidate:
    text: str
    start: int
    score: float


def of(reading: Reading, today: date, language: str | None) -> str | None:
    """The summary of a message received today, in the language of that code.

    Extractive, so it is in the message's language. A message without words is summed up by its subject; None without
    both.
    """
    values = values_of(reading.text, today, language)
    facts_at = _places_of_facts(values)
    candidates = [
        _Candidate(
            sentence.text,
            sentence.start,
            _score(sentence.text, at, reading, sum(sentence.start <= fact < sentence.end for fact in facts_at)),
        )
        for at, sentence in enumerate(reading.sentences)
        if sentence.start >= reading.body_start and not signature.closes(sentence.text)
    ]
    if not candidates:
        subject = reading.text[: reading.body_start].strip() or reading.text.strip()
        return _shaped(subject) if any(letter.isalnum() for letter in subject) else None
    chosen = _chosen(candidates)
    sentences = [_shaped(candidate.text) for candidate in chosen]
    facts = _left_out(values, " ".join(candidate.text for candidate in chosen), language)
    return " ".join([*sentences[:-1], _with_facts(sentences[-1], facts)])


def _chosen(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """The best sentence, and the next if it says enough of its own, in the order of the text."""
    ranked = sorted(candidates, key=lambda each: (-each.score, each.start))
    best = [ranked[0], *(each for each in ranked[1:2] if each.score >= _SECOND)]
    return sorted(best, key=lambda each: each.start)


def _score(text: str, at: int, reading: Reading, facts: int) -> float:
    folded = fold(text)
    named = float(reading.named[at].clip(min=0).sum()) if at < len(reading.named) else 0.0
    felt = float(reading.chosen[at].max()) if at < len(reading.chosen) else 0.0
    asks = _REQUEST.search(folded) is not None
    score = min(named, 2.0) + felt + (1.0 if asks else 0.0)
    score += min(facts, 3) * 0.6 if asks or named or felt > _TELLING else 0.0  # bare data name no request
    score -= 3.0 if _COURTESY.search(folded) else 0.0
    score -= 1.5 if _ROUTINE.search(folded) and named <= 1 else 0.0
    score -= 1.0 if len(text.split()) < 4 else 0.0  # noqa: PLR2004 - a fragment
    return score - 0.05 * min(at, 20)


def _places_of_facts(values: Values) -> list[int]:
    listed: Iterable[Value] = (*values.dates, *values.addresses, *values.ibans, *values.identifiers)
    measured = (value for value in values.numbers if value.kind in {"energy", "money"})
    return [value.start for value in (*listed, *measured)]


def _left_out(values: Values, said: str, language: str | None) -> list[str]:
    """The facts that the chosen sentences do not say, as words, without doubles."""
    text = values.text
    in_english = language == "en"
    labelled = [
        (value, f"{_FACT_WORDS[value.kind][in_english]} {value.value}")
        for value in values.identifiers
        if value.kind in _FACT_WORDS
    ]
    measured = [(value, _with_unit(text, value)) for value in values.numbers if _is_reading(text, value)]
    days = ((value, text[value.start : value.end]) for value in values.dates if not value.kind)
    days = ((value, day.rstrip(".,") if day[-2:-1].isalpha() else day) for value, day in days)
    plain = [(value, day) for value, day in days if " " in day or any(letter.isdigit() for letter in day)]
    plain += [(value, str(value.value)) for value in values.addresses]
    plain += [(value, f"IBAN {value.value}") for value in values.ibans]
    known = "".join(said.split())
    listed = sorted([*labelled, *measured, *plain], key=lambda pair: pair[0].start)
    facts = [words for value, words in listed if "".join(text[value.start : value.end].split()) not in known]
    return list(dict.fromkeys(" ".join(fact.split()) for fact in facts))[:_MOST_FACTS]


def _is_reading(text: str, value: Value) -> bool:
    said_before = identifiers.READ.search(text, max(0, value.start - _BEFORE_READING), value.start)
    return value.kind == "energy" or (not value.kind and value.digits >= _LEAST_DIGITS and said_before is not None)


def _with_unit(text: str, value: Value) -> str:
    unit = regex.match(r"\s?(?:kWh|MWh|m³|m3|cbm|\p{L}+)", text[value.end :], regex.IGNORECASE)
    return text[value.start : value.end] + (unit[0] if unit else "")


def _with_facts(sentence: str, facts: Sequence[str]) -> str:
    if not facts:
        return sentence
    return (
        f"{sentence.rstrip('.')} ({'; '.join(facts)})."
        if sentence.endswith(".")
        else f"{sentence} ({'; '.join(facts)})"
    )


def _shaped(text: str) -> str:
    """The sentence with a capital first letter and an end; a very long one is cut between words."""
    text = " ".join(text.split())
    if len(text) > _LONGEST_SENTENCE:
        text = text[:_LONGEST_SENTENCE].rsplit(" ", 1)[0].rstrip(",;: ") + " …"
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?", "…")) else f"{text.rstrip(',;:')}."
