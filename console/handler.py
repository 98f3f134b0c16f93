"""How the console answers a request: a page on one thread, from the first middleware to the last.

Django's own handler under ASGI crosses to a thread and back for each hook of each middleware, twenty times for a page, and
makes that thread for the request, with a new connection to the database. What waits for something (a test, a stream, the
checks of the editor) is an asynchronous view and goes that way, because it must not keep a thread. All others are over in
some milliseconds: they go through the same middleware on one of a few threads that live on.
"""

import re
from concurrent.futures import ThreadPoolExecutor
from inspect import iscoroutinefunction

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.base import BaseHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve
from servestatic.middleware import ServeStaticMiddleware

from core.database import borrowed

_CHUNK = re.compile(r"/chunk-[0-9A-Z]{8}\.")
THREADS = 8  # that make pages at once; more would only wait for each other, and each keeps a cache of the database


class _Files(ServeStaticMiddleware):  # type: ignore[misc]  # it has no types
    """Static files; the parts of the editor are named by what is in them, as all others are by ``collectstatic``."""

    def immutable_file_test(self, path: str, url: str) -> bool:
        return bool(_CHUNK.search(url) or super().immutable_file_test(path, url))


class Handler(ASGIHandler):
    """The console as an ASGI application."""

    def __init__(self) -> None:
        super().__init__()
        self._pages = BaseHandler()
        self._pages.load_middleware(is_async=False)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="page")
        self._files = _Files(self._answer)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        """A static file, which is read in the event loop; or what the middleware and the view give."""
        response: HttpResponseBase = await self._files(request)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        return response

    async def _answer(self, request: HttpRequest) -> HttpResponseBase:
        if waits(request):
            return await super().get_response_async(request)
        on_thread = sync_to_async(self._page, thread_sensitive=False, executor=self._threads)
        return await on_thread(request)

    def _page(self, request: HttpRequest) -> HttpResponseBase:
        with borrowed():
            return self._pages.get_response(request)


def waits(request: HttpRequest) -> bool:
    """Whether its view is asynchronous."""
    try:
        return iscoroutinefunction(resolve(request.path_info).func)
    except Resolver404:
        return False
