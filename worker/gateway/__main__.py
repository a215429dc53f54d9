"""Starts the gateway: `python -m worker.gateway`; `--token-for 7` prints a token to try it out with."""

from __future__ import annotations

import argparse
import socket
import sys

import uvicorn

from config.settings import WRONG_SETTINGS, Settings, SettingsError
from worker.app import app
from worker.gateway.application import make_application
from worker.gateway.tokens import issue, tokens_of
from worker.runtime import context

PATIENCE = 10
"""Seconds that requests may go on after SIGTERM."""


def main() -> None:
    """Serve until SIGTERM or SIGINT; a wrong setting is one line on stderr and exit code 2."""
    user_id = _arguments().token_for
    try:
        if user_id is not None:
            sys.stdout.write(issue(app.settings, user_id) + "\n")
        else:
            _serve(app.settings)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(WRONG_SETTINGS) from None


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m worker.gateway",
        description="Takes ticket updates by HTTP: PATCH /api/mind/ticket.",
        epilog='Example: curl -H "Authorization: Bearer $(python -m worker.gateway --token-for 7)" …',
    )
    parser.add_argument(
        "--token-for",
        metavar="USER",
        type=_user_id,
        help="print a bearer token of this user, good for an hour, and end",
    )
    return parser.parse_args()


def _user_id(text: str) -> int:
    if (user_id := int(text)) < 1:
        raise ValueError("not an id")
    return user_id


def _serve(settings: Settings) -> None:
    app.set_up_logging()
    application = make_application(context(), tokens_of(settings))
    config = uvicorn.Config(
        application,
        http="h11",
        ws="none",
        lifespan="on",
        log_config=None,  # our pipeline has every line
        access_log=False,  # uvicorn's would show query strings
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=PATIENCE,
    )
    with _listener(settings) as listener:
        uvicorn.Server(config).run(sockets=[listener])


def _listener(settings: Settings) -> socket.socket:
    """A socket that other copies of the gateway on this machine may share.

    Raises:
        SettingsError: host and port are not to be had.
    """
    host, port = settings.gateway_host, settings.gateway_port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, reuse_port=True)
    except OSError as error:
        raise SettingsError(
            f"TICKETS_GATEWAY_HOST and TICKETS_GATEWAY_PORT must be where this machine can listen, not {host}:{port}: "
            f"{error.strerror}"
        ) from None


if __name__ == "__main__":
    main()
