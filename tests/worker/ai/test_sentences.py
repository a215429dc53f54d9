"""What is told to be one sentence without the splitter is one to the splitter, too."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from syntok import segmenter

from tests.evaluation.labelled import messages
from worker.ai.embedded import sentences

LETTERS = "aBc ÄößЖ1 2,:.!?;( d日 \n-'"


def splitter_s(text: str) -> list[tuple[int, int]]:
    found = [tokens for paragraph in segmenter.analyze(text) for tokens in paragraph]
    return [(tokens[0].offset, tokens[-1].offset + len(tokens[-1].value)) for tokens in found]


@given(st.text(LETTERS, max_size=30) | st.lists(st.sampled_from([*LETTERS, "Dr", "VII", "März", " "])).map("".join))
def test_any_line(text: str) -> None:
    assert list(sentences._sentence_spans(text)) == splitter_s(text)


def test_lines_of_letters_most_of_which_need_no_splitter() -> None:
    lines = [line + end for one in messages() for line in one.body.splitlines() for end in ("", "\n")]

    assert [list(sentences._sentence_spans(line)) for line in lines] == [splitter_s(line) for line in lines]
    assert sum(sentences._SIMPLE.fullmatch(line) is not None for line in lines) > len(lines) / 2
