"""A receiver can change its secret in peace: for a time two of them sign."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from tests.worker.operations.conftest import Add, World
from tests.worker.operations.receivers import SECRET, Receiver, change, listen, run
from worker.operations.inspection.unknown import Unknown
from worker.operations.webhook_endpoints import list_endpoints, rotate_endpoint

OTHER = "whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldY"


def verifying(receiver: Receiver, *secrets: str) -> list[bool]:
    """Which of the secrets verify what came last."""
    request = receiver.requests[-1]

    def verifies(secret: str) -> bool:
        try:
            Webhook(secret).verify(request.data, dict(request.headers))
        except WebhookVerificationError:
            return False
        return True

    return [verifies(secret) for secret in secrets]


def test_after_a_rotation_both_secrets_verify_until_the_old_one_ends(
    world: World, add_tickets: Add, receiver: Receiver
) -> None:
    world.now = datetime.now(UTC)
    listen(world, receiver, "a")
    add_tickets(1)
    world.now -= world.context.settings.webhook_secret_overlap / 2
    new = rotate_endpoint(world.context, "a")["secret"]

    world.now = datetime.now(UTC)
    run(world, change(world, 1, priority="low"))
    assert verifying(receiver, new, SECRET, OTHER) == [True, True, False]
    assert len(receiver.requests[-1].headers["webhook-signature"].split(" ")) == 2

    world.now = datetime.now(UTC)
    world.with_settings(webhook_secret_overlap=world.context.settings.webhook_secret_overlap * 0)
    newest = rotate_endpoint(world.context, "a")["secret"]
    run(world, change(world, 1, priority="high"))
    assert verifying(receiver, newest, new, SECRET) == [True, False, False]
    assert [one["secrets"] for one in list_endpoints(world.context)] == [1]


def test_two_loaded_secrets_both_sign(world: World, add_tickets: Add, receiver: Receiver) -> None:
    world.now = datetime.now(UTC)
    listen(world, receiver, "a", secret=[OTHER, SECRET])
    add_tickets(1)

    run(world, change(world, 1))

    assert verifying(receiver, OTHER, SECRET) == [True, True]


def test_loading_one_secret_ends_the_other(world: World, add_tickets: Add, receiver: Receiver) -> None:
    world.now = datetime.now(UTC)
    listen(world, receiver, "a", secret=[SECRET, OTHER])
    listen(world, receiver, "a", secret=SECRET)
    add_tickets(1)

    run(world, change(world, 1))

    assert verifying(receiver, OTHER, SECRET) == [False, True]


def test_a_file_from_before_a_rotation_does_not_take_it_back(
    world: World, add_tickets: Add, receiver: Receiver
) -> None:
    world.now = datetime.now(UTC)
    listen(world, receiver, "a")
    new = rotate_endpoint(world.context, "a")["secret"]
    listen(world, receiver, "a")
    add_tickets(1)

    run(world, change(world, 1))

    assert verifying(receiver, new, SECRET) == [True, True]


def test_an_unknown_endpoint_has_no_secret_to_change(world: World) -> None:
    with pytest.raises(Unknown, match="no webhook endpoint"):
        rotate_endpoint(world.context, "nobody")
