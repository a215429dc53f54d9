"""What a caller over the queue is answered when an operation refuses: a result with a code, not a failed task."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from worker.operations.inspection.unknown import Unknown
from worker.payload.refusal import Refused


def answered(operation: Callable[..., dict[str, Any]], *args: object, **kwargs: object) -> dict[str, Any]:
    """What the operation answers, or `{"success": False, "error": {"code", "message"}}` when it refuses.

    Raises:
        RefusedArguments: the arguments are wrong, which is a lasting failure of the task.
    """
    try:
        return operation(*args, **kwargs)
    except (Refused, Unknown) as refusal:
        return {"success": False, "error": {"code": str(refusal.code), "message": refusal.message}}
