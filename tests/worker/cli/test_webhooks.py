"""`webhook list`, `enable`, `disable`, `remove`, `rotate` and `replay`, as printed."""

from __future__ import annotations

import json

import pytest

from tests.worker.cli.conftest import Run

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CRM = {"id": "crm", "url": "https://crm.example/hook", "secret": SECRET, "fields": ["status"], "channels": ["email"]}


@pytest.fixture
def crm(run: Run) -> None:
    """One endpoint, loaded."""
    assert run("load", "-", stdin=json.dumps({"webhooks": [CRM]})).code == 0


@pytest.mark.usefixtures("crm")
def test_endpoints_are_listed_with_state_and_filters_and_without_secrets(run: Run) -> None:
    (endpoint,) = run("webhook", "list", "--json").document

    assert (endpoint["id"], endpoint["state"], endpoint["disabledReason"]) == ("crm", "enabled", None)
    assert (endpoint["fields"], endpoint["channels"], endpoint["digest"]) == (["status"], ["email"], False)
    assert (endpoint["lastSuccessAt"], endpoint["waiting"], endpoint["dead"], endpoint["secrets"]) == (None, 0, 0, 1)
    shown = run("webhook", "list").out
    assert "fields: status" in " ".join(shown.split())
    assert SECRET not in shown + json.dumps(endpoint)


def test_no_endpoints_are_an_empty_list_and_a_hint(run: Run) -> None:
    assert run("webhook", "list", "--json").document == []
    assert "load FILE" in run("webhook", "list").out


@pytest.mark.usefixtures("crm")
def test_an_endpoint_is_switched_off_on_and_removed(run: Run) -> None:
    assert run("webhook", "disable", "crm", "--json").document["disabledReason"] == "by_command"
    assert run("webhook", "list", "--json").document[0]["state"] == "disabled"
    assert run("webhook", "enable", "crm", "--json").document["state"] == "enabled"
    assert "removed" in run("webhook", "remove", "crm").out
    assert run("webhook", "list", "--json").document == []
    gone = run("webhook", "enable", "crm", "--json")
    assert (gone.code, gone.document["error"]["code"]) == (2, "endpoint_not_found")


@pytest.mark.usefixtures("crm")
def test_a_new_secret_is_printed_once_and_each_rotation_makes_another(run: Run) -> None:
    first, second = (run("webhook", "rotate", "crm", "--json").document for _ in range(2))

    assert first["secret"].startswith("whsec_")
    assert len({first["secret"], second["secret"], SECRET}) == 3
    assert run("webhook", "list", "--json").document[0]["secrets"] == 2
    assert run("webhook", "rotate", "crm").out.splitlines()[-1].startswith("whsec_")


def test_an_unknown_webhook_is_told_with_code_1(run: Run) -> None:
    done = run("webhook", "replay", "nowhere", "--json")

    assert done.code == 1
    assert [one["error"]["code"] for one in done.document] == ["webhook_not_found"]
