"""The closed vocabularies of the page and of contract sections 1 to 4, one enumeration each."""

from __future__ import annotations

from enum import StrEnum


class Direction(StrEnum):
    """Direction of a ticket (page: `direction`)."""

    IN = "in"
    OUT = "out"
    INTERNAL = "internal"


class Channel(StrEnum):
    """Channel of a ticket (page: `channel`)."""

    EMAIL = "email"
    PORTAL = "portal"
    PHONE = "phone"
    LETTER = "letter"
    SYSTEM = "system"
    CHAT = "chat"
    WALK_IN = "walkIn"


class Status(StrEnum):
    """Status of a ticket (page: `status`)."""

    OPEN = "open"
    PENDING = "pending"
    CLOSED = "closed"


class Priority(StrEnum):
    """Priority of a ticket, lowest first (page: `priority`)."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    URGENT = "urgent"


class SpamStatus(StrEnum):
    """Spam classification; null, `auto_clean` and `manual_clean` are not spam (contract section 3)."""

    AUTO_SPAM = "auto_spam"
    AUTO_CLEAN = "auto_clean"
    AUTO_PROGRAMMATIC = "auto_programmatic"
    MANUAL_SPAM = "manual_spam"
    MANUAL_CLEAN = "manual_clean"


class AiSupportLevel(StrEnum):
    """Level of AI support (page: `aiSupportLevel`)."""

    UNPROCESSED = "unprocessed"
    HUMAN = "human"
    BOT = "bot"
    AUTOMATED = "automated"


class Interface(StrEnum):
    """Ticketing system interface; the page knows one."""

    INTERNAL = "internal"


class Sentiment(StrEnum):
    """What an engine says of a customer's mood."""

    POSITIVE = "positive"
    NEUTRAL = "neutral"
    NEGATIVE = "negative"


class RefreshMode(StrEnum):
    """What a refresh runs again (page: `refreshMode`)."""

    FULL = "full"
    SUMMARY_AND_TEXT = "summaryAndText"
    CUSTOMER = "customer"
    TAGS = "tags"
    TAGS_RULE_BASED = "tagsRuleBased"
    AGENTS = "agents"


class Stage(StrEnum):
    """One step of a refresh (contract section 4)."""

    LANGUAGE = "language"
    TEXT = "text"
    SUMMARY = "summary"
    SENTIMENT = "sentiment"
    SPAM = "spam"
    CUSTOMER = "customer"
    TAGS = "tags"
    AGENTS = "agents"


class TagSource(StrEnum):
    """Who put a tag on a ticket (contract section 4)."""

    MANUAL = "manual"
    RULE = "rule"
    AI = "ai"
    DEFAULT = "default"


class DetectionType(StrEnum):
    """How a tag or an AI agent is found (page: `detectionDetails.type`)."""

    MANUAL = "manualAssignment"
    AI = "aiDetection"
    CONDITION = "conditionDetection"
    AI_AND_CONDITION = "aiAndConditionDetection"
    AI_OR_CONDITION = "aiOrConditionDetection"


class Outcome(StrEnum):
    """How one item of a batch ended; exactly one each (contract section 1)."""

    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFRESH_SCHEDULED = "refresh_scheduled"
    REFRESH_SKIPPED = "refresh_skipped"
    REJECTED = "rejected"
    CONFLICT = "conflict"  # the ticket has changed since the `ifModifiedAt` of the item


class Lane(StrEnum):
    """Which batches go first, with all that they cause (interface: `priority`)."""

    INTERACTIVE = "interactive"
    BULK = "bulk"


class MessageState(StrEnum):
    """Where a row of the outbox stands; of a batch only so many are `ready` or `sent`, the rest is `held`."""

    HELD = "held"
    READY = "ready"
    SENT = "sent"
    POSTPONED = "postponed"  # part of its work waits for a later time


class BatchState(StrEnum):
    """Where a batch stands; `done` and `cancelled` are ends."""

    ACCEPTED = "accepted"
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    DONE = "done"


ENDED_BATCH = frozenset({BatchState.DONE, BatchState.CANCELLED})
"""States that no batch leaves."""


class RunState(StrEnum):
    """Where a refresh run stands; all but `waiting` and `running` are ends."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    SKIPPED = "skipped"
    MERGED = "merged"
    FAILED = "failed"


class StageState(StrEnum):
    """How one stage of a run ended."""

    DONE = "done"  # wrote something
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    SUPERSEDED = "superseded"
    FAILED = "failed"


class DeliveryState(StrEnum):
    """Where a webhook delivery stands; `delivered` and `dead` are ends."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"


class EndpointState(StrEnum):
    """How a webhook endpoint is doing."""

    ENABLED = "enabled"
    FAILING = "failing"  # it took nothing lately
    DISABLED = "disabled"


class DisabledReason(StrEnum):
    """Why a webhook endpoint is told of nothing."""

    BY_DEFINITION = "by_definition"  # loaded with `enabled: false`
    BY_COMMAND = "by_command"
    FAILING = "failing"  # only failed for too long
    REMOVED = "removed"


class ActorType(StrEnum):
    """Who made a change."""

    USER = "user"
    AI = "ai"
    SYSTEM = "system"


class ErrorCode(StrEnum):
    """Error codes of an item and, from `not_a_list` on, of a whole batch (contract section 2)."""

    NOT_AN_OBJECT = "not_an_object"
    MISSING_ID = "missing_id"
    UNKNOWN_FIELD = "unknown_field"
    INVALID_TYPE = "invalid_type"
    INVALID_VALUE = "invalid_value"
    NULL_NOT_ALLOWED = "null_not_allowed"
    TOO_LONG = "too_long"
    IMMUTABLE_FIELD = "immutable_field"
    CONFLICTING_FIELDS = "conflicting_fields"
    PENDING_REQUIRES_FUTURE_DUE_BY = "pending_requires_future_due_by"
    DUPLICATE_EXTERNAL_TICKET_ID = "duplicate_external_ticket_id"
    TICKET_NOT_FOUND = "ticket_not_found"
    UNKNOWN_TAG = "unknown_tag"
    ABORTED = "aborted"
    CONFLICT = "conflict"
    CANCELLED = "cancelled"
    NOT_A_LIST = "not_a_list"
    BATCH_TOO_LARGE = "batch_too_large"
    INVALID_JSON = "invalid_json"
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused"
    BATCH_ENDED = "batch_ended"
    BATCH_NOT_ENDED = "batch_not_ended"


class IgnoredReason(StrEnum):
    """Why a field of an item was left aside (contract section 2)."""

    COMPUTED = "computed"
    REFRESH_SAVES_NOTHING = "refresh_saves_nothing"
    REFRESH_MODE_WINS = "refresh_mode_wins"
    MANUAL_SPAM_STATUS_KEPT = "manual_spam_status_kept"
