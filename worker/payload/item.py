"""One item of a batch: what was sent in, what it asks for out, all errors at once (contract sections 1 and 2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from itertools import chain
from typing import cast
from zoneinfo import ZoneInfo

from worker.domain.entities import Value
from worker.domain.fields import FIELDS, WRITABLE
from worker.domain.words import ErrorCode, IgnoredReason, RefreshMode
from worker.payload.addresses import without_doubles
from worker.payload.conflicts import check_sender, tag_conflicts
from worker.payload.kinds import READERS
from worker.payload.names import nearest_name, shown_name
from worker.payload.refreshing import COMPUTED, control_of, ignored_by, is_shape_error, mode_of
from worker.payload.remarks import Ignored, ItemError
from worker.payload.versions import IF_MODIFIED_AT, LastSeen, read_last_seen
from worker.payload.wrong import Wrong

DEPRECATED = frozenset({"ccEmails", "bccEmails", "replyCcEmails", "refresh", "refreshTags"})
"""Fields that still work and are named in an item's `deprecations` when sent (page)."""

MOST_ERRORS = 100
"""Errors of an item after which unknown names are no longer listed: an object may have any number of them."""

_READERS = {name: READERS.get(spec.kind) for name, spec in FIELDS.items()}
"""The reader of every field; None for computed ones."""

_SAVED = frozenset({*WRITABLE, "ccEmails", "bccEmails"})


@dataclass(frozen=True, slots=True)
class Rules:
    """What the settings say about reading: `zone` is that of times without an offset."""

    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Item:
    """An item as it was read; when it has `errors`, nothing of it is saved, and `values` lack the wrong fields.

    `values` holds the stored form of the writable fields by the page's names, and of `ccEmails` and `bccEmails` (the
    stored reply addresses). `sent_as` names the fields as sent for those stored ones whose names differ. `direction`
    is as sent, to be compared with the ticket's. The tag tuples are as sent, doubles and all, so that a position in
    them is that of a path such as `addTagIds[0]`; None means not sent. An item with `refresh` saves nothing: its
    `values`, `direction` and tags are empty. A `from` of null without a `channel` beside it is still to be judged by
    `worker.payload.conflicts.check_sender`, with the ticket's channel. `last_seen` is None when no version is checked.
    """

    ticket_id: int | None = None
    values: dict[str, Value] = field(default_factory=dict)
    sent_as: dict[str, tuple[str, ...]] = field(default_factory=dict)
    direction: str | None = None
    tag_ids: tuple[int, ...] | None = None
    add_tag_ids: tuple[int, ...] | None = None
    remove_tag_ids: tuple[int, ...] | None = None
    refresh: RefreshMode | None = None
    last_seen: LastSeen | None = None
    ignored: tuple[Ignored, ...] = ()
    deprecations: tuple[str, ...] = ()
    errors: tuple[ItemError, ...] = ()

    @property
    def changes_tags(self) -> bool:
        """Whether it has any operation on tags."""
        return not (self.tag_ids is None and self.add_tag_ids is None and self.remove_tag_ids is None)


def parse_item(raw: object, rules: Rules) -> Item:
    """Read one element of a batch. Whatever it is, the answer is an `Item`: what is wrong stands in its `errors`."""
    if not isinstance(raw, dict):
        return Item(errors=(ItemError(ErrorCode.NOT_AN_OBJECT, "", "must be an object"),))
    values, errors = _read_fields(raw, rules.zone)
    last_seen = _last_seen(raw, rules.zone, errors) if IF_MODIFIED_AT in raw else None
    control = control_of(raw)
    if control is None:
        return _saving(raw, values, last_seen, errors)
    return _refreshing(raw, control, values, last_seen, errors)


def _read_fields(raw: Mapping[str, object], zone: tzinfo) -> tuple[dict[str, Value], list[ItemError]]:
    """The stored forms of all fields that a sender may set, by their names as sent, and what is wrong with the rest."""
    values: dict[str, Value] = {}
    errors: list[ItemError] = []
    for name, value in raw.items():
        spec = FIELDS.get(name)
        if spec is None:
            if name != IF_MODIFIED_AT and len(errors) < MOST_ERRORS:
                errors.extend(_unknown(str(name)))
        elif (read := _READERS[name]) is None:
            continue
        elif value is not None:
            try:
                values[name] = read(value, spec, zone)
            except Wrong as wrong:
                errors.extend(wrong.at(name))
        elif spec.nullable:
            values[name] = None
        else:
            errors.append(ItemError(ErrorCode.NULL_NOT_ALLOWED, name, "must not be null"))
    if "id" not in raw:
        errors.append(ItemError(ErrorCode.MISSING_ID, "id", "is required"))
    return values, errors


def _last_seen(raw: Mapping[str, object], zone: tzinfo, errors: list[ItemError]) -> LastSeen | None:
    try:
        return read_last_seen(raw[IF_MODIFIED_AT], zone)
    except Wrong as wrong:
        errors.extend(wrong.at(IF_MODIFIED_AT))
        return None


def _unknown(name: str) -> Iterator[ItemError]:
    if name not in COMPUTED:
        message = f"is no field of a ticket; the nearest one is {nearest_name(name)}"
        yield ItemError(ErrorCode.UNKNOWN_FIELD, shown_name(name), message)


def _saving(
    raw: Mapping[str, object], values: dict[str, Value], last_seen: LastSeen | None, errors: list[ItemError]
) -> Item:
    errors.extend(tag_conflicts(raw))
    if "channel" in values and (wrong_sender := check_sender(values, values["channel"])):
        errors.append(wrong_sender)
    sent_as = _join_copies(values)
    return Item(
        ticket_id=cast("int | None", values.get("id")),
        values={name: value for name, value in values.items() if name in _SAVED},
        sent_as=sent_as,
        direction=cast("str | None", values.get("direction")),
        tag_ids=_tags(values, "tagIds"),
        add_tag_ids=_tags(values, "addTagIds"),
        remove_tag_ids=_tags(values, "removeTagIds"),
        last_seen=last_seen,
        ignored=tuple(Ignored(name, IgnoredReason.COMPUTED) for name in _among(raw, COMPUTED)),
        deprecations=_among(raw, DEPRECATED),
        errors=tuple(errors),
    )


def _refreshing(
    raw: Mapping[str, object],
    control: str,
    values: Mapping[str, Value],
    last_seen: LastSeen | None,
    errors: list[ItemError],
) -> Item:
    lasting = tuple(error for error in errors if is_shape_error(error, control))
    return Item(
        ticket_id=cast("int | None", values.get("id")),
        refresh=mode_of(control, raw[control]) if control in values else None,
        last_seen=last_seen,
        ignored=tuple(ignored_by(control, raw)),
        deprecations=_among(raw, DEPRECATED),
        errors=lasting,
    )


def _join_copies(values: dict[str, Value]) -> dict[str, tuple[str, ...]]:
    """Put the copies of replies to the stored copies; the answer says under which names these were sent."""
    if "replyCcEmails" not in values:
        return {}
    names = tuple(name for name in ("ccEmails", "replyCcEmails") if name in values)
    values["ccEmails"] = without_doubles(chain.from_iterable(cast("list[str]", values[name]) for name in names))
    return {"ccEmails": names}


def _tags(values: Mapping[str, Value], name: str) -> tuple[int, ...] | None:
    return tuple(cast("list[int]", values[name])) if name in values else None


def _among(raw: Mapping[str, object], names: frozenset[str]) -> tuple[str, ...]:
    """Those of the names that were sent, in the order sent."""
    return () if names.isdisjoint(raw) else tuple(name for name in raw if name in names)
