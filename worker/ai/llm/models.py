"""The model that settings name."""

from __future__ import annotations

from pydantic_ai.models import Model
from pydantic_ai.settings import ModelSettings

from config.settings import Settings


def model_of(settings: Settings) -> Model:
    """A model with connections of its own. Nothing of its address or key is read from elsewhere."""
    bounds = ModelSettings(max_tokens=settings.llm_max_output_tokens, max_retries=0)  # our own clock tries again
    return (_anthropic if settings.llm_provider == "anthropic" else _openai)(settings, bounds)


def _openai(settings: Settings, bounds: ModelSettings) -> Model:
    from pydantic_ai.models.openai import OpenAIChatModel  # noqa: PLC0415 - only one of the two is needed
    from pydantic_ai.providers.openai import OpenAIProvider  # noqa: PLC0415

    provider = OpenAIProvider(base_url=settings.llm_base_url or "https://api.openai.com/v1", api_key=_key(settings))
    return OpenAIChatModel(str(settings.llm_model), provider=provider, settings=bounds)


def _anthropic(settings: Settings, bounds: ModelSettings) -> Model:
    from pydantic_ai.models.anthropic import AnthropicModel  # noqa: PLC0415 - an extra
    from pydantic_ai.providers.anthropic import AnthropicProvider  # noqa: PLC0415

    provider = AnthropicProvider(base_url=settings.llm_base_url or "https://api.anthropic.com", api_key=_key(settings))
    return AnthropicModel(str(settings.llm_model), provider=provider, settings=bounds)


def _key(settings: Settings) -> str:
    """Local servers need none, but the clients do."""
    return settings.llm_api_key.get_secret_value() if settings.llm_api_key else "none"
