"""Fits the heads of the embedded engine to data of this repository.

The heads over sentence vectors learn from the examples in `worker/ai/embedded/concepts.json`, the weights of relevance
from the tuning part of `tests/evaluation/corpus`; what is unwanted from `unwanted.json` beside this file and from both.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from tests.evaluation.labelled import Labelled, Part, directory, messages
from worker.ai.embedded.concepts import Concepts, read_entries
from worker.ai.embedded.heads import Heads, with_bias
from worker.ai.embedded.reading import Reader, Reading
from worker.ai.embedded.relevance import FEATURES, Definition, Relevance, denied, features
from worker.ai.embedded.vectors import DIMENSIONS, Encoder, Vectors
from worker.ai.protocol import Message
from worker.domain.words import SpamStatus

_DAMPING = 0.5  # of the ridge regression
_CHOSEN_STRENGTH = 10.0  # inverse of the regularisation, as scikit-learn has it; both by cross-validation
_RELEVANCE_STRENGTH = 5.0
_WEIGHT_OF_TAGS = 2.0  # one missed counts as much as two wrong ones: a person removes faster than finds
_UNWANTED_STRENGTH = 10.0
_UNWANTED = Path(__file__).with_name("unwanted.json")
_ROUNDS = 6  # of telling which sentence of a message is meant, and of fitting to these

_Examples = tuple[Vectors, Sequence[int]]


def heads(encoder: Encoder) -> Heads:
    """All heads anew; the same every time."""
    entries = read_entries()
    examples = [(text, at) for at, entry in enumerate(entries.values()) for text in entry["examples"]]
    vectors = encoder.encode([text for text, _ in examples]).astype(np.float16).astype(np.float32)  # as shipped
    labels = [label for _, label in examples]
    start = Heads(
        felt=_ridge(vectors, labels),
        chosen=_logits(vectors, labels),
        background=vectors,
        relevance=np.ones(len(FEATURES) + 1, dtype=np.float32),
        unwanted=np.zeros((DIMENSIONS + 1, 1), dtype=np.float32),
    )
    concepts = Concepts(start)
    reader = Reader(encoder, lambda: concepts)
    pairs = list(_pairs(reader, Relevance(encoder, concepts, start)))
    for _ in range(_ROUNDS):
        start = replace(start, relevance=_relevance(pairs, start.relevance))
    return replace(start, unwanted=_unwanted(encoder, reader, vectors))


def _ridge(vectors: Vectors, labels: Sequence[int]) -> Vectors:
    targets = np.full((len(labels), max(labels) + 1), -1.0)
    targets[np.arange(len(labels)), labels] = 1.0
    inputs = with_bias(vectors).astype(np.float64)
    gram = inputs.T @ inputs + _DAMPING * np.eye(inputs.shape[1])
    solved: Vectors = np.linalg.solve(gram, inputs.T @ targets).astype(np.float32)
    return solved


def _logits(vectors: Vectors, labels: Sequence[int]) -> Vectors:
    model = LogisticRegression(C=_CHOSEN_STRENGTH, max_iter=5_000, tol=1e-6)
    model.fit(vectors.astype(np.float64), labels)
    fitted: Vectors = np.vstack([model.coef_.T, model.intercept_]).astype(np.float32)
    return fitted


def _unwanted(encoder: Encoder, reader: Reader, ordinary: Vectors) -> Vectors:
    """Advertising and fraud against ordinary sentences, what merely smells of it, and the messages for tuning."""
    listed = json.loads(_UNWANTED.read_text(encoding="utf-8"))
    known = [message for message in messages() if message.part is Part.TUNE and message.want.spam_by != "headers"]
    read = np.vstack([_read(reader, message).whole for message in known])
    inputs = np.vstack([encoder.encode(listed["unwanted"]), encoder.encode(listed["wanted"]), read, ordinary])
    labels = [True] * len(listed["unwanted"]) + [False] * len(listed["wanted"])
    labels += [message.want.spam != SpamStatus.AUTO_CLEAN for message in known] + [False] * len(ordinary)
    model = LogisticRegression(C=_UNWANTED_STRENGTH, max_iter=5_000, tol=1e-6).fit(inputs.astype(np.float64), labels)
    fitted: Vectors = np.append(model.coef_[0], model.intercept_).astype(np.float32)[:, None]
    return fitted


def _pairs(reader: Reader, relevance: Relevance) -> Iterator[tuple[Vectors, bool]]:
    """The features of a message's sentences for a tag that names concepts, and whether the tag is the message's."""
    for message in messages():
        if message.part is Part.TUNE and message.want.spam == SpamStatus.AUTO_CLEAN:
            yield from _of_message(message, _read(reader, message), relevance)


def _of_message(message: Labelled, reading: Reading, relevance: Relevance) -> Iterator[tuple[Vectors, bool]]:
    for tag in directory()["tags"]:
        details = tag["detectionDetails"]
        definition = Definition(tag["name"], details["description"], tuple(details.get("examples", ())))
        profile = relevance.profile(definition)
        if profile.is_known and tag["name"] not in message.want.tags_too:
            said = features(reading, [profile])[0][~denied(reading, [profile])[0]]
            if len(said):
                yield said, tag["name"] in message.want.tags


def _read(reader: Reader, message: Labelled) -> Reading:
    return reader.read(
        Message(message.channel, "in", message.received, subject=message.subject, body=message.body, sender="")
    )


def _relevance(pairs: Sequence[tuple[Vectors, bool]], weights: Vectors) -> Vectors:
    """Weights and bias that tell tags from others by the sentence that the weights so far find the most telling."""
    best = np.array([said[int((said @ weights[:-1]).argmax())] for said, _ in pairs], dtype=np.float64)
    balance = {True: _WEIGHT_OF_TAGS, False: 1.0}
    model = LogisticRegression(C=_RELEVANCE_STRENGTH, class_weight=balance, max_iter=5_000, tol=1e-6)
    model.fit(best, [applies for _, applies in pairs])
    fitted: Vectors = np.append(model.coef_[0], model.intercept_).astype(np.float32)
    return fitted
