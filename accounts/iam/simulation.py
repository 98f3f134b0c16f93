"""Trying policies out: what they would say to a request, without one. The same evaluation as for real requests."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from accounts import errors
from accounts.iam import documents, roles, users
from accounts.models import Account
from accounts.permissions import ADMINISTRATOR, of_role
from accounts.policies import (
    Context,
    Decision,
    Grants,
    Policies,
    Request,
    Statement,
    Subject,
    context_of,
    evaluate,
    parse,
)
from accounts.selectors import own_arn
from core import arns

CUSTOM = "PolicyInputList"
_ANSWERS = 1_000


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: every action on every resource. ``resource_policy`` is that of each resource, or empty."""

    actions: Sequence[str]
    resources: Sequence[str] = ("*",)
    context: Mapping[str, Iterable[str]] | None = None
    resource_policy: str = ""
    caller_arn: str = ""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The answer for one action on one resource; ``missing`` are condition keys that were not given."""

    action: str
    resource: str
    decision: Decision
    bounded: bool | None  # whether a boundary lets it through; None without one
    missing: tuple[str, ...]


def simulate_custom_policy(
    *, account: Account, policies: Sequence[str], question: Question, boundary: Sequence[str] = ()
) -> list[Evaluation]:
    """What documents would say. Raises ``MalformedPolicyDocument``."""
    grants = Grants(_given(policies), _given(boundary) if boundary else None)
    return _answers(question, grants, _subject(account, question.caller_arn))


def simulate_principal_policy(
    *, account: Account, arn: str, question: Question, policies: Sequence[str] = (), boundary: Sequence[str] = ()
) -> list[Evaluation]:
    """What the policies of a role or user say, with ``policies`` beside them and ``boundary`` in place of its own.

    Raises ``RoleNotFound``, ``UserNotFound``, ``IamInvalidInput``, ``MalformedPolicyDocument``.
    """
    own, _ = own_arn(account=account, arn=arn)
    grants = _grants_of(account, own)
    more = _given(policies)
    grants = Grants(
        Policies(grants.identity.statements + more.statements), _given(boundary) if boundary else grants.boundary
    )
    return _answers(question, grants, _subject(account, question.caller_arn or own))


def _grants_of(account: Account, arn: str) -> Grants:
    parsed = arns.parse(arn)
    kind, _, rest = parsed.resource.partition("/") if parsed and parsed.service == "iam" else ("", "", "")
    name = rest.rpartition("/")[2]
    if kind == "user":
        users.get_user(account=account, name=name)
        return ADMINISTRATOR
    if kind != "role":
        raise errors.IamInvalidInput(f"Invalid Entity Arn: {arn} does not clearly define entity type and name.")
    role = roles.get_role(account=account, name=name)
    if role.arn != arn:
        raise errors.RoleNotFound(name=name)
    permissions = of_role(account=account, name=name)
    return Grants(permissions.identity, permissions.boundary)


def _given(texts: Sequence[str]) -> Policies:
    for text in texts:
        documents.check_identity_policy(text)
    return Policies.of(*(parse(text, name=f"{CUSTOM}.{number}") for number, text in enumerate(texts, start=1)))


def _subject(account: Account, arn: str) -> Subject:
    is_role = ":role/" in arn
    return Subject(arn=arn or arns.iam(account.id, "root"), account_id=account.id, role_arn=arn if is_role else "")


def _answers(question: Question, grants: Grants, subject: Subject) -> list[Evaluation]:
    if len(question.actions) * len(question.resources) > _ANSWERS:
        raise errors.IamInvalidInput(f"At most {_ANSWERS} combinations of actions and resources can be simulated.")
    context = context_of(question.context or {})
    resource = Policies.of(parse(question.resource_policy, name="resource")) if question.resource_policy else None
    return [
        _answer(Request(action, on, context), grants, resource, subject)
        for action in question.actions
        for on in question.resources
    ]


def _answer(request: Request, grants: Grants, resource: Policies | None, subject: Subject) -> Evaluation:
    decision = evaluate(request, subject=subject, grants=grants, resource=resource)
    bounded = None
    if grants.boundary is not None:
        bounded = evaluate(request, subject=subject, grants=Grants(grants.boundary)).allowed
    layers = [policies for policies in (grants.identity, grants.boundary, resource) if policies]
    about = [statement for policies in layers for statement in policies.about(request.action.lower())]
    return Evaluation(request.action, request.resource, decision, bounded, _missing(about, request.context))


def _missing(statements: Iterable[Statement], context: Context) -> tuple[str, ...]:
    keys = {condition.key for statement in statements for condition in statement.conditions}
    return tuple(sorted(keys - context.keys()))
