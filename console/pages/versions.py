"""Versions and aliases: publish, look at, compare, point, delete."""

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from console import comparing
from console.file_tree import SHOWN, tree
from console.forms.versions import AliasForm
from console.http import ConsoleRequest, finish, fragment, is_htmx, render_page
from console.pages.common import function_context
from console.pages.sections.common import attempt
from core.errors import InvalidParameterValue
from functions import archives, browsing, selectors
from functions.models import LATEST, Alias, Version
from functions.services.aliases import create_alias, delete_alias, update_alias
from functions.services.functions import delete_function
from functions.services.versions import publish_version


@require_safe
def version_list(request: ConsoleRequest, name: str) -> HttpResponse:
    """The published versions, newest first, and the aliases; ``alias`` names the one in the form."""
    form = AliasForm(initial=_initial(request, name, request.GET.get("alias", "")))
    return render_page(request, "functions/versions.html", _context(request, name, form), fragments={"alias"})


def _initial(request: ConsoleRequest, name: str, chosen: str) -> dict[str, Any]:
    alias = None
    if chosen:
        function = selectors.get_function(account=request.account, name=name)
        alias = selectors.find_alias(function=function, name=chosen)
    if alias is None:
        return {"alias": "", "percent": 10}
    other, share = next(iter(alias.weights.items()), ("", 0.1))
    version = str(alias.version_number or LATEST)
    return {
        "alias": alias.name,
        "description": alias.description,
        "version": version,
        "other": other,
        "percent": f"{share * 100:g}",
    }


def _context(request: ConsoleRequest, name: str, form: AliasForm) -> dict[str, Any]:
    latest = selectors.get_version(account=request.account, name=name)
    aliases = list(selectors.list_aliases(account=request.account, name=name))
    versions = list(selectors.list_versions(account=request.account, name=name).filter(number__gt=0).reverse())
    for version in versions:
        version.alias_names = [alias.name for alias in aliases if version.number in selectors.alias_targets(alias)]  # type: ignore[attr-defined]
    return {
        **function_context(request, latest, tab="versions"),
        "versions": versions,
        "aliases": [_routes(alias) for alias in aliases],
        "labels": [LATEST, *(version.label for version in versions)],
        "numbers": [version.label for version in versions],
        "form": form,
    }


def _routes(alias: Alias) -> Alias:
    """The alias with its ``routes``: label and percent, the primary version first."""
    shared = sum(alias.weights.values())
    routes = [(str(alias.version_number or LATEST), (1 - shared) * 100)]
    alias.routes = routes + [(label, share * 100) for label, share in alias.weights.items()]  # type: ignore[attr-defined]
    return alias


@require_safe
def version_detail(request: ConsoleRequest, name: str, number: int) -> HttpResponse:
    """A published version as it was frozen: settings and files, to read."""
    shown = selectors.get_version(account=request.account, name=name, qualifier=str(number))
    path = request.GET.get("file", "")
    root = tree(browsing.list_files(shown.package_id), chosen=path)
    context = {
        **function_context(request, selectors.get_version(account=request.account, name=name), tab="versions"),
        "shown": shown,
        "attached": selectors.attached_layers(shown),
        "variables": (shown.environment or {}).items(),
        "root": root,
        "hidden": max(root.count - SHOWN, 0),
        "path": path,
        "text": browsing.read_text(shown.package_id, path) if path else None,
    }
    return render_page(request, "functions/version.html", context)


@require_safe
def version_compare(request: ConsoleRequest, name: str) -> HttpResponse:
    """Two versions beside each other: what was changed from ``left`` to ``right``."""
    versions = list(selectors.list_versions(account=request.account, name=name))
    labels = [version.label for version in versions]
    left, right = (
        _side(versions, request.GET.get(side, ""), default)
        for side, default in (("left", labels[-1]), ("right", LATEST))
    )
    context = {
        **function_context(request, versions[0], tab="versions"),
        "labels": labels,
        "left": left,
        "right": right,
        "settings": comparing.settings(left, right),
        **_files(left, right),
    }
    return render_page(request, "functions/compare.html", context, fragments={"comparison"})


def _side(versions: list[Version], label: str, default: str) -> Version:
    """The version of that label; a label that is none is an error that names it."""
    wanted = label or default
    found = next((version for version in versions if version.label == wanted), None)
    if found is None:
        raise selectors.missing(versions[0].function.account, versions[0].function.name, wanted[:40])
    return found


def _files(left: Version, right: Version) -> dict[str, Any]:
    if left.package_id == right.package_id:
        return {"files": [], "more": 0}
    try:
        files, more = comparing.files(archives.read_files(left.package_id), archives.read_files(right.package_id))
    except InvalidParameterValue:  # too large for the editor, and for this
        return {"files": [], "more": 0, "too_large": True}
    return {"files": files, "more": more}


@require_POST
def function_publish_version(request: ConsoleRequest, name: str) -> HttpResponse:
    """Freeze ``$LATEST``."""
    before = selectors.last_published(selectors.get_function(account=request.account, name=name))
    version = publish_version(
        account=request.account, name=name, description=request.POST.get("description", "").strip()
    )
    if before == version:
        said = _("Nothing has changed since version %(number)s: there is no new one.")
    else:
        said = _("Published version %(number)s.")
    return _done(request, name, said % {"number": version.number})


@require_POST
def version_delete(request: ConsoleRequest, name: str, number: int) -> HttpResponse:
    """Delete one published version."""
    delete_function(account=request.account, name=name, qualifier=str(number))
    return _done(request, name, _("Version %(number)s is deleted.") % {"number": number})


@require_POST
def alias_save(request: ConsoleRequest, name: str) -> HttpResponse:
    """Make an alias, or point the one of that name elsewhere."""
    form = AliasForm(request.POST)
    selectors.get_function(account=request.account, name=name)
    if form.is_valid():
        error = attempt(lambda: _save(request, name, form))
        if error is not None:
            form.add_error(None, error.text)
        else:
            data = form.cleaned_data
            said = _("%(alias)s points at version %(version)s.") % {"alias": data["alias"], "version": data["version"]}
            return _done(request, name, said)
    template = "functions/versions.html#alias" if is_htmx(request) else "functions/versions.html"
    return fragment(request, template, _context(request, name, form), status=422)


def _save(request: ConsoleRequest, name: str, form: AliasForm) -> None:
    data = form.cleaned_data
    function = selectors.get_function(account=request.account, name=name)
    change = update_alias if selectors.find_alias(function=function, name=data["alias"]) else create_alias
    change(
        account=request.account,
        name=name,
        alias=data["alias"],
        version=data["version"],
        description=data["description"],
        weights=form.weights,
    )


@require_POST
def alias_delete(request: ConsoleRequest, name: str, alias: str) -> HttpResponse:
    """Delete an alias; the version stays."""
    delete_alias(account=request.account, name=name, alias=alias)
    return _done(request, name, _("The alias %(alias)s is deleted.") % {"alias": alias})


def _done(request: ConsoleRequest, name: str, said: str) -> HttpResponse:
    return finish(request, "version_list", request.account.slug, name, said=said)
