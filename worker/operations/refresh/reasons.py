"""Why a run or a stage ended as it did: static codes, free of personal data."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Reasons of runs and stages, beside those that failures bring along."""

    CHANGED_BY_PERSON = "changed_by_person"
    CUSTOMER_CONFIRMED = "customer_confirmed"
    DONE_BY_EMBEDDED_ENGINE = "done_by_embedded_engine"
    ENGINE_ERROR = "engine_error"
    INPUTS_UNCHANGED = "inputs_unchanged"
    MANUAL_SPAM_STATUS_KEPT = "manual_spam_status_kept"
    NO_NEW_CUSTOMER = "no_new_customer"
    NO_TEXT = "no_text"
    SPAM = "spam"
    UNDECIDED = "undecided"
    WORKER_LOST = "worker_lost"
