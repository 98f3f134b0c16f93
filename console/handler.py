"""How the console answers a request: a page on one thread, from the first middleware to the last.

Django's own handler under ASGI crosses to a thread and back for each hook of each middleware, twenty times for a page, and
makes that thread for the request, with a new connection to the database. Here every view is synchronous and over in some
milliseconds, on one of a few threads that live on (``core.database.in_thread``). What waits for something (a test, a log,
the checks of the editor) does so in the body of its response, an asynchronous iterator, which needs no thread.
"""

import asyncio
import re
from typing import Any

from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.base import BaseHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from servestatic.middleware import ServeStaticMiddleware

from console.http import may_come
from core.database import in_thread

_DECIDES = {  # which form of a file is sent, or whether any is: as ASGI and as WSGI name it
    b"accept-encoding": "HTTP_ACCEPT_ENCODING",
    b"if-none-match": "HTTP_IF_NONE_MATCH",
    b"if-modified-since": "HTTP_IF_MODIFIED_SINCE",
}
_CHUNK = re.compile(r"/chunk-[0-9A-Z]{8}\.")
PATIENCE_S = 5.0  # with what another process is about to write
LOOK_S = 0.1


class _Files(ServeStaticMiddleware):  # type: ignore[misc]  # it has no types
    """Static files; the parts of the editor are named by what is in them, as all others are by ``collectstatic``."""

    def immutable_file_test(self, path: str, url: str) -> bool:
        return bool(_CHUNK.search(url) or super().immutable_file_test(path, url))

    def answer(self, scope: Any) -> tuple[int, list[tuple[bytes, bytes]], bytes] | None:
        """Status, head and body, whole; None where there is no such file.

        They are small and lie in the system's memory. A thread for each, and eight kilobytes at a time, as the middleware
        has it, kept a page that comes for the first time waiting for a tenth of a second.
        """
        if scope["type"] != "http" or (file := self.files.get(scope["path"])) is None:
            return None
        asked = {_DECIDES[name]: value.decode("latin-1") for name, value in scope["headers"] if name in _DECIDES}
        found = file.get_response(scope["method"], asked)
        body = b""
        if found.file is not None:
            with found.file as opened:
                body = opened.read()
        head = [(name.lower().encode(), value.encode()) for name, value in found.headers if value is not None]
        return int(found.status), [*head, (b"x-content-type-options", b"nosniff")], body


class Handler(ASGIHandler):
    """The console as an ASGI application."""

    def __init__(self) -> None:
        BaseHandler.__init__(self)  # Django's own would make the middleware an asynchronous one
        self.load_middleware(is_async=False)
        self._files = _Files(self._answer)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """A static file; anything else without the thread that Django would make for each request."""
        if (file := self._files.answer(scope)) is None:
            await self.handle(scope, receive, send)
            return
        status, head, body = file
        await send({"type": "http.response.start", "status": status, "headers": head})
        await send({"type": "http.response.body", "body": body})

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        """What the middleware and the view give; or a static file that no start has gathered, as for developers."""
        response: HttpResponseBase = await self._files(request)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        return response

    async def _answer(self, request: HttpRequest) -> HttpResponseBase:
        now = asyncio.get_running_loop().time
        deadline = now() + PATIENCE_S
        while may_come(response := await in_thread(self.get_response, request)) and now() < deadline:
            await asyncio.sleep(LOOK_S)
        return response
