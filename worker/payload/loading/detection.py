"""How tags and AI agents are found: the shape of `detectionDetails`, and what contradicts itself there."""

from __future__ import annotations

from worker.domain.conditions import check_condition
from worker.domain.entities import Detection
from worker.domain.fields import LINE
from worker.domain.words import DetectionType
from worker.payload.loading.errors import LoadErrorCode, Place
from worker.payload.loading.shape import Key, Shape, several, shaped, text, word
from worker.payload.objects import read_object
from worker.payload.texts import read_text

_WITHOUT_CONDITION = frozenset({DetectionType.MANUAL, DetectionType.AI})


def _read_condition(value: object, place: Place) -> object:
    condition = read_object(value)
    for problem in check_condition(condition, place.path):
        Place(place.errors, problem.path).report(problem.code, problem.message)
    return condition


_DETAILS: Shape = {
    "type": Key(word(DetectionType)),
    "condition": Key(_read_condition),
    "description": Key(text(LINE * 10)),
    "examples": Key(several(lambda value: read_text(value, LINE * 10))),
}

DETECTION = Key(shaped(_DETAILS))
"""The key `detectionDetails`."""


def check_detection(detection: Detection, place: Place, *, limited: bool) -> None:
    """Report what contradicts itself; `limited` says whether channels or subchannels alone could find it."""
    at = place.key("detectionDetails").key("condition")
    if detection.condition is not None:
        if detection.type in _WITHOUT_CONDITION:
            at.report(LoadErrorCode.CONTRADICTION, f"the type {detection.type} knows no condition")
    elif detection.type is DetectionType.AI_AND_CONDITION:
        at.report(LoadErrorCode.CONTRADICTION, f"the type {detection.type} needs a condition")
    elif detection.type is DetectionType.CONDITION and not limited:
        at.report(LoadErrorCode.CONTRADICTION, "without a condition or limits of channels this would be found always")
