"""Versions and aliases: publish, point, delete."""

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from console.forms.versions import AliasForm
from console.http import ConsoleRequest, finish, fragment, is_htmx, render_page
from console.pages.common import function_context
from functions import selectors
from functions.services.aliases import create_alias, delete_alias, update_alias
from functions.services.functions import delete_function
from functions.services.versions import publish_version


@require_safe
def version_list(request: ConsoleRequest, name: str) -> HttpResponse:
    """The published versions, newest first, and the aliases."""
    return render_page(request, "functions/versions.html", _context(request, name, AliasForm()))


def _context(request: ConsoleRequest, name: str, form: AliasForm) -> dict[str, Any]:
    latest = selectors.get_version(account=request.account, name=name)
    aliases = list(selectors.list_aliases(account=request.account, name=name))
    versions = list(selectors.list_versions(account=request.account, name=name).filter(number__gt=0).reverse())
    for version in versions:
        version.alias_names = [alias.name for alias in aliases if alias.version_number == version.number]  # type: ignore[attr-defined]
    return {
        **function_context(request, latest, tab="versions"),
        "versions": versions,
        "aliases": aliases,
        "labels": ["$LATEST", *(version.label for version in versions)],
        "form": form,
    }


@require_POST
def function_publish_version(request: ConsoleRequest, name: str) -> HttpResponse:
    """Freeze ``$LATEST``."""
    version = publish_version(
        account=request.account, name=name, description=request.POST.get("description", "").strip()
    )
    return _done(request, name, _("Published version %(number)s.") % {"number": version.number})


@require_POST
def version_delete(request: ConsoleRequest, name: str, number: int) -> HttpResponse:
    """Delete one published version."""
    delete_function(account=request.account, name=name, qualifier=str(number))
    return _done(request, name, _("Version %(number)s is deleted.") % {"number": number})


@require_POST
def alias_save(request: ConsoleRequest, name: str) -> HttpResponse:
    """Make an alias, or point the one of that name elsewhere."""
    form = AliasForm(request.POST)
    if not form.is_valid():
        template = "functions/versions.html#alias" if is_htmx(request) else "functions/versions.html"
        return fragment(request, template, _context(request, name, form), status=422)
    data = form.cleaned_data
    known = selectors.find_alias(
        function=selectors.get_function(account=request.account, name=name), name=data["alias"]
    )
    change = update_alias if known else create_alias
    change(account=request.account, name=name, alias=data["alias"], version=data["version"])
    said = _("%(alias)s points at version %(version)s.") % {"alias": data["alias"], "version": data["version"]}
    return _done(request, name, said)


@require_POST
def alias_delete(request: ConsoleRequest, name: str, alias: str) -> HttpResponse:
    """Delete an alias; the version stays."""
    delete_alias(account=request.account, name=name, alias=alias)
    return _done(request, name, _("The alias %(alias)s is deleted.") % {"alias": alias})


def _done(request: ConsoleRequest, name: str, said: str) -> HttpResponse:
    return finish(request, "version_list", request.account.slug, name, said=said)
