"""The forms a date is written in, in German and English, each with what reads its meaning."""

from __future__ import annotations

from functools import partial

import regex

from worker.ai.embedded import date_meanings as meaning
from worker.ai.embedded.calendar import MONTH_PATTERN, WEEKDAY_PATTERN

_pattern = partial(regex.compile, flags=regex.IGNORECASE)

NUMERIC = _pattern(
    r"(?<![\d.,/])(?P<a>\d{1,2})(?P<sep>[./])\s?(?P<b>\d{1,2})(?P=sep)\s?(?P<y>\d{4}|\d{2})(?![\d]|[.,/]\d)"
)
ISO = _pattern(r"(?<![\d-])(?P<y>(?:19|20)\d{2})-(?P<m>\d{1,2})-(?P<d>\d{1,2})(?![\d-])")
SHORT = _pattern(
    r"(?<![\d.,/])(?P<a>\d{1,2})\.\s?(?P<b>\d{1,2})\.(?!\s?\d)"
    r"|(?<=\b(?:am|zum|ab|bis|vom|seit|per|on|by|from)\s(?:dem\s"
    r"|zum\s)?)(?P<a>\d{1,2})[./](?P<b>\d{1,2})(?![\d./,]|\s?(?:kwh|m³|m3|€|eur|uhr|%))"
)
TIME = _pattern(r"(?<!\d)\d{1,2}[:.]\d{2}\s?(?:uhr|h\b|am\b|pm\b)|(?<!\d)\d{1,2}:\d{2}(?!\d)|(?<!\d)\d{1,2}\s?uhr\b")
_YEAR = r"(?:[.,]?\s?(?P<y>(?:19|20)\d{2})(?![\d.,]\d|\d))?"
_NUMBER_WORD = (
    r"(?P<n>\d{1,3}|ein(?:e[mnr]?)?|a|one|zwei|two|drei|three|vier|four|fünf|five|sechs|six|acht|eight"
    r"|zehn|ten|zwölf|twelve|couple of)"
)

FORMS: tuple[tuple[regex.Pattern[str], meaning.Reader], ...] = (
    (ISO, meaning.iso),
    (NUMERIC, meaning.numeric),
    (
        _pattern(
            rf"(?<!\d)(?P<d>\d{{1,2}})(?:\.|st|nd|rd|th|s?ten|ter)?\s?(?:of\s"
            rf"|day of\s)?(?P<month>{MONTH_PATTERN})\b\.?{_YEAR}"
        ),
        meaning.named,
    ),
    (
        _pattern(
            rf"\b(?P<month>{MONTH_PATTERN})\.?\s(?:the\s)?(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?![\d.,:]\d|\d"
            rf"|\s?(?:kwh|m³|€|eur)){_YEAR}"
        ),
        meaning.named,
    ),
    (SHORT, meaning.short),
    (
        _pattern(
            rf"\b(?P<part>anfang|mitte|ende|beginning|start|early|mid|middle|end)[\s-](?:of\s|des\s"
            rf"|vom\s)?(?:monats?\s)?(?P<month>{MONTH_PATTERN})\b{_YEAR}"
        ),
        meaning.month_part,
    ),
    (
        _pattern(
            rf"(?<=\b(?:ab|von|seit|from|since|starting|starting in|starting from"
            rf"|beginning in|with the|with)\s)(?P<month>{MONTH_PATTERN})\b{_YEAR}"
        ),
        meaning.month,
    ),
    (
        _pattern(
            rf"\b(?P<day>{WEEKDAY_PATTERN})\s(?:in\s|der\s)?(?P<week>nächster|kommender|dieser|next|this|of next"
            rf"|of this)\s(?:woche|week)\b"
        ),
        meaning.weekday_of_week,
    ),
    (
        _pattern(
            rf"\b(?:in\s)?(?P<week>nächste|kommende|diese|next|this)\s(?:woche|week)\s(?:am\s"
            rf"|on\s)?(?P<day>{WEEKDAY_PATTERN})\b"
        ),
        meaning.weekday_of_week,
    ),
    (
        _pattern(
            rf"\b(?P<which>übernächste[nrms]?|nächste[nrms]?|kommende[nrms]?|diese[nrms]?|letzte[nrms]?"
            rf"|vergangene[nrms]?|vorige[nrms]?|next|this coming|this|coming"
            rf"|last|past|am|on|ab|bis|by|from|until)\s(?P<day>{WEEKDAY_PATTERN})\b"
        ),
        meaning.weekday,
    ),
    (
        _pattern(
            rf"\b(?P<way>in\s|vor\s|within\s|)(?:about\s|etwa\s|ca\.\s)?{_NUMBER_WORD}\s(?P<unit>tag(?:en?)?|days?"
            rf"|wochen?|weeks?|monat(?:en?)?|months?|jahr(?:en?)?|years?)\b(?P<ago>\sago\b)?"
        ),
        meaning.distance,
    ),
    (
        _pattern(
            r"\b(?:nächste[nrms]?|kommende[nrms]?|next)\s(?:ersten|monatsersten|monatsanfang)\b"
            r"|\bzum\sersten\sdes\snächsten\smonats\b"
        ),
        partial(meaning.first_of_next, "month"),
    ),
    (
        _pattern(
            r"(?:\b(?:am|zum|ab|bis|vom|seit|on|by|from|until)\s(?:dem\s|zum\s|the\s)?)(?P<d>\d{1,2})(?:\.|st|nd"
            r"|rd|th)(?![\d])(?!\s?\p{L}{3,}straße)"
            r"(?:\s(?:of\s|des\s)?(?P<next>nächsten\s|kommenden\s|next\s)?(?:this\s|diesen\s)?(?:monats?"
            r"|month))?(?=\s|[,.;!?)]|$)"
        ),
        meaning.day_of_month,
    ),
    (
        _pattern(
            r"\b(?:ende|zum ende) (?:des |dieses )?(?:laufenden )?monats?\b|\bmonatsende\b|\bend of (?:the"
            r"|this) month\b|\bmonth[' ]?s end\b"
        ),
        meaning.end_of("month"),
    ),
    (
        _pattern(r"\bende (?:des )?(?:nächsten|kommenden) monats?\b|\bende nächster monat\b|\bend of next month\b"),
        meaning.end_of("month", ahead=1),
    ),
    (
        _pattern(r"\bquartals(?:ende)\b|\bende (?:des |dieses )?quartals?\b|\bend of (?:the|this) quarter\b"),
        meaning.end_of("quarter"),
    ),
    (
        _pattern(
            r"\bjahresende\b|\bende (?:des |dieses )?(?:laufenden )?jahre?s?\b|\bend of (?:the|this) year\b"
            r"|\byear[' -]?end\b"
        ),
        meaning.end_of("year"),
    ),
    (_pattern(r"\bende (?:des )?nächsten jahres\b|\bend of next year\b"), meaning.end_of("year", ahead=1)),
    (
        _pattern(r"\b(?:nächste[nrms]?|kommende[nrms]?|next) (?:monats?|month)\b"),
        partial(meaning.first_of_next, "month"),
    ),
    (
        _pattern(r"\b(?:nächste[nsm]?|kommende[nsm]?|next) (?:jahre?s?|year)\b|\bjahreswechsel\b"),
        partial(meaning.first_of_next, "year"),
    ),
    (_pattern(r"\bübermorgen\b|\bday after tomorrow\b"), meaning.in_days(2)),
    (_pattern(r"\bvorgestern\b|\bday before yesterday\b"), meaning.in_days(-2)),
    (_pattern(r"\bgestern\b|\byesterday\b|\blast night\b"), meaning.in_days(-1)),
    (
        _pattern(
            r"\bmorgen\b(?!s)(?<!\b(?:guten|heute|gestern|jeden|am|diesen|samstag|montag|dienstag|mittwoch"
            r"|donnerstag|freitag|sonntag) morgen)|\btomorrow\b"
        ),
        meaning.in_days(1),
    ),
    (
        _pattern(
            r"\bheut(?:e|igen)\b|\btoday\b|\bthis (?:morning|afternoon|evening)\b"
            r"|\bab (?:sofort|jetzt)\b|\bsofort\b|\bimmediately\b|\bas of now\b"
            r"|\beffective now\b|\bright away\b|\bwith immediate effect\b|\bmit sofortiger wirkung\b|\bfrom now on\b"
        ),
        meaning.in_days(0),
    ),
)
