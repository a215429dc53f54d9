"""Where `celery -A worker` looks for the application."""

from __future__ import annotations

import os
from pathlib import Path

from worker.app import app

__all__ = ["app"]

# Flower without its configuration would be open to everybody.
os.environ.setdefault("FLOWER_CONF", str(Path(__file__).parents[1] / "config" / "flower.py"))
