"""Automatic mail and spam: by headers first, by the text only when it is beyond doubt.

A false alarm takes a customer's request out of every list, a miss costs a person one glance: in doubt it is clean.
`spam.json` beside this file holds the words, as patterns on folded text (see letters.py): two different `signs` make
spam of a text that has none of the words of `customers`; `newsletter` holds two groups that only a newsletter has both
of; `automatic` is what machines say of their messages. A trained head (see heads.py) tells how much the whole reads
like advertising or fraud: when it is certain it may judge alone, and when it doubts them signs are mere words, such as
a customer's who quotes them. What others think of a mail, a filter's flag or the list that it came by, does not count
against a customer who names a number of theirs (`identified`).

Header sources: RFC 3834 (Auto-Submitted), RFC 2919 (List-Id), RFC 2369 (List-Unsubscribe), RFC 3464 and 6522 (bounces).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import regex

from worker.ai.embedded import body
from worker.ai.embedded.letters import fold
from worker.ai.protocol import Message, SpamVerdict
from worker.domain.words import SpamStatus

Headers = Mapping[str, Sequence[str]]

_LONGEST = 5_000  # characters of text that are judged
_JUNK_LEVEL = 5  # Exchange: 5 and 6 are spam, 9 is certain
_LEAST_SIGNS = 2
_ENOUGH = (0.8, 0.7, 0.4)  # suspicion that makes spam of a text with none, one and more of the signs
_UNLIKELY = 0.4  # suspicion of what a customer writes

_LIST_HEADERS = ("list-unsubscribe", "list-id", "list-post", "list-help")
_AUTO_REPLY_HEADERS = ("x-autoreply", "x-autorespond", "x-auto-reply", "x-autoresponse", "x-mail-autoreply")
_ROBOT_SENDER = regex.compile(
    r"(?i)(?:^|<)\s*(?:mailer-daemon|postmaster|mail-daemon|mdaemon|bounces?)(?:[+\-=][^@\s]*)?@"
)
_REPORT = regex.compile(r"(?i)multipart/report|report-type\s*=|message/(?:delivery-status|disposition-notification)")
_AUTO_SUBJECT = regex.compile(
    r"(?i)^\s*(?:automatische (?:antwort|abwesenheits\w*|e-?mail-?antwort)|abwesenheits(?:notiz|nachricht|meldung"
    r"|assistent)"
    r"|(?:abwesend|out of (?:the )?office|auto(?:matic|mated)?[\s-]?(?:reply|response|answer)|autoreply)\b|ooo\s?:"
    r"|(?:ich bin )?nicht im (?:büro|haus)\s?[:\-])"
)
_BOUNCE_SUBJECT = regex.compile(
    r"(?i)^\s*(?:undeliver(?:ed|able)\b|unzustellbar\b|nicht zustellbar\b|delivery (?:status notification|failure"
    r"|has failed)|mail delivery (?:failed|system|subsystem)"
    r"|returned mail\b|failure notice\b|fehler bei der zustellung|zustellung fehlgeschlagen|read:|gelesen:"
    r"|lesebestätigung\b|mail system error)"
)

_WORDS = json.loads(Path(__file__).with_name("spam.json").read_text(encoding="utf-8"))
_SIGNS = tuple(regex.compile(rf"\b(?:{'|'.join(patterns)})\b") for patterns in _WORDS["signs"].values())
_CUSTOMER = regex.compile("|".join(_WORDS["customers"]))
_FOR_ONESELF = regex.compile(r"\b(?:ich|mich|mir|mein\w*|i|i'm|i've|my|me)\b")
_IDENTIFIED = regex.compile("|".join(_WORDS["identified"]))
_NEWSLETTER = tuple(regex.compile("|".join(patterns)) for patterns in _WORDS["newsletter"])
_AUTOMATIC = regex.compile("|".join(_WORDS["automatic"]))


def judge(message: Message, suspicion: Callable[[], float]) -> SpamVerdict | None:
    """The verdict on an incoming message; outgoing and internal ones are clean. None when there is nothing to judge.

    `suspicion` tells how likely the message is advertising or fraud, by what it means as a whole.
    """
    if message.direction != "in":
        return SpamVerdict(SpamStatus.AUTO_CLEAN, "not_incoming")
    folded = fold(f"{message.subject[:300]}\n{body.words_of(message)[:_LONGEST]}")
    rules = _ORIGIN_RULES if _IDENTIFIED.search(folded) else _ORIGIN_RULES + _OPINION_RULES
    for status, reason, applies in rules:
        if applies(message.headers):
            return SpamVerdict(status, reason)
    if not (message.text.strip() or message.subject.strip()):
        return SpamVerdict(SpamStatus.AUTO_CLEAN, "headers_clean") if message.headers else None
    for reason, pattern in (("subject_auto_reply", _AUTO_SUBJECT), ("subject_bounce", _BOUNCE_SUBJECT)):
        if pattern.match(message.subject[:300]):
            return SpamVerdict(SpamStatus.AUTO_PROGRAMMATIC, reason)
    if message.channel == "email":
        return _judge_text(folded, suspicion)
    return SpamVerdict(SpamStatus.AUTO_CLEAN, "nothing_suspicious")


def _is_customer(folded: str, suspicion: Callable[[], float]) -> bool:
    """Whether somebody writes for themselves, and of their supply."""
    return bool(_FOR_ONESELF.search(folded) and _CUSTOMER.search(folded)) and suspicion() < _UNLIKELY


def _judge_text(folded: str, suspicion: Callable[[], float]) -> SpamVerdict:
    if all(part.search(folded) for part in _NEWSLETTER) and not _is_customer(folded, suspicion):
        return SpamVerdict(SpamStatus.AUTO_PROGRAMMATIC, "text_newsletter")
    if _CUSTOMER.search(folded) is None:
        if _AUTOMATIC.search(folded):
            return SpamVerdict(SpamStatus.AUTO_PROGRAMMATIC, "text_automatic")
        signs = sum(sign.search(folded) is not None for sign in _SIGNS)
        if suspicion() >= _ENOUGH[min(signs, _LEAST_SIGNS)]:
            return SpamVerdict(SpamStatus.AUTO_SPAM, "text_spam_signs" if signs else "text_spam_like")
    return SpamVerdict(SpamStatus.AUTO_CLEAN, "nothing_suspicious")


def _values(headers: Headers, name: str) -> list[str]:
    found = headers.get(name, ())
    values = [found] if isinstance(found, str) else found
    return [text for value in values if (text := str(value).strip().lower())]


def _any(headers: Headers, name: str, *starts: str) -> bool:
    return any(value.startswith(starts) for value in _values(headers, name))


def _flagged(headers: Headers) -> bool:
    return any(_any(headers, name, "yes", "true") for name in ("x-spam-flag", "x-spam-status", "x-spam"))


def _junk_level(headers: Headers) -> bool:
    return any(
        value.isdecimal() and int(value) >= _JUNK_LEVEL for value in _values(headers, "x-ms-exchange-organization-scl")
    )


def _auto_submitted(headers: Headers) -> bool:
    return any(not value.startswith("no") for value in _values(headers, "auto-submitted"))


def _auto_reply(headers: Headers) -> bool:
    return any(
        not _any(headers, name, "no", "false") for name in _AUTO_REPLY_HEADERS if _values(headers, name)
    ) or _any(headers, "precedence", "auto_reply", "auto-reply")


def _bounce(headers: Headers) -> bool:
    empty_path = "<>" in _values(headers, "return-path")
    robot = any(
        _ROBOT_SENDER.search(value) for name in ("return-path", "from", "sender") for value in _values(headers, name)
    )
    report = any(_REPORT.search(value) for value in _values(headers, "content-type"))
    return empty_path or robot or report or bool(_values(headers, "x-failed-recipients"))


def _bulk(headers: Headers) -> bool:
    return _any(headers, "precedence", "bulk", "junk", "list") and not _own_group(headers)


def _newsletter(headers: Headers) -> bool:
    return any(_values(headers, name) for name in _LIST_HEADERS) and not _own_group(headers)


def _own_group(headers: Headers) -> bool:
    """Whether the list is the service's own address run as a group: then a customer wrote to it."""
    groups = {regex.sub(r".*<|>.*", "", value) for value in _values(headers, "list-id")}
    receivers = [value for name in ("to", "delivered-to", "x-original-to") for value in _values(headers, name)]
    return any(group and group in receiver.replace("@", ".") for group in groups for receiver in receivers)


_Rules = tuple[tuple[SpamStatus, str, Callable[[Headers], bool]], ...]
_ORIGIN_RULES: _Rules = (
    (SpamStatus.AUTO_PROGRAMMATIC, "header_auto_submitted", _auto_submitted),
    (SpamStatus.AUTO_PROGRAMMATIC, "header_auto_reply", _auto_reply),
    (SpamStatus.AUTO_PROGRAMMATIC, "header_bounce", _bounce),
)
_OPINION_RULES: _Rules = (
    (SpamStatus.AUTO_SPAM, "header_spam_flag", _flagged),
    (SpamStatus.AUTO_SPAM, "header_junk_level", _junk_level),
    (SpamStatus.AUTO_PROGRAMMATIC, "header_list", _newsletter),
    (SpamStatus.AUTO_PROGRAMMATIC, "header_precedence", _bulk),
)
