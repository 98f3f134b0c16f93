"""The one step of an explanation that says "not authorized": the missing permission, given to the function's role."""

import re

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.iam.role_policies import allow_action
from accounts.selectors import own_arn
from console.http import ConsoleRequest, fragment, is_htmx
from console.pages import invocations
from core.errors import InvalidParameterValue
from functions import selectors

_PERMISSION = re.compile(r"([a-z0-9-]+:[A-Za-z0-9]+) (\*|arn:[!-~]{1,1000})", re.ASCII)


@require_POST
def function_permit(request: ConsoleRequest, name: str) -> HttpResponse:
    """Let the function's role do ``action resource``, then have the page run its test again."""
    version = selectors.get_version(account=request.account, name=name)
    match = _PERMISSION.fullmatch(request.POST.get("permission", ""))
    if match is None:
        raise InvalidParameterValue(_("This is not a permission that can be added here."))
    resource, _foreign = own_arn(account=request.account, arn=match[2])
    role = version.role_arn.rpartition("/")[2]
    allow_action(account=request.account, role_name=role, action=match[1], resource=resource)
    if not is_htmx(request):
        return invocations.to_function(request, name, said=_("Saved."))
    context = {"version": version}
    response = fragment(request, "functions/_facts.html", context)
    response["HX-Trigger"] = "test-again"
    return response
