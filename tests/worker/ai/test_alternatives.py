from __future__ import annotations

import pytest
import regex

from worker.ai.embedded.alternatives import Alternatives, plain_text
from worker.ai.embedded.concepts import read_entries
from worker.ai.embedded.letters import fold

_PARTS = ("words", "not", "retracted")
_PATTERNS = [pattern for entry in read_entries().values() for part in _PARTS for pattern in entry.get(part, [])]
_EXAMPLES = [fold(example) for entry in read_entries().values() for example in entry["examples"]]


@pytest.mark.parametrize(
    ("pattern", "plain"),
    [
        (r"\bmeter read", "meter read"),
        (r"neue[nr]? (?:adresse|anschrift)", "neue"),
        (r"zaehlerst\w{0,2}nd", "zaehlerst"),
        (r"mail-?adresse", "adresse"),
        (r"tariff?s", "tarif"),
        (r"(?<!karte )gesperrt(?! \w* konto)", "gesperrt"),
        (r"kd\.?-?nr", "kd"),
        (r"100% free", "100% free"),
        (r"strom|gas", ""),
        (r"(?:strom|gas)", ""),
    ],
)
def test_the_plain_text_of_a_pattern_is_what_it_cannot_do_without(pattern: str, plain: str) -> None:
    assert plain_text(pattern) == plain


@pytest.mark.parametrize("pattern", _PATTERNS)
def test_no_pattern_of_the_concepts_is_found_where_its_plain_text_is_missing(pattern: str) -> None:
    searched = regex.compile(pattern)

    assert all(plain_text(pattern) in example for example in _EXAMPLES if searched.search(example))


def test_alternatives_find_what_their_patterns_find() -> None:
    alternatives = Alternatives([r"\bums?zug", r"ziehe\w* (?:\w+ ){0,3}um\b"])

    assert alternatives.found_in("wir ziehen am montag um")
    assert not alternatives.found_in("wir ziehen am montag weg")
    assert alternatives.possible_in("ziehe").found_in("ich ziehe um")
    assert not alternatives.possible_in("nichts davon")
