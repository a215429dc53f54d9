"""Every command with its arguments and its help; the work itself is imported when a command runs."""

# ruff: noqa: PLC0415 - what a command needs costs a second of import, which --help must not

from __future__ import annotations

from typing import Annotated

import typer

from worker.cli.options import (
    GREATEST,
    After,
    BatchId,
    DeadIds,
    EndpointId,
    EveryDead,
    FileOrStdin,
    Json,
    Limit,
    ModeOption,
    Where,
    example,
)
from worker.domain.words import Outcome

LAST_INDEX = 2**31 - 1
"""The greatest number of an item that a database holds."""

_BATCH = "0b6f6c3e-1d0a-5c1c-9a43-0f4c5a7f2d11"


def _group(name: str, text: str, shown: str) -> typer.Typer:
    return typer.Typer(name=name, help=text, epilog=example(shown), no_args_is_help=True)


listing = _group("list", "Find tickets: a backlog, or what may be routed.", "list tickets --where status=open")
show = _group("show", "Look at a batch or at tickets.", "show ticket 376189 --history")
batch = _group("batch", "Hold, end, retry or explain a batch.", f"batch pause {_BATCH}")
schedule = _group("schedule", "Re-runs that happen by themselves.", "schedule list")
webhook = _group("webhook", "Endpoints of webhooks, and webhooks sent again.", "webhook list")
dead = _group("dead", "What was given up: look, try again, drop.", "dead retry --all")


def register(app: typer.Typer) -> None:
    """Give the program its commands, in the order in which somebody meets them."""
    for command, text in _TOP:
        app.command(epilog=text)(command)
    for group in (show, listing, batch, schedule, webhook, dead):
        app.add_typer(group)


def migrate(*, as_json: Json = False) -> int:
    """Bring the database to the current schema."""
    from worker.cli.data import migrate_database

    return migrate_database(as_json=as_json)


def load(file: FileOrStdin, *, as_json: Json = False) -> int:
    """Upsert master data and tickets from a file; a file with errors changes nothing."""
    from worker.cli.data import load_file

    return load_file(file, as_json=as_json)


def enqueue(
    file: FileOrStdin,
    *,
    no_worklog: Annotated[bool, typer.Option("--no-worklog", help="Keep it out of time tracking.")] = False,
    atomic: Annotated[bool, typer.Option("--atomic", help="All items or none.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Decide about every item, write nothing.")] = False,
    key: Annotated[
        str | None,
        typer.Option(help="Idempotency key: the same key and body again does no harm.", show_default="a new one"),
    ] = None,
    user: Annotated[int | None, typer.Option(help="Id of the user in whose name it happens.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Until every refresh and webhook that it causes ended.")] = False,
    timeout: Annotated[float, typer.Option(min=0, help="Seconds to wait at most.")] = 300,
    as_json: Json = False,
) -> int:
    """Send a batch of patches as another service would: through the queue, to the workers.

    Without --wait it ends as soon as a worker has accepted the batch, or after five seconds with the state "queued".
    """
    from worker.cli.enqueue import Order, enqueue_file

    order = Order(
        include_in_worklog=not no_worklog,
        atomic=atomic,
        dry_run=dry_run,
        key=key,
        user_id=user,
        wait=wait,
        timeout=timeout,
    )
    return enqueue_file(file, order, as_json=as_json)


def rerun(
    *,
    mode: ModeOption,
    where: Where = None,
    force: Annotated[bool, typer.Option("--force", help="Look again even where nothing has changed.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count the tickets.")] = False,
    as_json: Json = False,
) -> int:
    """Request refreshes for the tickets that match."""
    from worker.cli.refreshes import rerun_matching

    return rerun_matching(mode, where or [], force=force, dry_run=dry_run, as_json=as_json)


def clean_up(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would go.")] = False,
    as_json: Json = False,
) -> int:
    """Remove what ended longer ago than the settings keep it; beat asks for some of it every hour."""
    from worker.cli.clean_up import clean_up_all

    return clean_up_all(dry_run=dry_run, as_json=as_json)


def schema(*, as_json: Json = False) -> int:  # noqa: ARG001 - it is JSON anyway
    """Print the JSON Schema of a batch, for other languages."""
    from worker.cli.data import print_schema

    return print_schema()


def check(*, as_json: Json = False) -> int:
    """Try each service and setting, and say what to do about what is wrong."""
    from worker.cli.health import check_all

    return check_all(as_json=as_json)


def demo(*, as_json: Json = False) -> int:
    """Show the whole system at work, on made-up data and with real processes."""
    from worker.cli.demonstration import run_demo

    return run_demo(as_json=as_json)


@show.command(
    "batch",
    epilog=example(
        f"show batch {_BATCH}",
        "show batch --key import-7 --watch",
        f"show batch {_BATCH} --outcome rejected --outcome conflict --limit 50",
    ),
)
def show_batch(
    batch_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="The batch's id.", show_default=False)] = None,
    *,
    key: Annotated[str | None, typer.Option(help="The batch with this idempotency key.")] = None,
    outcome: Annotated[
        list[Outcome] | None,
        typer.Option(
            metavar="OUTCOME",
            help=f"Only items that ended so, may be given several times: {', '.join(Outcome)}.",
            show_default=False,
        ),
    ] = None,
    after: Annotated[
        int | None, typer.Option(metavar="INDEX", min=0, max=LAST_INDEX, help="Only items behind this one.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(metavar="N", min=1, max=LAST_INDEX, help="At most so many items.")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Look on until all that it causes has ended.")] = False,
    as_json: Json = False,
) -> int:
    """Show how every item ended, what became of its refreshes and webhooks, and what still runs.

    With --outcome, --after or --limit it is a page of the items. With --watch the exit code is 1 if anything failed.
    """
    if (batch_id is None) == (key is None):
        raise typer.BadParameter("give either the batch's id or its --key")
    from worker.cli.shown import Look, print_batch

    return print_batch(batch_id, key, Look(outcome or [], after, limit, watch), as_json=as_json)


@show.command("ticket", epilog=example("show ticket 376189 --history", "show ticket 376189 376190 --json"))
def show_ticket(
    ids: Annotated[
        list[int], typer.Argument(metavar="ID…", min=1, max=GREATEST, help="Ids of tickets.", show_default=False)
    ],
    *,
    history: Annotated[bool, typer.Option("--history", help="With all changes, work and refreshes.")] = False,
    as_json: Json = False,
) -> int:
    """Show tickets as the API gives them; several are printed as a list."""
    from worker.cli.shown import print_tickets

    return print_tickets(ids, history=history, as_json=as_json)


@listing.command(
    "tickets",
    epilog=example(
        "list tickets --where status=open --where 'spamStatus!=auto_spam,auto_programmatic,manual_spam'",
        "list tickets --where agentId=null --where tagIds=4,7 --where dueBefore=2026-12-01T08:00:00Z --json",
    ),
)
def list_tickets(*, where: Where = None, after: After = 0, limit: Limit = 100, as_json: Json = False) -> int:
    """List the tickets that match, in the order of their ids, a page at a time."""
    from worker.cli.listing import print_tickets

    return print_tickets(where or [], after, limit, as_json=as_json)


@listing.command("routable", epilog=example("list routable --skills 3,5 --match all --where channel=email"))
def list_routable(
    *,
    skills: Annotated[
        str | None, typer.Option(metavar="ID,ID", help="Tags of which a ticket must have some.", show_default=False)
    ] = None,
    match: Annotated[str, typer.Option(metavar="any|all", help="Whether any of the skills will do.")] = "any",
    where: Where = None,
    after: After = 0,
    limit: Limit = 100,
    as_json: Json = False,
) -> int:
    """List the tickets that may be given to somebody: open, and no spam."""
    from worker.cli.listing import print_routable

    return print_routable(skills, match, where or [], after, limit, as_json=as_json)


@batch.command("pause", epilog=example(f"batch pause {_BATCH}"))
def pause_batch(batch_id: BatchId, *, as_json: Json = False) -> int:
    """Apply nothing more of a batch until it is resumed; the chunk in hand is finished."""
    from worker.cli.batch import pause

    return pause(batch_id, as_json=as_json)


@batch.command("resume", epilog=example(f"batch resume {_BATCH}"))
def resume_batch(batch_id: BatchId, *, as_json: Json = False) -> int:
    """Go on with a paused batch."""
    from worker.cli.batch import resume

    return resume(batch_id, as_json=as_json)


@batch.command("cancel", epilog=example(f"batch cancel {_BATCH}"))
def cancel_batch(batch_id: BatchId, *, as_json: Json = False) -> int:
    """End a batch where it stands; items that are not applied yet are rejected."""
    from worker.cli.batch import cancel

    return cancel(batch_id, as_json=as_json)


@batch.command("retry", epilog=example(f"batch retry {_BATCH}"))
def retry_batch(batch_id: BatchId, *, as_json: Json = False) -> int:
    """Send the rejected items of an ended batch again, as a batch of their own."""
    from worker.cli.batch import retry

    return retry(batch_id, as_json=as_json)


@batch.command("explain", epilog=example(f"batch explain {_BATCH} 376189"))
def explain_ticket(
    batch_id: BatchId,
    ticket_id: Annotated[
        int, typer.Argument(metavar="TICKET", min=1, max=GREATEST, help="The ticket's id.", show_default=False)
    ],
    *,
    as_json: Json = False,
) -> int:
    """Say why a ticket of a batch is as it is: its items, refreshes and webhooks, in sentences."""
    from worker.cli.batch import print_explanation

    return print_explanation(batch_id, ticket_id, as_json=as_json)


@schedule.command("list", epilog=example("schedule list"))
def list_schedules(*, as_json: Json = False) -> int:
    """List the scheduled re-runs with their last and next time."""
    from worker.cli.refreshes import print_schedules

    return print_schedules(as_json=as_json)


@schedule.command(
    "add", epilog=example("schedule add nightly --cron '0 3 * * *' --mode tags --where status=open --window 24")
)
def add_schedule(
    name: Annotated[str, typer.Argument(help="Letters, digits, dots, hyphens, underscores.", show_default=False)],
    *,
    cron: Annotated[str, typer.Option(help="Minute, hour, day of month, month, day of week.", show_default=False)],
    mode: ModeOption,
    where: Where = None,
    window: Annotated[int | None, typer.Option(help="Only tickets touched in so many hours before.")] = None,
    as_json: Json = False,
) -> int:
    """Add a scheduled re-run; the same one again changes nothing."""
    from worker.cli.refreshes import keep_schedule

    return keep_schedule(name, cron, mode, where or [], window, as_json=as_json)


@schedule.command("remove", epilog=example("schedule remove nightly"))
def remove_schedule(
    name: Annotated[str, typer.Argument(help="The schedule's name.", show_default=False)], *, as_json: Json = False
) -> int:
    """Remove a scheduled re-run; what it has requested goes on."""
    from worker.cli.refreshes import drop_schedule

    return drop_schedule(name, as_json=as_json)


@webhook.command("list", epilog=example("webhook list"))
def list_webhooks(*, as_json: Json = False) -> int:
    """List the endpoints: state, filters, last success, what waits and what is dead."""
    from worker.cli.webhooks import print_endpoints

    return print_endpoints(as_json=as_json)


@webhook.command("enable", epilog=example("webhook enable crm"))
def enable_webhook(endpoint_id: EndpointId, *, as_json: Json = False) -> int:
    """Tell an endpoint of things again; what it missed stays dead until it is replayed."""
    from worker.cli.webhooks import enable

    return enable(endpoint_id, as_json=as_json)


@webhook.command("disable", epilog=example("webhook disable crm"))
def disable_webhook(endpoint_id: EndpointId, *, as_json: Json = False) -> int:
    """Tell an endpoint of nothing more; what waits for it ends dead."""
    from worker.cli.webhooks import disable

    return disable(endpoint_id, as_json=as_json)


@webhook.command("remove", epilog=example("webhook remove crm"))
def remove_webhook(endpoint_id: EndpointId, *, as_json: Json = False) -> int:
    """Forget an endpoint and its secrets; its deliveries stay in the ledger."""
    from worker.cli.webhooks import remove

    return remove(endpoint_id, as_json=as_json)


@webhook.command("rotate", epilog=example("webhook rotate crm"))
def rotate_webhook(endpoint_id: EndpointId, *, as_json: Json = False) -> int:
    """Give an endpoint a new secret, printed once; for a time both sign."""
    from worker.cli.webhooks import rotate

    return rotate(endpoint_id, as_json=as_json)


@webhook.command("replay", epilog=example("webhook replay 0b6f6c3e-1d0a-4c1c-9a43-0f4c5a7f2d11"))
def replay_webhooks(
    ids: Annotated[
        list[str], typer.Argument(metavar="ID…", help="Ids of webhooks, from `show batch`.", show_default=False)
    ],
    *,
    as_json: Json = False,
) -> int:
    """Send webhooks that are dead or delivered again, under the same id."""
    from worker.cli.webhooks import replay

    return replay(ids, as_json=as_json)


@dead.command("list", epilog=example("dead list --limit 200"))
def list_dead(
    *,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 50,
    as_json: Json = False,
) -> int:
    """List what was given up, newest first, with the reason."""
    from worker.cli.dead import print_dead

    return print_dead(limit, as_json=as_json)


@dead.command("retry", epilog=example("dead retry 17 18", "dead retry --all"))
def retry_dead(ids: DeadIds = None, *, every: EveryDead = False, as_json: Json = False) -> int:
    """Try again: request failed refreshes anew, let dead webhooks wait for delivery again."""
    chosen = _chosen(ids, every=every)
    from worker.cli.dead import retry

    return retry(chosen, as_json=as_json)


@dead.command("drop", epilog=example("dead drop 17 18", "dead drop --all"))
def drop_dead(ids: DeadIds = None, *, every: EveryDead = False, as_json: Json = False) -> int:
    """Forget what was given up."""
    chosen = _chosen(ids, every=every)
    from worker.cli.dead import drop

    return drop(chosen, as_json=as_json)


def _chosen(ids: list[int] | None, *, every: bool) -> list[int] | None:
    if bool(ids) == every:
        raise typer.BadParameter("give either numbers from `dead list` or --all")
    return None if every else ids


_TOP = (
    (migrate, example("migrate")),
    (load, example("load master.json")),
    (enqueue, example("enqueue batch.json --wait", "enqueue - --atomic --key import-7 < batch.json")),
    (rerun, example("rerun --mode tags --where status=open --where tagIds=4,7 --dry-run")),
    (clean_up, example("clean-up --dry-run")),
    (schema, example("schema > batch.schema.json")),
    (check, example("check")),
    (demo, example("demo")),
)
