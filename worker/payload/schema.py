"""JSON Schema of a batch, for senders in other languages; made from the field table (contract sections 1 and 2)."""

from __future__ import annotations

from collections.abc import Mapping

from worker.domain.fields import FIELDS, SHORT, SHOWN_ONLY, Field, Kind, Role
from worker.payload.addresses import LONGEST_RECIPIENT
from worker.payload.ids import GREATEST_ID, GREATEST_LEVEL
from worker.payload.item import DEPRECATED
from worker.payload.kinds import CHOICES
from worker.payload.versions import IF_MODIFIED_AT
from worker.payload.wrong import LONGEST_LIST

Schema = dict[str, object]

_ID: Schema = {"anyOf": [{"type": "integer", "minimum": 1, "maximum": GREATEST_ID}, {"$ref": "#/$defs/digits"}]}
_RECIPIENT: Schema = {"type": "string", "minLength": 1, "maxLength": LONGEST_RECIPIENT}

_ROLES: Mapping[Role, str] = {
    Role.IDENTITY: "The ticket to patch.",
    Role.WRITABLE: "Saved.",
    Role.TAG_OPERATION: "Saved as tags set by hand.",
    Role.DEPRECATED: "Saved as stored reply addresses.",
    Role.CONTROL: "Asks for a refresh; the item then saves nothing.",
    Role.IMMUTABLE: "Cannot be changed; the ticket's own value is accepted.",
    Role.COMPUTED: "Computed: not checked, ignored and named in ignoredFields.",
}

_KINDS: Mapping[Kind, Schema] = {
    Kind.TEXT: {"type": "string"},
    Kind.FLAG: {"type": "boolean"},
    Kind.INTEGER: _ID,
    Kind.LEVEL: {"type": "integer", "minimum": 0, "maximum": GREATEST_LEVEL},
    Kind.LOOSE_ID: {"anyOf": [{"type": "string", "minLength": 1, "maxLength": SHORT}, {"type": "integer"}]},
    Kind.TIME: {"$ref": "#/$defs/time"},
    Kind.IDS: {"type": "array", "items": _ID, "maxItems": LONGEST_LIST},
    Kind.ADDRESSES: {"type": "array", "items": {"type": "string", "format": "email"}, "maxItems": LONGEST_LIST},
    Kind.RECIPIENTS: {"anyOf": [_RECIPIENT, {"type": "array", "items": _RECIPIENT, "maxItems": LONGEST_LIST}]},
    Kind.OBJECT: {"type": "object"},
    Kind.ANY: {},
}

_NOTES: Mapping[str, str] = {
    "from": "Null on channel system alone.",
    "dueBy": "Status pending needs one in the future. Marked as set by hand.",
    "spamStatus": "An auto_* status never replaces a manual one; null resets it.",
    "tagIds": "Replaces all tags. Not together with addTagIds or removeTagIds.",
    "addTagIds": "Not together with tagIds. A tag cannot be both added and removed.",
    "removeTagIds": "Not together with tagIds. A tag cannot be both added and removed.",
    "ccEmails": "Given together with replyCcEmails, the two are joined.",
    "replyCcEmails": "Given together with ccEmails, the two are joined.",
    "refreshMode": "Wins over refresh and refreshTags. Null asks for nothing.",
    "refresh": "Use refreshMode full instead.",
    "refreshTags": "Use refreshMode tags instead.",
    "additionalData": "Replaced whole.",
    "assignedAgentIds": "Replaced whole.",
}

_TIME: Schema = {
    "title": "A time",
    "description": "YYYY-MM-DD HH:MM:SS in the configured time zone, ISO 8601 with a time, or Unix seconds.",
    "anyOf": [
        {"type": "string", "pattern": "^[0-9]{4}-?[0-9]{2}-?[0-9]{2}[Tt ][0-9]{2}:?[0-9]{2}"},
        {"type": "number", "exclusiveMinimum": -(10**11), "exclusiveMaximum": 10**11},
    ],
    "examples": ["2022-12-15 22:18:06", "2023-11-07T05:31:56Z", 1671142686],
}

_IF_MODIFIED_AT: Schema = {
    "description": "The modifiedAt of the ticket as it was last seen, null when it had none: if the ticket has changed"
    " since, the item ends as conflict, with the current values of its fields.",
    "anyOf": [{"$ref": "#/$defs/time"}, {"type": "null"}],
    "writeOnly": True,
}

_EXAMPLES: list[object] = [
    [{"id": 376189, "status": "closed"}, {"id": 376190, "priority": "high", "addTagIds": [62]}],
    [{"id": 376189, "refreshMode": "tags"}],
    [{"id": 376189, "ifModifiedAt": "2022-12-15 22:18:06", "priority": "low"}],
]


def batch_schema() -> dict[str, object]:
    """The schema in draft 2020-12 of what a sender may send: an array of items, or one item.

    It describes an item that saves; of what an item that refreshes ignores, only names and types are asked for. The
    greatest number of items is a setting and not part of it.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Bulk ticket patch",
        "description": "What is absent stays untouched; null clears, where it is allowed.",
        "anyOf": [{"type": "array", "items": {"$ref": "#/$defs/item"}}, {"$ref": "#/$defs/item"}],
        "examples": _EXAMPLES,
        "$defs": {
            "item": {
                "title": "Ticket patch",
                "type": "object",
                "properties": {
                    **{name: _property(spec) for name, spec in FIELDS.items()},
                    **{name: _described({}, Role.COMPUTED, "") | {"readOnly": True} for name in sorted(SHOWN_ONLY)},
                    IF_MODIFIED_AT: _IF_MODIFIED_AT,
                },
                "required": ["id"],
                "additionalProperties": False,
            },
            "digits": {"title": "An id in digits", "type": "string", "pattern": "^[0-9]{1,32}$"},
            "time": _TIME,
        },
    }


def _property(spec: Field) -> Schema:
    schema = dict(_KINDS[spec.kind])
    if spec.limit is not None and spec.kind is Kind.TEXT:
        schema["maxLength"] = spec.limit
    if spec.name in CHOICES:
        schema["enum"] = [str(choice) for choice in CHOICES[spec.name]]
    if spec.nullable and schema:
        schema = {"anyOf": [schema, {"type": "null"}]}
    if spec.role is Role.COMPUTED:
        schema["readOnly"] = True
    if spec.role is Role.CONTROL or spec.name in {"addTagIds", "removeTagIds"}:
        schema["writeOnly"] = True
    if spec.name in DEPRECATED:
        schema["deprecated"] = True
    return _described(schema, spec.role, _NOTES.get(spec.name, ""))


def _described(schema: Schema, role: Role, note: str) -> Schema:
    return {"description": f"{_ROLES[role]} {note}".strip(), **schema}
