"""What an item asks to be refreshed, and what it therefore leaves aside (contract section 4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from worker.domain.fields import FIELDS, SHOWN_ONLY, Role
from worker.domain.words import ErrorCode, IgnoredReason, RefreshMode
from worker.payload.remarks import Ignored, ItemError
from worker.payload.versions import IF_MODIFIED_AT

_LEGACY = {"refresh": RefreshMode.FULL, "refreshTags": RefreshMode.TAGS}
_BEATEN = {"refreshMode": frozenset(_LEGACY), "refresh": frozenset({"refreshTags"}), "refreshTags": frozenset[str]()}
_SHAPE = frozenset({ErrorCode.MISSING_ID, ErrorCode.UNKNOWN_FIELD, ErrorCode.INVALID_TYPE, ErrorCode.NULL_NOT_ALLOWED})


COMPUTED = SHOWN_ONLY | {name for name, spec in FIELDS.items() if spec.role is Role.COMPUTED}
"""The system's own fields: a patch that carries them is not even checked for it."""


def control_of(raw: Mapping[str, object]) -> str | None:
    """The field that makes an item a refresh item: `refreshMode` when given, else the first legacy flag that is true.

    A null `refreshMode` asks for nothing and leaves the word to the flags; a wrong one still speaks for the item.
    """
    if raw.get("refreshMode") is not None:
        return "refreshMode"
    if raw.keys().isdisjoint(_LEGACY):  # nearly always, and the quickest to tell
        return None
    return next((name for name in _LEGACY if raw.get(name) is True), None)


def mode_of(control: str, value: object) -> RefreshMode:
    """The mode that a checked control field asks for."""
    return _LEGACY.get(control) or RefreshMode(str(value))


def ignored_by(control: str, raw: Mapping[str, object]) -> Iterator[Ignored]:
    """What a refresh item carries in vain, in the order sent."""
    for name in raw:
        if name in COMPUTED:
            yield Ignored(name, IgnoredReason.COMPUTED)
        elif name in _BEATEN[control]:
            yield Ignored(name, IgnoredReason.REFRESH_MODE_WINS)
        elif name in FIELDS and FIELDS[name].role not in {Role.IDENTITY, Role.CONTROL}:
            yield Ignored(name, IgnoredReason.REFRESH_SAVES_NOTHING)


def is_shape_error(error: ItemError, control: str) -> bool:
    """Whether an error rejects a refresh item: of ignored fields only names and types are validated."""
    return error.code in _SHAPE or error.field in {"id", control, IF_MODIFIED_AT}
