"""Commands on webhook endpoints and deliveries: `webhook list`, `enable`, `disable`, `remove`, `rotate`, `replay`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from worker.cli.options import PROGRAM, Exit
from worker.cli.output import answer, cell, plain, table
from worker.cli.session import open_context
from worker.context import Context
from worker.domain.words import DisabledReason, EndpointState
from worker.operations.inspection.unknown import Unknown
from worker.operations.replay_webhook import replay_webhook
from worker.operations.webhook_endpoints import (
    disable_endpoint,
    enable_endpoint,
    list_endpoints,
    remove_endpoint,
    rotate_endpoint,
)

Document = dict[str, Any]

_STYLES = {EndpointState.ENABLED: "green", EndpointState.FAILING: "yellow", EndpointState.DISABLED: "red"}
_FILTERS = ("fields", "channels", "subchannels")


def print_endpoints(*, as_json: bool) -> int:
    """All endpoints, with what each asks for and how it is doing."""
    endpoints = list_endpoints(open_context())
    nothing = [f"There is no webhook endpoint; `{PROGRAM} load FILE` brings some."]
    answer(endpoints, lambda: [_endpoints(endpoints)] if endpoints else nothing, as_json=as_json)
    return Exit.DONE


def _endpoints(endpoints: Sequence[Document]) -> Table:
    made = table("Webhook endpoints", "ID", "State", "Asks for", "@Last success", "#Waiting", "#Dead")
    for one in endpoints:
        made.add_row(
            cell(one["id"]),
            cell(_state(one, "\n"), _STYLES[EndpointState(one["state"])]),
            cell(_wishes(one)),
            cell(_last(one)),
            cell(one["waiting"]),
            cell(one["dead"]),
        )
    return made


def _state(endpoint: Mapping[str, Any], between: str = " ") -> str:
    reason = endpoint["disabledReason"]
    return f"{endpoint['state']}{between}({reason})" if reason else str(endpoint["state"])


def _last(endpoint: Mapping[str, Any]) -> str:
    """When it last took something, and since when it has not."""
    last = plain(endpoint["lastSuccessAt"])
    since = endpoint["failingSince"]
    return f"{last}\nfailing since\n{since}" if since else last


def _wishes(endpoint: Mapping[str, Any]) -> str:
    """Events, filters and how it is told, a line each."""
    given = [f"{name}: {', '.join(map(str, endpoint[name]))}" for name in _FILTERS if endpoint[name]]
    return "\n".join([*endpoint["events"], *given, *(["one call a batch"] if endpoint["digest"] else [])])


def enable(endpoint_id: str, *, as_json: bool) -> int:
    """Tell an endpoint of things again."""
    return _change(enable_endpoint, endpoint_id, as_json=as_json)


def disable(endpoint_id: str, *, as_json: bool) -> int:
    """Tell an endpoint of nothing more."""
    return _change(disable_endpoint, endpoint_id, as_json=as_json)


def remove(endpoint_id: str, *, as_json: bool) -> int:
    """Forget an endpoint."""
    return _change(remove_endpoint, endpoint_id, as_json=as_json)


def _change(act: Callable[[Context, object], Document], endpoint_id: str, *, as_json: bool) -> int:
    done = act(open_context(), endpoint_id)
    answer(done, lambda: [_changed(done)], as_json=as_json)
    return Exit.DONE


def _changed(endpoint: Mapping[str, Any]) -> Text:
    if endpoint["disabledReason"] == DisabledReason.REMOVED:
        return Text(f"Endpoint {endpoint['id']} is removed; its deliveries stay in the ledger.")
    missed = f"; {PROGRAM} dead list shows what it missed" if endpoint["dead"] else ""
    return Text.assemble(f"Endpoint {endpoint['id']} is ", (_state(endpoint), "bold"), f"{missed}.")


def rotate(endpoint_id: str, *, as_json: bool) -> int:
    """Give an endpoint a new secret, which is printed here and nowhere else."""
    done = rotate_endpoint(open_context(), endpoint_id)
    remark = f"Until {done['previousSecretUntil']} the old secret signs, too. The new one is not shown again:"
    answer(done, lambda: [Text(remark), Text(done["secret"])], as_json=as_json)
    return Exit.DONE


def replay(ids: Sequence[str], *, as_json: bool) -> int:
    """Send webhooks that have ended again; one that cannot be makes the exit code 1."""
    context = open_context()
    done = [_replayed(context, delivery_id) for delivery_id in ids]
    answer(done, lambda: [_told(one) for one in done], as_json=as_json)
    return Exit.DONE if all(one["success"] for one in done) else Exit.SOME_FAILED


def _replayed(context: Context, delivery_id: str) -> Document:
    try:
        return replay_webhook(context, delivery_id)
    except Unknown as refusal:
        error = {"code": refusal.code, "message": refusal.message}
        return {"success": False, "id": delivery_id, "error": error}


def _told(done: Mapping[str, Any]) -> Text:
    return Text(f"{done['id']} goes again." if done["success"] else f"{done['id']}: {done['error']['message']}.")
