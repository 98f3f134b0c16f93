"""The two ASGI applications, each made when a server asks for it: the AWS endpoint does not load the HTML side.

``console`` is Django on the origin of the console, ``api`` the AWS endpoint on its own origin.
"""

import os
from typing import Any

import django
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")


def __getattr__(name: str) -> Any:
    if name == "console":
        return get_asgi_application()
    if name == "api":
        django.setup()
        from aws.asgi import api

        return api
    raise AttributeError(name)
