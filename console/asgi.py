"""The two ASGI applications, each made when a server asks for it: the AWS endpoint does not load the HTML side.

``console`` is Django on the origin of the console, ``api`` the AWS endpoint on its own origin.
"""

import os
import sys
from typing import Any

import django

from core.collector import keep_what_is_loaded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")

_SWITCH_S = 0.0005  # a thread in the middle of a transaction waits no longer for the event loop
HEALTH_PATH = "/_health"  # asked for by address, so it may not depend on the host names the console allows


def with_health(application: Any) -> Any:
    """``application``, and a plain 200 for whoever asks whether it is there."""

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] != HEALTH_PATH:
            await application(scope, receive, send)
            return
        headers = [(b"content-type", b"text/plain"), (b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"ok"})

    return answer


def _leave_connections_alone() -> None:
    """Django looks after them at both ends of a request, on a thread that has none: ``core.database.in_thread`` does it."""
    from django.core import signals
    from django.db import close_old_connections, reset_queries

    signals.request_started.disconnect(reset_queries)
    signals.request_started.disconnect(close_old_connections)
    signals.request_finished.disconnect(close_old_connections)


def _read_templates() -> None:
    """A page that nobody has opened yet comes as soon as any other; all of them take a fifth of a second."""
    from django.conf import settings
    from django.template.loader import get_template

    folder = settings.BASE_DIR / "templates"
    for file in folder.rglob("*.html"):
        get_template(str(file.relative_to(folder)))


def __getattr__(name: str) -> Any:
    if name == "console":
        django.setup(set_prefix=False)
        from console.handler import Handler

        _leave_connections_alone()
        application = with_health(Handler())
        _read_templates()
        keep_what_is_loaded()
        return application
    if name == "api":
        django.setup()
        sys.setswitchinterval(_SWITCH_S)
        from aws.asgi import api

        keep_what_is_loaded()
        return api
    raise AttributeError(name)
