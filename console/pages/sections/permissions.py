"""Permissions: the execution role in words, a question to it, and who else may invoke the function."""

import json
import re
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from accounts.iam import put_role_policy
from accounts.iam.policies import get_policy, get_policy_version
from accounts.iam.simulation import Evaluation, Question, simulate_principal_policy
from accounts.models import Role
from console.forms.permissions import ACTIONS, SERVICES, PermissionForm, QuestionForm
from console.http import ConsoleRequest
from console.pages.sections.common import attempt, done, show
from console.policy_words import Guest, Sentence, guest, sentences
from core import ids
from core.errors import InvalidParameterValue, ServiceError
from functions import selectors
from functions.models import PolicyStatement, Version
from functions.policies import Permission
from functions.roles import trusts_lambda
from functions.services.functions import update_function_configuration
from functions.services.permissions import add_permission, remove_permission

ADDED = "AllowedInConsole"  # the inline policy that holds what was allowed by the button here
FRAGMENTS = frozenset({"section", "answer"})


@dataclass(frozen=True, slots=True)
class PolicyInWords:
    """A policy of the role: its name, whether it is managed, its statements."""

    name: str
    is_managed: bool
    sentences: list[Sentence]


def permissions(request: ConsoleRequest, version: Version) -> HttpResponse:
    """GET with ``action`` asks the role; POST's ``do`` is one of the verbs below."""
    form, error = PermissionForm(), None
    if request.method == "POST":
        verb = request.POST.get("do", "")
        if verb == "add":
            form = PermissionForm(request.POST)
        if verb != "add" or form.is_valid():
            change = _VERBS.get(verb, _unknown)
            error = attempt(lambda: change(request, version))
            if error is None:
                return done(request, version, "permissions", _SAID[verb]())
    return show(request, version, "permissions", _context(request, version, form, error), fragments=FRAGMENTS)


# -- verbs -------------------------------------------------------------------------------------------


def _set_role(request: ConsoleRequest, version: Version) -> None:
    role = request.POST.get("role", "")
    update_function_configuration(account=request.account, name=version.function.name, role_arn=role)


def _allow(request: ConsoleRequest, version: Version) -> None:
    """Add what the role lacks to an inline policy of its own."""
    form = QuestionForm(request.POST)
    if not form.is_valid():
        raise InvalidParameterValue(_("An action is a service and a verb, as in s3:GetObject."))
    name = role_name(version)
    row = Role.objects.get(account=request.account, name=name).inline_policies.filter(name=ADDED).first()
    statements = json.loads(row.document)["Statement"] if row else []
    statements.append({"Effect": "Allow", "Action": form.cleaned_data["action"], "Resource": form.cleaned_data["on"]})
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    put_role_policy(account=request.account, role_name=name, policy_name=ADDED, document=document)


def _add(request: ConsoleRequest, version: Version) -> None:
    form = PermissionForm(request.POST)
    form.is_valid()
    data = form.cleaned_data
    word = re.sub(r"[^a-zA-Z0-9]+", "-", data["principal"].partition(".")[0])[:40].strip("-")
    sid = data["sid"] or f"{word or 'all'}-{ids.hex_token(6)}"
    add_permission(
        account=request.account,
        name=version.function.name,
        qualifier=data["qualifier"],
        permission=Permission(
            sid=sid,
            action="lambda:InvokeFunction",
            principal=data["principal"].strip(),
            source_arn=data["source_arn"],
        ),
    )


def _remove(request: ConsoleRequest, version: Version) -> None:
    sid, qualifier = request.POST.get("sid", ""), request.POST.get("qualifier", "")
    remove_permission(account=request.account, name=version.function.name, sid=sid, qualifier=qualifier)


def _unknown(request: ConsoleRequest, version: Version) -> None:
    raise InvalidParameterValue(_("This page has no such button. Load it again."))


_VERBS = {"role": _set_role, "allow": _allow, "add": _add, "remove": _remove}
_SAID = {
    "role": lambda: _("The function has another role."),
    "allow": lambda: _("The role may do that now."),
    "add": lambda: _("The permission is added."),
    "remove": lambda: _("The permission is removed."),
}


# -- what is shown -----------------------------------------------------------------------------------


def role_name(version: Version) -> str:
    """The name of the function's role."""
    return str(version.role_arn).rpartition("/")[2]


def _context(
    request: ConsoleRequest, version: Version, form: PermissionForm, error: ServiceError | None
) -> dict[str, Any]:
    roles = Role.objects.filter(account=request.account).order_by("name")
    usable = [role for role in roles if trusts_lambda(role.assume_role_policy)]
    role = next((role for role in roles if role.arn == version.role_arn), None)
    asked = QuestionForm(request.GET) if "action" in request.GET else QuestionForm(initial={"on": "*"})
    labels = [alias.name for alias in selectors.list_aliases(account=request.account, name=version.function.name)]
    return {
        "form": form,
        "error": error,
        "notes": selectors.notes(version, "Role"),
        "is_bad": form.is_bound and bool(form.errors),
        "role": role,
        "roles": usable,
        "policies": _policies(request, role) if role else [],
        "guests": _guests(version),
        "qualifiers": labels,
        "services": SERVICES,
        "actions": ACTIONS,
        "question": asked,
        "answer": _answer(request, version, asked) if role and asked.is_bound and asked.is_valid() else None,
    }


def _policies(request: ConsoleRequest, role: Role) -> list[PolicyInWords]:
    found = [PolicyInWords(row.name, False, sentences(row.document)) for row in role.inline_policies.order_by("name")]
    for arn in role.attachments.order_by("policy_arn").values_list("policy_arn", flat=True):
        name = arn.rpartition("/")[2]
        try:
            policy = get_policy(account=request.account, arn=arn)
            document = get_policy_version(
                account=request.account, arn=arn, version=f"v{policy.default_version}"
            ).document
        except ServiceError:  # attached, and deleted since: it allows nothing
            document = "{}"
        found.append(PolicyInWords(name, True, sentences(document)))
    return found


def _guests(version: Version) -> list[Guest]:
    rows = PolicyStatement.objects.filter(function=version.function).order_by("qualifier", "pk")
    return [guest(row.statement, qualifier=row.qualifier) for row in rows]


def _answer(request: ConsoleRequest, version: Version, asked: QuestionForm) -> Evaluation:
    question = Question(actions=[asked.cleaned_data["action"]], resources=[asked.cleaned_data["on"]])
    return simulate_principal_policy(account=request.account, arn=version.role_arn, question=question)[0]
