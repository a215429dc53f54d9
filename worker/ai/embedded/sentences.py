"""Sentences with their places in the text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import regex
from syntok import segmenter

from worker.ai.embedded import salutation

LONGEST_TEXT = 20_000  # characters that are split; what a customer wants stands before
MOST = 60  # sentences of one text
_LONGEST_SENTENCE = 600  # a text without full stops is cut here

# A full stop after a street, a number or a title ends no sentence: it is hidden from the splitter, length kept.
_INNER_STOP = regex.compile(
    r"""(?xi)
    (?<= \b(?: str | nr | kd | kto | tel | dr | prof | hr | fr | hrn | geb | ggf | bzw | ca | evtl | inkl | mr
      | mrs | ms
             | no | vgl | art | abs | st | z | u | v | vertr | zz?gl | mtl | tgl | max | min | approx
               | etc ) ) \. (?=[\s\-]?\S)
    | (?<= str ) \. (?= \s? [\d,] )
    | (?<= \b\d{1,2} ) \. (?= \s* (?: \d | jan | feb | m(?:ä|ae)r | apr | mai | may | jun | jul | aug | sep | o[ck]t
                                    | nov | de[cz] | og\b | stock | etage | [a-zäöü] ) )
    """
)
_SHORT_LINE = 55  # a program that wraps prose fills its lines further

# One sentence to the splitter, whatever it would do with more: words without anything that may end it before its end.
_SIMPLE = regex.compile(r"(?:[\p{L}\d] | [ ,:] )*+ [.!?\n]?", regex.VERBOSE)
_LINE_BREAK = regex.compile(r"(?P<hard>\n\s*\n|\n(?=\s*(?:[-*•–]\s|\d{1,2}[.)]\s|\p{L}[\p{L} \-]{1,25}:\s)))|\n")
_NEW_LINE = regex.compile(r"\s*[\p{Lu}\d\[(]")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence as written, blanks squeezed, and where it stands in the text (`start` to `end`)."""

    text: str
    start: int
    end: int


def split(text: str) -> list[Sentence]:
    """The sentences of a text, at most `MOST`, without a leading salutation; single words do not count."""
    text = text[:LONGEST_TEXT]
    found: list[Sentence] = []
    for begin, end in _spans(text):
        start = begin + salutation.length(text[begin:end])
        squeezed = " ".join(text[start:end].split())
        if any(letter.isalnum() for letter in squeezed):
            found.append(Sentence(squeezed, start, end))
        if len(found) == MOST:
            break
    return found


def _spans(text: str) -> Iterator[tuple[int, int]]:
    hidden = _INNER_STOP.sub("\u2024", text)
    at = 0
    for break_ in [*_breaks(text), None]:
        end = break_.start() if break_ else len(text)
        yield from _paragraph_spans(hidden, at, end)
        at = break_.end() if break_ else end


def _breaks(text: str) -> Iterator[regex.Match[str]]:
    """Ends of paragraphs, of list entries and of the short lines of forms, which are no wrapped prose."""
    line_start = 0
    for match in _LINE_BREAK.finditer(text):
        short = match.start() - line_start < _SHORT_LINE
        if match["hard"] or (short and _NEW_LINE.match(text, match.end())):
            yield match
        line_start = match.end()


def _paragraph_spans(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for first, last in _sentence_spans(text[start:end]):
        for at in range(first, last, _LONGEST_SENTENCE):
            yield start + at, start + min(at + _LONGEST_SENTENCE, last)


def _sentence_spans(text: str) -> Iterator[tuple[int, int]]:
    if _SIMPLE.fullmatch(text):  # most lines of most letters, and a splitter takes its time
        if text and not text.isspace():
            yield len(text) - len(text.lstrip()), len(text)
        return
    for paragraph in segmenter.analyze(text):
        for tokens in paragraph:
            yield tokens[0].offset, tokens[-1].offset + len(tokens[-1].value)
