"""Which account a request is about, and how a service error looks to a person."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import redirect, render
from django.utils.deprecation import MiddlewareMixin

from accounts.models import Account, User
from console.http import alert, back, is_htmx, keeps_page
from core.errors import ServiceError
from core.prepared import Prepared

log = logging.getLogger(__name__)
_ACCOUNT = Prepared(lambda slug: Account.objects.select_related("clock").filter(slug=slug), slug=str)


class Workspace(MiddlewareMixin):
    """Turns the ``ws`` of a URL into ``request.account``, so that no view ever handles the name of an account.

    Somebody else's account answers as one that does not exist; staff may open any.
    """

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        if "ws" not in kwargs:
            return None
        user = request.user
        if not isinstance(user, User):
            return _to_login(request)
        request.account = find_account(user, kwargs.pop("ws"))  # type: ignore[attr-defined]
        return None


def find_account(user: User, slug: str) -> Account:
    """The account with this slug if ``user`` may see it, else 404."""
    account = _ACCOUNT.one(slug=slug)
    if account is None or not (user.is_staff or user.account_id == account.pk):
        raise Http404(slug)
    return account


def _to_login(request: HttpRequest) -> HttpResponse:
    """To the login page, and from there to the page that a person was on: what is typed there is still in the browser."""
    came_from = back(request, request.get_full_path()) if is_htmx(request) else request.get_full_path()
    url = f"{settings.LOGIN_URL}?{urlencode({'next': came_from})}"
    if is_htmx(request):
        return HttpResponse(headers={"HX-Redirect": url})
    return redirect(url)


class Compressed(GZipMiddleware):
    """Pages travel compressed, at lengths that differ each time; streams, and what is compressed already, as they are."""

    IN_THREAD = 100_000  # bytes; what is longer would keep the event loop

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.streaming or not response.headers.get("Content-Type", "").startswith("text/html"):
            return response
        return super().process_response(request, response)

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        response: Any = await self.get_response(request)  # type: ignore[misc]
        if response.streaming or len(response.content) < self.IN_THREAD:
            return self.process_response(request, response)
        return await asyncio.to_thread(self.process_response, request, response)


class ServiceErrors(MiddlewareMixin):
    """A ``ServiceError`` that a view lets go becomes an alert on the page, or a page of its own; same status."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, ServiceError):
            return None
        if exception.status >= 500:
            log.error("%s %s: %s", request.method, request.path, exception.text)
        return error_response(request, exception)


def _status(error: ServiceError) -> int:
    """Services that answer JSON say 400 also for what is not there; a page that is not there is 404."""
    is_missing = error.status == 400 and error.code.endswith(("NotFoundException", "DoesNotExist"))
    return 404 if is_missing else error.status


def error_response(request: HttpRequest, error: ServiceError) -> HttpResponse:
    """``error`` for a person: title, AWS's message, hint and AWS's code."""
    if keeps_page(request):
        return alert(request, error, status=_status(error))
    context = {"error": error, "title": error.title, "text": error.text, "status": _status(error)}
    return render(request, "error.html", context, status=_status(error))
