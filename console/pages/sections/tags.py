"""Tags: names and values, for people and for tools."""

from django.db import transaction
from django.http import HttpResponse

from console.forms import configuration as forms
from console.http import ConsoleRequest
from console.pages.sections.common import attempt, done, show
from core import limits
from functions.models import Version
from functions.services.tags import tag_resource, untag_resource


def tags(request: ConsoleRequest, version: Version) -> HttpResponse:
    """The rows; what is no longer there is taken off the function."""
    now = dict(version.function.tags)
    wrong: list[str] = []
    error = None
    if request.method == "POST":
        now, wrong = forms.variables(request.POST)
        if not wrong and (error := attempt(lambda: _save(request, version, now))) is None:
            return done(request, version, "tags")
    context = {
        "variables": now.items(),
        "wrong": wrong,
        "error": error,
        "is_bad": bool(wrong),
        "limit": limits.TAGS_PER_RESOURCE,
    }
    return show(request, version, "tags", context)


@transaction.atomic
def _save(request: ConsoleRequest, version: Version, tags: dict[str, str]) -> None:
    name = version.function.name
    untag_resource(account=request.account, name=name, keys=version.function.tags.keys() - tags.keys())
    tag_resource(account=request.account, name=name, tags=tags)
