from __future__ import annotations

import json
from pathlib import Path

import pytest

from worker.ai.embedded.engine import EmbeddedEngine


@pytest.fixture(scope="session")
def engine() -> EmbeddedEngine:
    """The offline engine, its models loaded once for all tests."""
    engine = EmbeddedEngine()
    engine.preload()
    return engine


@pytest.fixture(scope="session")
def page_example() -> dict[str, str]:
    """The ticket of the published page's example."""
    path = Path(__file__).parents[2] / "data" / "patch-ticket-example.json"
    example: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))[0]
    return example
