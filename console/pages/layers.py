"""Layers: the list, making one from a zip or from packages, its versions, and what is in them."""

import uuid
from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from console import runtime_choices
from console.file_tree import SHOWN, tree
from console.forms.layers import PACKAGES, UPLOAD, LayerForm, python_runtimes
from console.http import ConsoleRequest, finish, fragment, is_htmx, render_page
from core import clock
from core.errors import ServiceError
from functions import archives, browsing, selectors
from functions.models import LayerVersion, Version
from functions.services.layers import delete_layer_version, publish_layer_version
from runner.layerbuilds import get_layer_build, list_layer_builds, request_layer_build
from runner.models import LayerBuild

NEWS = timedelta(hours=1)  # how long the list tells of a layer that failed
Failure = LayerBuild.Failure
# why no layer came of it: what happened, and what to do next
FAILURES: dict[str, tuple[Any, Any]] = {
    Failure.NOT_FOUND: (
        gettext_lazy("No such package for this runtime"),
        gettext_lazy(
            "The index has no package of that name and version as a ready-made file (wheel) for this runtime. Check "
            "the name, leave the version out, or choose another runtime."
        ),
    ),
    Failure.NEEDS_BUILDING: (
        gettext_lazy("One of the packages is source code only"),
        gettext_lazy(
            "It would have to be built here, and strangers’ build programs are not run. Build it elsewhere and upload the layer as a zip."
        ),
    ),
    Failure.CONFLICT: (
        gettext_lazy("These versions do not go together"),
        gettext_lazy(
            "Two packages need different versions of a third. Leave versions out, or put them into two layers."
        ),
    ),
    Failure.OFFLINE: (
        gettext_lazy("The package index cannot be reached"),
        gettext_lazy(
            "This server has no way to it at the moment. Install the packages on a computer that has one (pip install "
            "--target python …), zip the folder python, and upload that as the layer."
        ),
    ),
    Failure.TOO_LONG: (
        gettext_lazy("It took too long"),
        gettext_lazy("Four minutes were not enough. Try again, with fewer packages."),
    ),
    Failure.TOO_LARGE: (
        gettext_lazy("Too large for a layer"),
        gettext_lazy(
            "Code and layers of a function may be 250 MB together. Leave packages out; boto3 is there already."
        ),
    ),
    Failure.REFUSED: (gettext_lazy("The layer was refused"), ""),
    Failure.INTERRUPTED: (
        gettext_lazy("The server was stopped meanwhile"),
        gettext_lazy("Nothing is wrong with the packages: try again."),
    ),
    Failure.OTHER: (
        gettext_lazy("The installer failed"),
        gettext_lazy("Its last lines below say why."),
    ),
}


@require_safe
def layer_list(request: ConsoleRequest) -> HttpResponse:
    """The newest version of each layer, and what is being made."""
    layers = list(selectors.list_layers(account=request.account))
    users = _users(request)
    for layer in layers:
        layer.used_by = sorted({name for arn, name in users if arn.rpartition(":")[0] == layer.arn.rpartition(":")[0]})  # type: ignore[attr-defined]
    recent = list_layer_builds(account=request.account).filter(asked_at__gte=clock.now() - NEWS)
    builds = recent.exclude(state=LayerBuild.State.SUCCEEDED)[:5]
    context = {"layers": layers, "builds": [_shown(build) for build in builds], "any": bool(layers or builds)}
    return render_page(request, "layers/list.html", context, fragments={"builds"})


@require_http_methods(["GET", "HEAD", "POST"])
def layer_new(request: ConsoleRequest) -> HttpResponse:
    """One page: a name, and packages of an index or a zip."""
    if request.method != "POST":
        return render_page(request, "layers/new.html", _new_context(LayerForm(initial=_initial(request))))
    form = LayerForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            return _make(request, form)
        except ServiceError as error:
            if error.status >= 500:
                raise
            form.add_error("zip" if form.cleaned_data["start"] == UPLOAD else "packages", error.text)
    template = "layers/new.html#create" if is_htmx(request) else "layers/new.html"
    return fragment(request, template, _new_context(form), status=422)


def _initial(request: ConsoleRequest) -> dict[str, Any]:
    """What the form begins with: as in the build ``again``, or a ``name`` and the runtime of the function ``for``."""
    if again := request.GET.get("again"):
        build = list_layer_builds(account=request.account).filter(pk__in=_uuids(again)).first()
        if build is not None:
            packages = "\n".join(build.packages)
            return {"name": build.layer_name, "start": PACKAGES, "packages": packages, "runtime": build.runtime}
    return {"name": request.GET.get("name", ""), "start": PACKAGES, "runtime": _runtime_for(request)}


def _uuids(text: str) -> list[uuid.UUID]:
    try:
        return [uuid.UUID(text)]
    except ValueError:
        return []


def _runtime_for(request: ConsoleRequest) -> str:
    """The runtime of the function that the layer is for, when there is one."""
    name = request.GET.get("for", "")
    version = selectors.list_functions(account=request.account).filter(function__name=name).first()
    return version.runtime if version else runtime_choices.default()


def _new_context(form: LayerForm) -> dict[str, Any]:
    return {
        "form": form,
        "start": form["start"].value() or "packages",
        "runtimes": [choice for choice in runtime_choices.choices() if choice.runtime in python_runtimes()],
        "compatible": form["compatible"].value() or [],
    }


def _make(request: ConsoleRequest, form: LayerForm) -> HttpResponse:
    data = form.cleaned_data
    slug, name = request.account.slug, data["name"]
    if data["start"] != UPLOAD:
        build = request_layer_build(
            account=request.account,
            name=name,
            packages=data["packages"],
            runtime=data["runtime"],
            description=data["description"],
        )
        return finish(request, "layer_build", slug, build.pk)
    layer = publish_layer_version(
        account=request.account,
        name=name,
        package=archives.store_package(data["zip"].read(), operation="PublishLayerVersion"),
        description=data["description"],
        compatible_runtimes=data["compatible"],
    )
    return finish(request, "layer_version", slug, name, layer.number, said=_("The layer is published."))


# -- being made --------------------------------------------------------------------------------------


@require_safe
def layer_build(request: ConsoleRequest, build_id: uuid.UUID) -> HttpResponse:
    """How far the installation is; it looks again by itself until it is over."""
    build = get_layer_build(account=request.account, build_id=build_id)
    return render_page(request, "layers/build.html", {"build": _shown(build)}, fragments={"build"})


def _shown(build: LayerBuild) -> LayerBuild:
    build.title, build.hint = FAILURES.get(build.failure, ("", ""))  # type: ignore[attr-defined]
    return build


# -- versions ----------------------------------------------------------------------------------------


@require_safe
def layer_detail(request: ConsoleRequest, layer: str) -> HttpResponse:
    """The versions of a layer, newest first, and who uses them. One that has none is not found."""
    versions = list(selectors.list_layer_versions(account=request.account, name=layer))
    if not versions:
        selectors.get_layer_version(account=request.account, name=layer, number=0)
    users = _users(request)
    for version in versions:
        version.used_by = sorted({name for arn, name in users if arn == version.arn})  # type: ignore[attr-defined]
    return render_page(request, "layers/detail.html", {"layer": versions[0], "versions": versions})


@require_safe
def layer_version(request: ConsoleRequest, layer: str, number: int) -> HttpResponse:
    """One version: its facts, its files as a tree, and one of them to read."""
    row = selectors.get_layer_version(account=request.account, name=layer, number=number)
    path = request.GET.get("file", "")
    root = tree(browsing.list_files(row.package_id), chosen=path)
    context = {
        "layer": row,
        "root": root,
        "hidden": max(root.count - SHOWN, 0),
        "path": path,
        "text": browsing.read_text(row.package_id, path) if path else None,
        "used_by": sorted({name for arn, name in _users(request) if arn == row.arn}),
    }
    return render_page(request, "layers/version.html", context)


@require_safe
def layer_package(request: ConsoleRequest, layer: str, number: int) -> HttpResponse:
    """The zip, as it was published."""
    row = selectors.get_layer_version(account=request.account, name=layer, number=number)
    response = HttpResponse(archives.package_bytes(row.package_id), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{row.name}-{row.number}.zip"'
    return response


@require_POST
def layer_delete(request: ConsoleRequest, layer: str, number: int) -> HttpResponse:
    """Delete one version; functions that have it keep it."""
    row: LayerVersion = selectors.get_layer_version(account=request.account, name=layer, number=number)
    delete_layer_version(account=request.account, name=layer, number=number)
    said = _("Version %(number)s of %(layer)s is deleted.") % {"number": number, "layer": row.name}
    return finish(request, "layer_list", request.account.slug, said=said)


def _users(request: ConsoleRequest) -> list[tuple[str, str]]:
    """Every attachment of the account: the layer version's ARN and the function's name."""
    rows = Version.objects.filter(function__account=request.account).values_list("layers", "function__name").distinct()
    return [(arn, name) for layers, name in rows for arn in layers]
