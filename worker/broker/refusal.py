"""Why a queue entry is not let in."""

from __future__ import annotations

from enum import StrEnum


class Refusal(StrEnum):
    """Static codes, free of what the entry holds; `dead list` shows them."""

    TOO_LARGE = "too_large"
    NOT_JSON = "not_json"
    NOT_AN_OBJECT = "not_an_object"
    INVALID_HEADERS = "invalid_headers"
    INVALID_PROPERTIES = "invalid_properties"
    INVALID_BODY = "invalid_body"
    UNKNOWN_CONTENT_TYPE = "unknown_content_type"
    COMPRESSED = "compressed"
    NOT_PROTOCOL_2 = "not_protocol_2"
    UNKNOWN_TASK = "unknown_task"
    WRONG_QUEUE = "wrong_queue"
    INVALID_ID = "invalid_id"
    INVALID_TIMELIMIT = "invalid_timelimit"
    INVALID_ETA = "invalid_eta"
    ETA_TOO_FAR = "eta_too_far"
    EMBEDDED_CANVAS = "embedded_canvas"
    DELIVERED_TOO_OFTEN = "delivered_too_often"


class Refused(Exception):  # noqa: N818 - an answer about an entry, not a fault of the program
    """The entry stays out, for this reason."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason.value)
        self.reason = reason
