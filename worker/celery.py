"""Where `celery -A worker` looks for the application."""

from __future__ import annotations

from worker.app import app

__all__ = ["app"]
