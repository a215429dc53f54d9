from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from config.settings import Settings
from tests.services.llm_server import LlmServer, llm_server
from worker.ai.embedded.engine import EmbeddedEngine
from worker.ai.llm.engine import Engines, LlmEngine

MODEL_KEY = "sk-very-secret"
MakeEngine = Callable[..., LlmEngine]
MakeEngines = Callable[..., Engines]


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


@pytest.fixture
def server() -> Iterator[LlmServer]:
    """A model's server, scripted."""
    with llm_server() as running:
        yield running


@pytest.fixture
def engines_with(server: LlmServer) -> Iterator[MakeEngines]:
    """Makes what makes engines on the server; keyword arguments are settings."""
    made: list[Engines] = []

    def make(**settings: object) -> Engines:
        given = {"engine": "llm", "llm_model": "m", "llm_base_url": server.url, "llm_api_key": SecretStr(MODEL_KEY)}
        made.append(Engines(Settings.model_validate({**given, **settings})))
        return made[-1]

    yield make
    for engines in made:
        engines.close()


@pytest.fixture
def engine_with(engines_with: MakeEngines) -> MakeEngine:
    """Makes engines on the server, for one task each; keyword arguments are settings."""
    return lambda **settings: engines_with(**settings)()
