"""The list of functions; making one, deleting one."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import F, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from console import activity, blueprints, runtime_choices, triggers
from console.forms.functions import CreateFunctionForm
from console.http import ConsoleRequest, finish, fragment, is_htmx, render_page
from core import clock
from functions import selectors
from functions.models import Function, Version
from functions.services.functions import create_function, delete_function
from functions.services.test_events import save_test_event

PAGE_SIZE = 25
ORDERS = {
    "name": [F("function__name").asc()],
    "-name": [F("function__name").desc()],
    "runtime": [F("runtime").asc(), F("function__name").asc()],
    "-runtime": [F("runtime").desc(), F("function__name").asc()],
    "run": [F("last_asked_at").asc(nulls_last=True), F("function__name").asc()],
    "-run": [F("last_asked_at").desc(nulls_last=True), F("function__name").asc()],
}


@require_safe
def function_list(request: ConsoleRequest) -> HttpResponse:
    """Every function of the account with what it did lately."""
    search, order = request.GET.get("q", "").strip(), request.GET.get("sort", "")
    rows = activity.with_last_invocation(_found(request, search)).order_by(*ORDERS.get(order, ORDERS["name"]))
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    functions = [version.function for version in page]
    hours = activity.last_hour(functions=functions, now=clock.now())
    found = triggers.of_functions(account=request.account, functions=functions)
    for version in page:
        version.triggers = found.get(version.function_id, [])  # type: ignore[attr-defined]
        version.hour = hours[version.function_id]  # type: ignore[attr-defined]
    context = {
        "page": page,
        "search": search,
        "order": order if order in ORDERS else "name",
        "any": bool(page.paginator.count) or bool(search),
    }
    return render_page(request, "functions/list.html", context, fragments={"functions"})


def _found(request: ConsoleRequest, search: str) -> QuerySet[Version]:
    rows = selectors.list_functions(account=request.account)
    return rows.filter(function__name__icontains=search) if search else rows


@require_http_methods(["GET", "HEAD", "POST"])
def function_new(request: ConsoleRequest) -> HttpResponse:
    """One page: name, runtime, and what to begin with."""
    if request.method != "POST":
        form = CreateFunctionForm(initial={"name": free_name(request), "runtime": runtime_choices.default()})
        return render_page(request, "functions/new.html", _new_context(form))
    form = CreateFunctionForm(request.POST, request.FILES)
    if not form.is_valid():
        template = "functions/new.html#create" if is_htmx(request) else "functions/new.html"
        return fragment(request, template, _new_context(form), status=422)
    create_function(account=request.account, **form.arguments(account=request.account))
    if (start := form.cleaned_data["start"]) != blueprints.UPLOAD:
        event, body = blueprints.test_event(start, account=request.account)
        name = form.cleaned_data["name"]
        save_test_event(account=request.account, name=name, event=event, body=body, person=request.user, shared=False)
    return finish(request, "function_detail", request.account.slug, form.cleaned_data["name"])


def _new_context(form: CreateFunctionForm) -> dict[str, Any]:
    return {
        "form": form,
        "runtimes": runtime_choices.choices(),
        "blueprints": [(name, row, blueprints.languages(name)) for name, row in blueprints.available()],
        "chosen": form["start"].value() or blueprints.HELLO,
    }


def free_name(request: ConsoleRequest) -> str:
    """A name that is not taken: ``ada-function``, ``ada-function-2`` …, as a lab's first step wants one's own name in it."""
    stem = f"{request.account.slug}-function"[:60]
    taken = set(Function.objects.filter(account=request.account, name__startswith=stem).values_list("name", flat=True))
    number = 1
    while (name := stem if number == 1 else f"{stem}-{number}") in taken:
        number += 1
    return name


@require_POST
def function_delete(request: ConsoleRequest, name: str) -> HttpResponse:
    """Delete a function with its versions, aliases and events; its log stays."""
    delete_function(account=request.account, name=name)
    return finish(
        request,
        "function_list",
        request.account.slug,
        said=_("The function %(name)s is deleted.") % {"name": name},
    )


def old_function_list(request: ConsoleRequest) -> HttpResponse:
    """``/functions/``: the list is the account's front page."""
    return redirect("function_list", request.account.slug)
