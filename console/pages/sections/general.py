"""General: description, runtime, handler, memory, timeout, ephemeral storage."""

from django.http import HttpResponse

from console import runtime_choices
from console.forms import configuration as forms
from console.http import ConsoleRequest
from console.pages.sections.common import attempt, done, show
from functions.models import Version
from functions.services.functions import update_function_configuration

FIELDS = ("description", "runtime", "handler", "memory_size", "timeout", "ephemeral_storage")


def general(request: ConsoleRequest, version: Version) -> HttpResponse:
    """The form; what did not change is not sent."""
    initial = {name: getattr(version, name) for name in FIELDS}
    form = forms.GeneralForm(request.POST if request.method == "POST" else None, initial=initial)
    error = None
    if request.method == "POST" and form.is_valid():
        settings = {name: value for name, value in form.cleaned_data.items() if value not in (None, initial[name])}
        name = version.function.name
        error = attempt(lambda: update_function_configuration(account=request.account, name=name, **settings))
        if error is None:
            return done(request, version, "general")
    context = {"form": form, "runtimes": runtime_choices.choices(), "error": error, "is_bad": bool(form.errors)}
    return show(request, version, "general", context)
