"""Full names that a text gives: introductions, closings, signatures."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from worker.ai.embedded import signature

_WORD = r"(?:\p{Lu}\.|\p{Lu}\p{Ll}+(?:['’\-]\p{Lu}\p{Ll}+)*|(?:von|van|de|zu|der|den|dos|al|el|Mc\p{Lu}\p{Ll}+))"
_NAME = rf"(?P<name>\p{{Lu}}(?:\p{{Ll}}+(?:['’\-]\p{{Lu}}\p{{Ll}}+)*|\.)(?:[ ]{_WORD}){{1,3}})(?![\p{{L}}\d])"
_TITLE = r"(?:(?:Herr|Herrn|Frau|Dr\.|Prof\.|Mr\.?|Mrs\.?|Ms\.?|Familie|Dipl\.-Ing\.)[ ])*"

_INTRODUCTION = regex.compile(
    rf"(?:(?i:mein[ ](?:voller[ ])?name[ ](?:ist|lautet)|ich[ ]hei(?:ß|ss)e(?:[ ](?:jetzt|nun))?"
    rf"|my[ ](?:full[ ])?name[ ]is|hier[ ](?:ist|spricht|schreibt)|this[ ]is"
    rf"|(?:vor-?[ ]und[ ](?:nach|zu)?name|name|vertragspartner(?:in)?|vertragsinhaber(?:in)?|kontoinhaber(?:in)?"
    rf"|inhaber(?:in)?|(?:lautend[ ])?auf[ ]den[ ]namen|in[ ]the[ ]name[ ]of"
    rf"|kunde|kundin|(?:account[ ])?holder|customer|absender|gez\.?|i\.[ ]?a\.)[ ]?[:.]?)[ ]*)"
    rf"{_TITLE}{_NAME}"
)
_LINE = regex.compile(rf"\s*{_TITLE}{_NAME}(?:[ ]\(?geb\.[^\n]{{1,40}})?[,.]?\s*")
_LABELLED_LAST_FIRST = regex.compile(
    r"(?i:\bname|inhaber(?:in)?|partner(?:in)?|kunde"
    r"|kundin)[ ]?:[ ]?"
    r"(?P<last>\p{Lu}\p{Ll}+(?:-\p{Lu}\p{Ll}+)?),[ ](?P<first>\p{Lu}\p{Ll}+(?![\p{L}\d]))"
)
_LAST_FIRST = regex.compile(
    r"\s*(?P<last>\p{Lu}\p{Ll}+(?:-\p{Lu}\p{Ll}+)?),[ ](?P<first>\p{Lu}\p{Ll}+(?:[ -]\p{Lu}\p{Ll}+)?)\s*"
)
_AFTER_THANKS = regex.compile(
    rf"(?i:danke|dank|thanks|thank[ ]you|gr(?:ü|ue)(?:ß|ss)e?n?|gru(?:ß|ss)|regards|wishes|sincerely"
    rf"|cheers)\b[^,\n]{{0,30}}[,\s]\s*{_TITLE}{_NAME}[.]?\s*$",
    regex.MULTILINE,
)
_NO_NAME = frozenset(
    """
    abschlag abteilung adresse anfrage anlage anschrift bahnhof betreff bitte damen datum deutschland dank
    energie firma gas geschäftsführer gmbh beste besten freundliche freundlichen grüße grüßen gruß guten
    herzliche herzlichen liebe lieben schöne viele hallo haus herren hotline iban ihr ihre ihnen kunde kunden
    kundennummer kundenservice kündigung mail mieter mit nummer ort platz rechnung sehr service stadtwerke
    straße strom support tag team telefon termin umzug und vertrag vertragsnummer vielen zähler zählernummer
    zählerstand zeit account address best contract customer dear department from germany hello invoice kind
    manager meter number office regards sales sincerely street thanks the yours sent diese dieser dieses der die
    das ein eine ich wir sie es am im zum montag dienstag mittwoch donnerstag freitag samstag sonntag januar
    februar märz april mai juni juli august september oktober november dezember
    """.split()
)
_LINES_OF_SIGNATURE = 4


def find(text: str) -> Iterator[str]:
    """Possible full names in order: at least two words each, titles left out; `Muster, Tom` is turned round."""
    for match in _INTRODUCTION.finditer(text):
        yield from _believable(match["name"])
    for match in _LABELLED_LAST_FIRST.finditer(text):
        yield from _believable(f"{match['first']} {match['last']}")
    lines = text.split("\n")
    for line in _signature_lines(lines):
        yield from _in_line(line)
    for match in _AFTER_THANKS.finditer(text):
        yield from _believable(match["name"])


def _signature_lines(lines: list[str]) -> Iterator[str]:
    """The lines after a closing or a delimiter, and the last line of all."""
    filled = [line for line in lines if line.strip()]
    for at, line in enumerate(filled):
        if signature.closes(line) or line.strip() in {"--", "—"}:
            yield from (line, *filled[at + 1 : at + 1 + _LINES_OF_SIGNATURE])
    yield from filled[-1:]


def _in_line(line: str) -> Iterator[str]:
    if len(line) > 80:  # noqa: PLR2004 - a name does not fill a line
        return
    if match := _LINE.fullmatch(line):
        yield from _believable(match["name"])
    elif turned := _LAST_FIRST.fullmatch(line):
        yield from _believable(f"{turned['first']} {turned['last']}")


def _believable(name: str) -> Iterator[str]:
    words = name.split()
    if not any(word.lower().strip(".") in _NO_NAME for word in words) and any(len(word) > 2 for word in words):  # noqa: PLR2004
        yield " ".join(words)
