"""Which permissions an operation needs: its action, the resource it is about, and what conditions may ask.

Each service says it in ``aws/services/<service>/authorization.py`` by ``register``. An action is called like its
operation and the resource is found by the first member that the request has, unless a row says otherwise. An operation
that no row fits is refused to roles. Source: AWS "Service Authorization Reference".
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from accounts.policies import Policies
from aws import model
from aws.operation import Caller, Params
from core.errors import ServiceFailure

type Find = Callable[[Caller, Params], str]
"""The ARN of what a request is about, in the caller's account; ``*`` where the action has no resource."""
type Keys = Callable[[Caller, Params], Mapping[str, str | Iterable[str] | None]]
"""Condition keys of the request, by name."""


@dataclass(frozen=True, slots=True)
class Need:
    """One permission that a request needs."""

    action: str
    resource: str
    keys: Mapping[str, str | Iterable[str] | None] = field(default_factory=dict)
    policy: Callable[[], Policies | None] | None = None  # reads the resource's own policy
    policy_only_adds: bool = False  # it never denies, so it is read only where something is missing


@dataclass(frozen=True, slots=True)
class Rule:
    """What is special about an operation.

    ``action``  where it is not called like the operation
    ``free``    needs no permission, or decides itself
    ``also``    further permissions, such as iam:PassRole
    """

    action: str = ""
    resource: Find | None = None
    free: bool = False
    keys: Keys | None = None
    also: Callable[[Caller, Params], list[Need]] | None = None


@dataclass(frozen=True, slots=True)
class ServiceRules:
    """A service's rules, as ``register`` describes them."""

    prefix: str
    members: tuple[tuple[str, Find], ...]
    operations: Mapping[str, Rule]
    policy: Callable[[Caller, Params], Policies | None] | None = None
    policy_only_adds: bool = False


_DEFAULT = Rule()
RULES: dict[str, ServiceRules] = {}


def register(
    service: str,
    *,
    prefix: str,
    members: Iterable[tuple[str, Find]] = (),
    operations: Mapping[str, Rule] | None = None,
    policy: Callable[[Caller, Params], Policies | None] | None = None,
    policy_only_adds: bool = False,
) -> None:
    """Say what the operations of ``service`` (by its model's name) need.

    ``prefix`` begins its actions; ``members`` are asked in order. ``policy`` reads the policy of the resource that a
    request is about; ``policy_only_adds`` where such a policy cannot deny.
    """
    RULES[service] = ServiceRules(prefix, tuple(members), operations or {}, policy, policy_only_adds)


def anything(caller: Caller, request: Params) -> str:
    """For actions without a resource."""
    return "*"


def covers(service: str, operation: str) -> bool:
    """Whether there is a rule for this operation: its own row, or a member of its input."""
    rules = RULES.get(service)
    found = model.service(service).operation(operation) if rules else None
    if rules is None or found is None:
        return False
    inputs = found.input.members if found.input else {}
    rule = rules.operations.get(operation, _DEFAULT)
    return rule.free or rule.resource is not None or any(member in inputs for member, _ in rules.members)


def needs(caller: Caller, service: str, operation: str, request: Params) -> list[Need]:
    """The permissions that ``request`` needs, the operation's own first. Raises ``ServiceFailure`` without a rule."""
    rules = RULES.get(service)
    rule = rules.operations.get(operation, _DEFAULT) if rules else _DEFAULT
    if rule.free:
        return []
    find = rule.resource
    if rules is not None and find is None:
        find = next((find for member, find in rules.members if request.get(member)), None)
    if rules is None or find is None:
        raise ServiceFailure(f"No rule says which permission {service}.{operation} needs.")
    reads = rules.policy
    need = Need(
        action=f"{rules.prefix}:{rule.action or operation}",
        resource=find(caller, request),
        keys=rule.keys(caller, request) if rule.keys else {},
        policy=(lambda: reads(caller, request)) if reads else None,
        policy_only_adds=rules.policy_only_adds,
    )
    return [need, *(rule.also(caller, request) if rule.also else [])]
