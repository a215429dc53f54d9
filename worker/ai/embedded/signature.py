"""What stands below a message: closings, signatures, mobile footers and disclaimers go, a customer's facts stay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import regex

from worker.ai.embedded import addresses, dates, ibans, identifiers
from worker.ai.embedded.calendar import MONTH_PATTERN

_LONGEST_LINE = 400  # characters; longer lines are prose and stay
_WORDS_OF_PROSE = 5

_CLOSING = regex.compile(
    r"""(?xi) \s* (?:
      (?: mit \s )? (?: (?:vielen|ganz|recht) \s )? (?:freundliche[nrm]?|beste[nr]?|liebe[nr]?|herzliche[nr]?
        |viele[nr]?|sch(?:ö|oe)ne[nr]?
        |sonnige[nr]?|nette[nr]?|kollegiale[nr]?|vorz(?:ü|ue)gliche[rn]?) \s+ (?:und \s \p{L}+ \s)? (?: gr(?:ü
          |ue)(?:ß|ss)en? | gru(?:ß|ss) )
      | gr(?:ü|ue)(?:ß|ss)e | gru(?:ß|ss) | hochachtungsvoll | herzlichst | m\.?\s?f\.?\s?g\.? | lg | vg | bg | mfg
        | gl?g
      | (?:(?:with\s)?(?:kind(?:est)?|best|warm(?:est)?|many)\s+)?(?:regards|wishes) | (?:yours\s+)?(?:sincerely
        |faithfully|truly)(?:\s+yours)?
      | cheers | best | thx | thanks | thank\s you | many\sthanks | danke | vielen\s dank | besten\s dank
      ) \b (?: \s+ (?:and|und) \s+ (?:best|kind|viele|liebe|freundliche) \s+ (?:regards|gr(?:ü|ue)(?:ß|ss)e)
        | \s+ (?:aus|from|an|vom) \s+ \S+ (?:\s\S+)? )?
      \s*+ [,!.]? \s*+ (?P<name> (?: (?:ihr|ihre|euer|eure|your|familie|fam\.|dr\.|prof\.|i\.\s?a\.
        |i\.\s?v\.) \s+ )* (?: \p{Lu}[\p{L}.'’\-]*+ \s*+ ){0,5} ) [,.!]? \s*
    """
)
_DELIMITER = regex.compile(r"\s*(?:--|—|__+)\s*")
_FOOTER = regex.compile(
    r"""(?xi) \s* (?:
      (?: von \s+ mein(?:em|er) \s+ .{2,40} \s+ (?:gesendet|geschickt) | gesendet \s+ (?:von|mit|(?:ü|ue)ber
        |aus) \s+ .{2,80}
        | sent \s+ (?:from|with|via) \s+ (?:my|the|mail|outlook|proton|samsung|yahoo|gmx|web\.de|aol|blackberry
          |a) .{0,60}
        | von \s+ .{2,40} (?:smartphone|handy|tablet|iphone|ipad|android) .{0,20} gesendet
        | diese \s+ nachricht \s+ wurde \s+ von \s+ mein.{2,80} gesendet
        | (?:hol(?:en)? \s+ sie \s+ sich | get | download) \s+ outlook .{0,40} | outlook \s+ f(?:ü|ue)r \s+ (?:ios
          |android) .{0,40}
        | virenfrei\b .{0,60} | virus-?free\b .{0,60} | this \s e-?mail \s has \s been \s (?:checked
          |scanned) .{0,80} | diese \s e-?mail \s wurde \s (?:von|auf) .{2,60} gepr(?:ü|ue)ft .{0,40}
        | (?:bitte \s+ denken \s+ sie | denken \s+ sie) .{0,40} umwelt .{0,120}
          | please \s consider \s the \s environment .{0,120} | think \s before \s you \s print .{0,80} )
      ) \.? \s*
    """
)
_BANNER = regex.compile(
    r"\s*\[?\W*(?:extern(?:e e-?mail)?|external(?: e-?mail)?|achtung|caution|warnung|warning)\b.{0,60}"
    r"(?:extern|external|outside|außerhalb|absender|sender|links).{0,200}",
    regex.IGNORECASE,
)
_DISCLAIMER = regex.compile(
    r"""(?xi) \s* [*_\W]{0,5} (?:
      (?: diese (?:r|s)? | der \s inhalt \s (?:dieser|dieses) | die \s (?:in|mit) \s dieser | this
        | the \s (?:information|content)s? \s (?:contained|in|of) ) \s .{0,60}
        \b(?: e-?mail | mail | nachricht | message | transmission | dokument ) \b .{0,160} \b(?: vertraulich\w*
          | rechtlich \s gesch(?:ü|ue)tzt\w* | confidential | privileged | intended | bestimmt ) \b
      | (?:confidentiality|legal) \s (?:notice|disclaimer) \b | disclaimer \s*: | vertraulichkeitshinweis
        | haftungsausschluss
      | if \s you \s (?:are \s not|have \s received \s this|received \s this) \b .{0,80}
      | (?:wenn|falls|sollten) \s sie \s .{0,60} (?:adressat | empf(?:ä|ae)nger | irrt(?:ü|ue)mlich) .{0,80}
      | (?:das \s )? unerlaubte[sn]? \s kopieren | any \s (?:unauthori[sz]ed|disclosure|review) \b .{0,80}
      | (?:informationen|hinweise) \s (?:zum|zur|zu \s unserem) \s (?:datenschutz|verarbeitung) \b .{0,160}
        | datenschutzhinweise? \b .{0,120}
      )
    """
)
_COMPANY = regex.compile(
    r"(?i)\b(?:HR[AB]|amtsgericht|registergericht|handelsregister|gesch(?:ä|ae)ftsf(?:ü|ue)hr\w*|ust-?id\w*"
    r"|umsatzsteuer\w*"
    r"|steuer-?n(?:r|ummer)|aufsichtsrat|vorstand|sitz der gesellschaft|vat|registered (?:in|office)"
    r"|company number|(?:tele)?fax|ceo|managing director)\b"
)
_MEASURED = regex.compile(rf"(?i)\d ?(?:kwh|m³|m3|cbm)\b|\b\d{{1,2}}\. ?(?:{MONTH_PATTERN})\b")
_CONTACT = regex.compile(r"(?i)\b[\w.+-]+@[\w-]+\.[\w.-]+|(?:\+|\b0)[\d\s()/\-]{6,20}\d")
_POSTSCRIPT = regex.compile(r"(?i)\s*(?:p\.?\s?s\.?|nb|nachtrag|anlage|anhang|attachment|enclosure)\b\s*[:.\-]?")
_SENTENCE_END = regex.compile(r"[.!?:;]\s*$")


def without_signature(text: str) -> str:
    """The text without closings, signatures, footers and disclaimers; facts in them stay, a line each."""
    lines = text.split("\n")
    return "\n".join(_kept(lines)).strip()


def without_disclaimers(lines: Sequence[str]) -> Iterator[str]:
    """The lines without mobile footers, virus notes, warnings about strangers and legal notices."""
    in_notice = False
    for line in lines:
        short = len(line) <= _LONGEST_LINE
        if not line.strip():
            in_notice = False
        elif (short and (_FOOTER.fullmatch(line) or _BANNER.fullmatch(line))) or _DISCLAIMER.match(
            line[:_LONGEST_LINE]
        ):
            in_notice = in_notice or (
                not _BANNER.match(line[:_LONGEST_LINE]) and not _FOOTER.match(line[:_LONGEST_LINE])
            )
            continue
        if not in_notice or is_fact(line):
            yield line


def is_fact(line: str) -> bool:
    """Whether a line carries what a request is about: numbers with a name, an IBAN, an address, a date, a reading."""
    if len(line) > _LONGEST_LINE or _COMPANY.search(line):
        return False
    readers = (identifiers.labelled, ibans.find, addresses.find, addresses.postal_codes, dates.spans)
    return _MEASURED.search(line) is not None or any(next(iter(read(line)), None) is not None for read in readers)


def closes(line: str) -> bool:
    """Whether a line is a closing such as `Mit freundlichen Grüßen` or `Kind regards, Tom`."""
    return len(line) <= 100 and _CLOSING.fullmatch(line) is not None  # noqa: PLR2004 - a closing is short


def _kept(lines: Sequence[str]) -> Iterator[str]:
    closed = signed = False
    said = False
    for line in without_disclaimers(lines):
        if said and _DELIMITER.fullmatch(line):
            signed = True
        elif said and closes(line):
            closed = True
        elif not (closed or signed) or _worth_keeping(line, signed=signed):
            said = said or bool(line.strip())
            yield line


def _worth_keeping(line: str, *, signed: bool) -> bool:
    if is_fact(line) or _POSTSCRIPT.match(line):
        return True
    if signed or not line.strip() or _COMPANY.search(line[:_LONGEST_LINE]):
        return not line.strip()
    return _CONTACT.search(line[:_LONGEST_LINE]) is not None or _is_prose(line)


def _is_prose(line: str) -> bool:
    return len(line.split()) >= _WORDS_OF_PROSE and _SENTENCE_END.search(line[-5:]) is not None
