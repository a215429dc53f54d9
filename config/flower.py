"""Flower's configuration: `celery -A worker flower --conf=config/flower.py`.

Flower runs this file and takes what is named like one of its options. Everything but `/healthcheck`, `/metrics` and the
static files asks for the login; those three stay open, so Flower listens on this machine alone, and a proxy in front of
it should not hand them on.
"""

from __future__ import annotations

from config.logging import configure
from config.settings import settings_or_exit

_settings = settings_or_exit()
_user, _password = _settings.flower_login()

configure(_settings.log_format, _settings.log_level)
logging = "none"  # the logging of tornado, which would write its own lines

address = "127.0.0.1"
port = _settings.flower_port
basic_auth = [f"{_user}:{_password.get_secret_value()}"]
max_tasks = 10_000
max_workers = 1_000
persistent = False
purge_offline_workers = 3600
