"""Asynchronous invocation: retries, the age of an event, where it ends, and the dead-letter queue."""

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from console import destinations
from console.forms.asynchronous import AsynchronousForm
from console.http import ConsoleRequest
from console.pages.sections.common import attempt, done, show
from core import limits
from functions import selectors
from functions.models import Version
from functions.services.event_invoke import delete_function_event_invoke_config, put_function_event_invoke_config
from functions.services.functions import update_function_configuration


def asynchronous(request: ConsoleRequest, version: Version) -> HttpResponse:
    """The form for ``$LATEST``; a button goes back to AWS's defaults."""
    if request.method == "POST" and "reset" in request.POST:
        if selectors.find_event_invoke_config(function=version.function):
            delete_function_event_invoke_config(account=request.account, name=version.function.name)
        return done(request, version, "asynchronous", _("Asynchronous invocation is as AWS has it by default."))
    form = AsynchronousForm(request.POST if request.method == "POST" else None, initial=_now(version))
    error = None
    if request.method == "POST" and form.is_valid():
        error = attempt(lambda: _save(request, version, form))
        if error is None:
            return done(request, version, "asynchronous")
    return show(request, version, "asynchronous", {**_context(request, version, form), "error": error})


def _now(version: Version) -> dict[str, Any]:
    config = selectors.find_event_invoke_config(function=version.function)
    retries = config.maximum_retry_attempts if config else None
    age = config.maximum_event_age if config else None
    return {
        "retries": limits.ASYNC_RETRIES_DEFAULT if retries is None else retries,
        "age": limits.ASYNC_EVENT_AGE_S_MAX if age is None else age,
        "on_success": config.on_success if config else "",
        "on_failure": config.on_failure if config else "",
        "dead_letter": version.dead_letter_arn,
    }


def _save(request: ConsoleRequest, version: Version, form: AsynchronousForm) -> None:
    name = version.function.name
    put_function_event_invoke_config(
        account=request.account,
        name=name,
        maximum_retry_attempts=form.cleaned_data["retries"],
        maximum_event_age=form.cleaned_data["age"],
        on_success=form.target("on_success"),
        on_failure=form.target("on_failure"),
    )
    if "dead_letter" in form.data and (arn := form.target("dead_letter")) != version.dead_letter_arn:
        update_function_configuration(account=request.account, name=name, dead_letter_arn=arn)


def _context(request: ConsoleRequest, version: Version, form: AsynchronousForm) -> dict[str, Any]:
    own = version.function.arn
    groups = [
        destinations.Choices(group.label, [row for row in group.options if not f"{row[1]}:".startswith(f"{own}:")])
        for group in destinations.choices(account=request.account)
    ]
    dead_letters = destinations.choices(account=request.account, dead_letters=True)
    fields = [("on_success", groups), ("on_failure", groups)]
    if dead_letters or version.dead_letter_arn:
        fields.append(("dead_letter", dead_letters))
    return {
        "form": form,
        "is_bad": bool(form.errors),
        "is_configured": selectors.find_event_invoke_config(function=version.function) is not None,
        "pickers": [_picker(form, field, choices) for field, choices in fields],
        "retry_choices": range(limits.ASYNC_RETRIES_MAX + 1),
        "age_min": limits.ASYNC_EVENT_AGE_S_MIN,
        "age_max": limits.ASYNC_EVENT_AGE_S_MAX,
    }


def _picker(form: AsynchronousForm, name: str, choices: list[destinations.Choices]) -> dict[str, Any]:
    """A field with its choices; a value that is none of them is typed beside the picker."""
    value = form[name].value() or ""
    offered = {arn for group in choices for _name, arn in group.options}
    typed = form[f"{name}_arn"].value() or (value if value not in offered and value != form.OTHER else "")
    chosen = form.OTHER if typed or value == form.OTHER else value
    return {"field": form[name], "choices": choices, "value": chosen, "typed": typed, "note": form[f"{name}_arn"]}
