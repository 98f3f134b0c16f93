"""What every section of the configuration does: show itself whole or alone, and keep what was typed when it is wrong."""

from collections.abc import Callable, Set
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from console.http import ConsoleRequest, finish, fragment, is_htmx, render_page
from console.pages.common import function_context
from console.pages.sections.names import LABELS
from core.errors import ServiceError
from functions.models import Version

NEVER_MIND = (401, 403, 404)  # not about what was typed: the middleware answers


def show(
    request: ConsoleRequest,
    version: Version,
    section: str,
    context: dict[str, Any],
    *,
    fragments: Set[str] = frozenset({"section"}),
) -> HttpResponse:
    """The section; 422 when ``context`` has ``is_bad`` or an ``error``, with the form as it was typed."""
    is_bad = bool(context.pop("is_bad", False)) or bool(context.get("error"))
    context = {
        **function_context(request, version, tab="configuration"),
        "section": section,
        "sections": LABELS,
        **context,
    }
    template = f"functions/configuration_{section}.html"
    if is_htmx(request) and is_bad:
        return fragment(request, f"{template}#section", context, status=422)
    return render_page(request, template, context, fragments=fragments, status=422 if is_bad else 200)


def attempt(change: Callable[[], Any]) -> ServiceError | None:
    """Do it; the error is given back when it is about the values, so that they can be shown again with it."""
    try:
        change()
    except ServiceError as error:
        if error.status in NEVER_MIND or error.status >= 500:
            raise
        return error
    return None


def done(request: ConsoleRequest, version: Version, section: str, said: Any = "") -> HttpResponse:
    """Saved: on to the section as it is now."""
    slug, name = request.account.slug, version.function.name
    return finish(request, "function_configuration", slug, name, section, said=said or _("Saved."))
