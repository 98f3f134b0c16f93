"""The layers of a function: attached, ordered, taken off; five at most."""

from django.http import HttpResponse
from django.utils.translation import gettext as _

from console.http import ConsoleRequest
from console.pages.sections.common import attempt, done, show
from core import limits
from core.errors import InvalidParameterValue
from functions import selectors
from functions.models import LayerVersion, Version
from functions.services.functions import update_function_configuration


def layers(request: ConsoleRequest, version: Version) -> HttpResponse:
    """The list with its buttons; each press is saved at once."""
    error = None
    if request.method == "POST":
        error = attempt(lambda: _change(request, version))
        if error is None:
            return done(request, version, "layers")
    attached = selectors.attached_layers(version)
    context = {
        "attached": attached,
        "missing": [arn for arn in version.layers if arn not in {row.arn for row in attached}],
        "offered": _offered(request, attached),
        "typed": request.POST.get("arn", ""),
        "limit": limits.LAYERS_PER_FUNCTION,
        "is_full": len(version.layers) >= limits.LAYERS_PER_FUNCTION,
        "unzipped": version.package.unzipped_size + sum(row.package.unzipped_size for row in attached),
        "unzipped_limit": limits.PACKAGE_UNZIPPED_SIZE,
        "error": error,
        "notes": selectors.notes(version, "Layers"),
    }
    return show(request, version, "layers", context)


def _offered(request: ConsoleRequest, attached: list[LayerVersion]) -> list[LayerVersion]:
    """The newest version of each layer that is not attached yet."""
    names = {row.name for row in attached}
    return [row for row in selectors.list_layers(account=request.account) if row.name not in names]


def _change(request: ConsoleRequest, version: Version) -> None:
    """``add`` with an ARN, ``up``, ``down`` or ``remove`` with the place in the list."""
    now = list(version.layers)
    wanted = changed(now, request.POST.get("do", ""), _chosen(request))
    update_function_configuration(account=request.account, name=version.function.name, layers=wanted)


def _chosen(request: ConsoleRequest) -> str:
    """The ARN that was picked, or typed where none of the list was meant."""
    picked = request.POST.get("layer", "other")
    return request.POST.get("arn", "").strip() if picked == "other" else picked


def changed(layers: list[str], what: str, arn: str) -> list[str]:
    """The list after one press. Raises ``InvalidParameterValue`` for a press that this page has not."""
    verb, _colon, place = what.partition(":")
    if verb == "add":
        if not arn:
            raise InvalidParameterValue(_("Choose a layer, or type the ARN of one."))
        return [*layers, arn]
    if not place.isdecimal() or int(place) >= len(layers):
        raise InvalidParameterValue(_("The list of layers has changed. Load the page again."))
    at = int(place)
    rest = [*layers[:at], *layers[at + 1 :]]
    if verb == "remove":
        return rest
    if verb in ("up", "down"):
        rest.insert(max(at - 1, 0) if verb == "up" else at + 1, layers[at])
        return rest
    raise InvalidParameterValue(_("The list of layers has changed. Load the page again."))
