"""One answer held against its labels: a list of things that are right or wrong, each counted for one figure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.evaluation.answers import Answer
from tests.evaluation.labelled import Labelled
from worker.domain.comparison import fold, number_key, phone_key, same_address
from worker.domain.words import SpamStatus


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is right or wrong; `what` names it by its label, never by the customer's words."""

    figure: str
    message: Labelled
    right: bool
    what: str


def checks(message: Labelled, answer: Answer, kinds: Mapping[tuple[str, str], str]) -> Iterator[Check]:
    """Everything that the labels of a message say of an answer; `kinds` are field types by agent's code and name."""
    for figure, right, what in _all(message, answer, kinds):
        yield Check(figure, message, right, what)


Found = Iterator[tuple[str, bool, str]]


def _all(message: Labelled, answer: Answer, kinds: Mapping[tuple[str, str], str]) -> Found:
    want = message.want
    if want.language:
        yield "language", answer.values["languageCode"] == want.language, f"{want.language}"
    yield from _spam(message, answer)
    if want.spam != SpamStatus.AUTO_CLEAN:
        return
    yield from _texts(message, answer)
    if want.sentiment:
        found = answer.values["sentiment"]
        yield "sentiment", found == want.sentiment, f"{want.sentiment}, found {found}"
    yield from _known("customer", want.customer, answer.values["customerId"])
    yield from _known("contract", want.contract, answer.values["contractId"])
    for tag in want.tags:
        yield "tags_found", tag in answer.tags, tag
    for tag in sorted(answer.tags - set(want.tags_too)):
        yield "tags_right", tag in want.tags, tag
    yield from _intents(message, answer, kinds)


def _spam(message: Labelled, answer: Answer) -> Found:
    want, found = message.want, answer.values["spamStatus"]
    if want.spam == SpamStatus.AUTO_CLEAN:
        yield "clean_left_alone", found == want.spam, f"found {found}"
    else:
        yield f"spam_found_by_{want.spam_by}", found == want.spam, f"{want.spam}, found {found}"


def _texts(message: Labelled, answer: Answer) -> Found:
    clean, summary = (_squeezed(answer.values[name]) for name in ("bodyClean", "summary"))
    for fact in message.want.keep:
        yield "facts_kept", _squeezed(fact) in clean, fact
    for fact in message.want.drop:
        yield "quotes_dropped", _squeezed(fact) not in clean, fact
    for fact in message.want.summary:
        yield "summary_facts", any(_squeezed(one) in summary for one in fact.split("|")), fact


def _known(what: str, wanted: str | None, found: object) -> Found:
    if wanted:
        yield f"{what}s_found", found == wanted, f"{wanted}, found {found}"
    if found:
        yield f"{what}s_right", found == wanted, f"{wanted}, found {found}"


def _intents(message: Labelled, answer: Answer, kinds: Mapping[tuple[str, str], str]) -> Found:
    want = message.want
    wanted = {str(intent["agent"]): intent for intent in want.intents}
    for code, intent in wanted.items():
        yield "intents_found", code in answer.intents, code
        if code in answer.intents:
            yield from _fields(code, intent, answer.intents[code], set(want.intents_maybe_fields), kinds)
    for code in answer.intents:
        if code not in want.intents_too:
            yield "intents_right", code in wanted, code


def _fields(
    code: str,
    wanted: Mapping[str, object],
    found: Mapping[str, object],
    maybe: set[str],
    kinds: Mapping[tuple[str, str], str],
) -> Found:
    for name in wanted.keys() - maybe - {"agent"}:
        same = _SAME.get(kinds[code, name], _same_letters)
        yield "fields_found", name in found and same(found[name], wanted[name]), f"{code}.{name}"
    for name in found.keys() - maybe:
        same = _SAME.get(kinds[code, name], _same_letters)
        yield "fields_right", name in wanted and same(found[name], wanted[name]), f"{code}.{name}"


def _same_letters(one: Any, other: Any) -> bool:  # noqa: ANN401 - JSON values
    return number_key(fold(str(one))) == number_key(fold(str(other)))


_SAME: dict[str, Callable[[Any, Any], bool]] = {
    "number": lambda one, other: float(one) == float(other),
    "date": lambda one, other: bool(one == other),
    "address": same_address,
    "phone": lambda one, other: phone_key(one) == phone_key(other),
}


def _squeezed(text: object) -> str:
    return "".join(str(text or "").split()).casefold()
