"""How a message begins before it says anything: `Sehr geehrte Frau Meier,`, `Dear Sir or Madam,`, `Hallo zusammen`."""

from __future__ import annotations

import regex

_SALUTATION = regex.compile(
    r"""(?x)
    \s*+ (?P<greeting> (?i: (?:sehr\s+)?geehrte[nrs]? | sg | verehrte[rs]? | liebe[rs]? | hallo | hi | hey | huhu
      | moin(?:\s+moin)?
        | servus | gr(?:ü|ue)(?:ß|ss)\s+gott | (?:einen\s+)?(?:sch(?:ö|oe)nen\s+)?guten\s+(?:tag|morgen|abend)
          | guten\s+tag
        | dear | hello | good\s+(?:morning|afternoon|evening|day) | greetings | to\s+whom\s+it\s+may\s+concern ) \b )
    (?: [ \t]*[,!]?[ \t]+ (?! (?i: ich|wir|mein\w*|unser\w*|bitte|hier\w*|anbei|ihr|i|we|my|our|please) \b )
      (?P<who> (?i: damen | herren | herrn? | frau | und | & | zusammen | team | leute | kundendienst
        | kundenservice | an | alle | der | des | von | vom | bei
        | the | sehr | geehrte[nrs]? | liebe[rs]? | sir | madam | or | mr | mrs | ms | dr | prof | all
          | there | everyone
        | sirs | ladies | gentlemen | and | customer | service | support ) \b\.?
      | \p{Lu}[\p{L}&.\-]*+ ) ){0,8}
    (?P<end> [ \t]*+ (?: [,!:;] | [.](?=\s|$) | (?=\n) | $ ) )?
    """
)
_TO_SOMEBODY = regex.compile(
    r"(?i)\b(?:damen|herren|herrn?|frau|zusammen|team|kundendienst|kundenservice|sirs?|madam|mr|mrs|ms|all|service"
    r"|support)\b"
)
_TOGETHER = regex.compile(r"(?i)(?:\s++(?:zusammen|team|all|there|everyone)\b)?+[,!:]?+\s*+")


def length(text: str) -> int:
    """How many characters at the start are a salutation; 0 without one."""
    match = _SALUTATION.match(text[:200])
    if match is None:
        return 0
    closed = match["end"] is not None and (match["end"].strip() or _ends_line(text, match.end()))
    if closed and (match["end"].strip() or not match["who"] or _TO_SOMEBODY.search(match[0])):
        return int(match.end())
    # `Hallo ich kündige`: nothing closes the greeting, so only its own words go.
    together = _TOGETHER.match(text, match.end("greeting"))
    return int(together.end()) if together else int(match.end("greeting"))


def _ends_line(text: str, at: int) -> bool:
    return at >= len(text) or text[at] == "\n"
