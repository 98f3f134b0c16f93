"""Concurrency: what is reserved for the function, what is left for the others, and the throttle."""

from django.http import HttpResponse
from django.utils.translation import gettext as _

from console.forms.configuration import ConcurrencyForm
from console.http import ConsoleRequest
from console.pages.sections.common import attempt, done, show
from core import limits
from functions import selectors
from functions.models import Version
from functions.services.concurrency import delete_function_concurrency, put_function_concurrency


def concurrency(request: ConsoleRequest, version: Version) -> HttpResponse:
    """Reserve, share, or stop the function at once."""
    function = version.function
    initial = {"mode": "shared" if function.reserved_concurrency is None else "reserved"}
    initial["reserved"] = function.reserved_concurrency or ""  # type: ignore[assignment]
    if request.method == "POST" and "throttle" in request.POST:
        put_function_concurrency(account=request.account, name=function.name, reserved=0)
        return done(request, version, "concurrency", _("The function is throttled."))
    form = ConcurrencyForm(request.POST if request.method == "POST" else None, initial=initial)
    error = None
    if request.method == "POST" and form.is_valid():
        error = attempt(lambda: _save(request, function.name, form))
        if error is None:
            return done(request, version, "concurrency")
    left = selectors.unreserved_concurrency(account=request.account, without=function)
    context = {
        "form": form,
        "is_bad": bool(form.errors),
        "error": error,
        "mode": form["mode"].value(),
        "reserved": function.reserved_concurrency,
        "unreserved": left - (function.reserved_concurrency or 0),
        "most": max(left - limits.UNRESERVED_CONCURRENCY_MIN, 0),
        "limit": request.account.concurrency_limit,
    }
    return show(request, version, "concurrency", context)


def _save(request: ConsoleRequest, name: str, form: ConcurrencyForm) -> None:
    if form.cleaned_data["mode"] == "shared":
        delete_function_concurrency(account=request.account, name=name)
    else:
        put_function_concurrency(account=request.account, name=name, reserved=form.cleaned_data["reserved"])
