"""The model's server as one process sees it: an event loop in a thread of its own, which any thread may ask."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from functools import cached_property

from pydantic import BaseModel
from pydantic_ai.models import Model

from config.settings import Settings
from worker.ai.llm.cost import Cost
from worker.ai.llm.failures import failure_of
from worker.ai.llm.form_filling import fill_in
from worker.ai.llm.models import model_of
from worker.ai.llm.prompt import Prompt
from worker.domain.failures import Permanent, Transient

Answer = BaseModel | Transient | Permanent
"""A filled-in form, or why there is none: returned, because an error of the client may hold the message's text."""


class Server:
    """Asks the model. Nothing is connected or started before the first question, so that a fork shares nothing."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._starting = threading.Lock()

    def preload(self) -> None:
        """Load the client's code, which takes a second and is worth sharing; the model made for it is left alone."""
        model_of(self._settings)

    def ask(self, prompt: Prompt, form: type[BaseModel], seconds: float, cost: Cost) -> Future[Answer]:
        """The answer to come, in `seconds` at most; what it costs is added to `cost`, whatever it is."""
        with self._starting:
            loop = self._loop
        return asyncio.run_coroutine_threadsafe(self._ask(prompt, form, seconds, cost), loop)

    def close(self) -> None:
        """Ends the thread and its connections, if there are any; what is under way is given up."""
        loop = self.__dict__.get("_loop")
        if loop is not None:
            asyncio.run_coroutine_threadsafe(self._finish(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            self._thread.join()
            loop.close()

    async def _ask(self, prompt: Prompt, form: type[BaseModel], seconds: float, cost: Cost) -> Answer:
        try:
            async with asyncio.timeout(seconds):
                return await fill_in(self._model, prompt, form, cost)
        except Exception as error:  # noqa: BLE001 - whatever it is, its text may hold the message
            return failure_of(error)

    async def _finish(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for other in others:
            other.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        async with self._model:
            pass  # leaving a model closes its connections

    @cached_property
    def _model(self) -> Model:
        return model_of(self._settings)

    @cached_property
    def _loop(self) -> asyncio.AbstractEventLoop:
        loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=loop.run_forever, name="llm", daemon=True)
        self._thread.start()
        return loop
