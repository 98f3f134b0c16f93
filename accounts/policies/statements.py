"""Policy documents, taken apart once so that requests can be compared with them quickly."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from accounts.policies import conditions, patterns
from accounts.policies.conditions import Condition
from accounts.policies.context import Context
from accounts.policies.patterns import Token

_WITH_VARIABLES = "2012-10-17"
_REMEMBERED_ACTIONS = 256


class Naming(IntEnum):
    """How closely a Principal element names somebody; it decides whether a grant stands on its own."""

    NOT = 0
    ACCOUNT = 1  # the account as a whole: it passes the decision on to its identity policies
    ROLE = 2  # the role, or everybody
    SELF = 3  # the user, the role's session or the service itself


@dataclass(frozen=True, slots=True)
class Subject:
    """Who asks. ``role_arn`` belongs to an assumed role; ``service`` is ``s3.amazonaws.com`` where AWS itself asks."""

    arn: str = ""
    account_id: str = ""
    role_arn: str = ""
    service: str = ""

    @property
    def is_root(self) -> bool:
        return self.arn.endswith(":root")


@dataclass(frozen=True, slots=True)
class Elements:
    """The values of Action, Resource or their Not… form; ``inverted`` for the latter."""

    values: tuple[tuple[Token, ...], ...]
    inverted: bool = False

    def cover(self, text: str, context: Context) -> bool:
        return any(_matches(value, text, context) for value in self.values) != self.inverted


def _matches(tokens: tuple[Token, ...], text: str, context: Context) -> bool:
    if patterns.has_variables(tokens):
        made = patterns.filled(tokens, context)
        return made is not None and patterns.matcher(made)(text)
    return patterns.matcher(tokens)(text)


@dataclass(frozen=True, slots=True)
class Principals:
    """Principal or NotPrincipal: values by kind (``AWS``, ``Service``, ``Federated`` …)."""

    by_kind: Mapping[str, tuple[str, ...]]
    inverted: bool = False

    def naming(self, subject: Subject) -> Naming:
        """How closely ``subject`` is named; of a NotPrincipal, whoever is not in it counts as everybody."""
        closest = max((self._naming(value, subject) for value in self.by_kind.get("AWS", ())), default=Naming.NOT)
        if subject.service and {subject.service, "*"} & set(self.by_kind.get("Service", ())):
            closest = Naming.SELF
        if self.inverted:
            return Naming.NOT if closest else Naming.ROLE
        return closest

    @staticmethod
    def _naming(value: str, subject: Subject) -> Naming:
        if value == "*":
            return Naming.ROLE
        if subject.service:
            return Naming.NOT
        if value == subject.arn and not subject.is_root:
            return Naming.SELF
        if subject.role_arn and value == subject.role_arn:
            return Naming.ROLE
        in_account = value in (subject.account_id, f"arn:aws:iam::{subject.account_id}:root")
        return Naming.ACCOUNT if in_account else Naming.NOT


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; ``policy`` and ``number`` (from 1) say where it stands.

    ``broken`` tells why it cannot be understood: such a statement allows nothing, and denies whatever it would.
    """

    policy: str
    number: int
    sid: str
    allows: bool
    actions: Elements
    resources: Elements | None
    principals: Principals | None
    conditions: tuple[Condition, ...]
    broken: str = ""

    def is_about(self, action: str) -> bool:
        """Whether it says anything about ``action``, in lower case."""
        return self.actions.cover(action, {})

    def applies(self, resource: str, context: Context) -> bool:
        """Whether it applies to a resource, for an action that it is about."""
        if self.resources is not None and not self.resources.cover(resource, context):
            return False
        if self.broken:
            return not self.allows
        return all(condition.holds(context) for condition in self.conditions)

    def naming(self, subject: Subject) -> Naming:
        """How closely its principals name ``subject``."""
        return self.principals.naming(subject) if self.principals else Naming.NOT


@dataclass(frozen=True, slots=True)
class Policies:
    """The statements of all policies of one kind. What was asked before is answered from memory."""

    statements: tuple[Statement, ...] = ()
    _about: dict[str, tuple[Statement, ...]] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, *policies: Sequence[Statement]) -> "Policies":
        return cls(tuple(statement for policy in policies for statement in policy))

    def about(self, action: str) -> tuple[Statement, ...]:
        """The statements about an action (in lower case), denials first."""
        if (found := self._about.get(action)) is None:
            about = [statement for statement in self.statements if statement.is_about(action)]
            found = tuple(sorted(about, key=lambda statement: statement.allows))
            if len(self._about) < _REMEMBERED_ACTIONS:
                self._about[action] = found
        return found


def parse(document: str | Mapping[str, Any], *, name: str = "") -> tuple[Statement, ...]:
    """The statements of a document that was checked when it was written; ``name`` is what they will be called by.

    What is no policy at all is one statement that denies everything.
    """
    try:
        members = json.loads(document) if isinstance(document, str) else document
        variables = members.get("Version") == _WITH_VARIABLES
        statements = _listed(members.get("Statement", []))
        return tuple(_statement(one, name, number, variables) for number, one in enumerate(statements, start=1))
    except (ValueError, AttributeError, TypeError, RecursionError):
        everything = Elements((patterns.tokens_of("*", variables=False),))
        return (Statement(name, 1, "", False, everything, None, None, (), broken="Syntax errors in policy."),)


def _statement(document: Mapping[str, Any], name: str, number: int, variables: bool) -> Statement:
    broken = ""
    tests: tuple[Condition, ...] = ()
    try:
        tests = conditions.parse(document.get("Condition", {}), variables=variables)
    except (ValueError, AttributeError) as error:
        broken = str(error) or "Syntax errors in policy."
    actions = _elements(document, "Action", variables=False, lower=True)
    return Statement(
        policy=name,
        number=number,
        sid=str(document.get("Sid", "")),
        allows=document.get("Effect") == "Allow",
        actions=actions or Elements(()),
        resources=_elements(document, "Resource", variables=variables),
        principals=_principals(document),
        conditions=tests,
        broken=broken,
    )


def _elements(document: Mapping[str, Any], member: str, *, variables: bool, lower: bool = False) -> Elements | None:
    for name, inverted in ((member, False), (f"Not{member}", True)):
        if name in document:
            texts = [str(value) for value in _listed(document[name])]
            texts = [text.lower() for text in texts] if lower else texts
            return Elements(tuple(patterns.tokens_of(text, variables=variables) for text in texts), inverted)
    return None


def _principals(document: Mapping[str, Any]) -> Principals | None:
    for name, inverted in (("Principal", False), ("NotPrincipal", True)):
        if name in document:
            value = document[name]
            by_kind = {kind: _texts(values) for kind, values in value.items()} if isinstance(value, dict) else None
            return Principals(by_kind or {"AWS": _texts(value)}, inverted)
    return None


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(str(one) for one in _listed(value))


def _listed(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else [value]
