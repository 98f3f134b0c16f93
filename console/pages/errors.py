"""The pages for requests that go nowhere. They are as small as they can be: whatever broke must not break them too."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.defaults import server_error as plain_server_error

from console.http import alert, keeps_page


def page(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    """What is wrong, as a page of its own; above the page that htmx is on, which stays."""
    if keeps_page(request):
        return alert(request, {"title": title, "text": text, "code": status}, status=status)
    return render(request, "error.html", {"status": status, "title": title, "text": text}, status=status)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403."""
    return page(request, 403, _("Not allowed"), _("You may not open this page."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without its token: usually a page that was open across a sign-in."""
    return page(request, 403, _("This page has grown old"), _("Load it again and repeat what you did."))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404."""
    return page(
        request, 404, _("Page not found"), _("There is nothing at this address, or it belongs to another account.")
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """500."""
    try:
        return page(
            request,
            500,
            _("Something went wrong on the server"),
            _("It is not your fault. Try again; if it happens again, tell whoever runs this server."),
        )
    except Exception:  # the frame itself is what broke: Django's own page has no frame
        return plain_server_error(request)
