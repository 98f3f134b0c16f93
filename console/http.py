"""The glue between function views and htmx: whole pages, fragments of them, and what follows a POST."""

from collections.abc import Mapping, Set
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render, resolve_url
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.middleware import HtmxDetails

from accounts.models import Account, User

type Context = Mapping[str, Any]


class ConsoleRequest(HttpRequest):
    """A request as the views see it: signed in, and about one account."""

    account: Account
    user: User
    htmx: HtmxDetails


def render_page(
    request: HttpRequest, template: str, context: Context, *, fragments: Set[str] = frozenset(), status: int = 200
) -> HttpResponse:
    """The whole page; or, when htmx asks for one of ``fragments``, that partial of the template alone.

    The view names its fragments; the client's target only chooses among them.
    """
    wanted = _target(request)
    name = f"{template}#{wanted}" if wanted in fragments else template
    response = render(request, name, dict(context), status=status)
    patch_vary_headers(response, ("HX-Request", "HX-Target"))  # a browser that goes back must not show a part alone
    return response


def fragment(request: HttpRequest, template: str, context: Context, *, status: int = 200) -> HttpResponse:
    """One partial (``page.html#name``) or one include, as the answer to a POST."""
    return render(request, template, dict(context), status=status)


def alert(request: HttpRequest, error: object, *, status: int) -> HttpResponse:
    """``error`` (its title, text, hint and code) above the page that htmx is on: what was there stays."""
    response = render(request, "partials/_alert.html", {"error": error, "kind": "bad"}, status=status)
    response["HX-Retarget"], response["HX-Reswap"] = "#alerts", "innerHTML"
    return response


def finish(request: HttpRequest, to: str, *args: Any, said: Any = "", **kwargs: Any) -> HttpResponse:
    """Done: on to another page, with or without htmx. ``said`` is told there."""
    if said:
        messages.success(request, said)
    url = resolve_url(to, *args, **kwargs)
    if is_htmx(request):
        return HttpResponse(headers={"HX-Redirect": url})
    return redirect(url)


def is_htmx(request: HttpRequest) -> bool:
    """Whether htmx asked, so that a fragment is the answer."""
    return request.headers.get("HX-Request") == "true"


def back(request: HttpRequest, default: str = "/") -> str:
    """Where the person was, if that was here; for actions that every page has."""
    parts = urlsplit(request.headers.get("Referer", ""))
    if parts.netloc == request.get_host() and parts.path:
        return f"{parts.path}?{parts.query}" if parts.query else parts.path
    return default


def safe_next(request: HttpRequest, url: str) -> str:
    """``url`` when it stays on this host, else the front page."""
    return url if url_has_allowed_host_and_scheme(url, allowed_hosts={request.get_host()}) else "/"


def expect[R: HttpResponseBase](response: R) -> R:
    """Mark a response that says what is not there: it may be in a moment, and who asked for it can wait."""
    response._may_come = True  # type: ignore[attr-defined]
    return response


def may_come(response: HttpResponseBase) -> bool:
    """Whether asking again in a moment may give what was asked for."""
    return getattr(response, "_may_come", False)


def asks_for_part(request: HttpRequest) -> bool:
    """Whether only what stands in the frame is wanted: a person stays within a section of the sidebar."""
    return _target(request) == "main" and "HX-History-Restore-Request" not in request.headers


def keeps_page(request: HttpRequest) -> bool:
    """Whether the page that is open stays, whatever the answer: htmx asked, and not for another page."""
    return is_htmx(request) and not asks_for_part(request)


def _target(request: HttpRequest) -> str:
    """The id of the element htmx will fill: version 4 sends ``div#id``."""
    if not is_htmx(request):
        return ""
    return request.headers.get("HX-Target", "").rpartition("#")[2]
