"""The stage between parsing and calling: may this caller do this?

The account's own people and its root are its administrators. Whoever comes with the keys of a role, as every function
does, needs a policy that allows it.
"""

from collections.abc import Iterable, Mapping

from accounts.permissions import Actor
from accounts.policies import context_of
from aws import permissions
from aws.operation import Caller, Params
from aws.permissions import Need
from core import clock


def is_needed(caller: Caller) -> bool:
    """Whether there is anything to decide; without it no thread is needed."""
    return ":assumed-role/" in caller.principal_arn


def check(caller: Caller, service: str, operation: str, request: Params) -> None:
    """Raise ``NotAuthorized`` unless ``caller`` may do this. Reads the database: for a thread."""
    if not is_needed(caller):
        return
    actor = caller.actor()
    for need in permissions.needs(caller, service, operation, request):
        _check_one(caller, actor, need)


def _check_one(caller: Caller, actor: Actor, need: Need) -> None:
    context = context_of({**_known(caller), **need.keys})
    policy = need.policy() if need.policy and not need.policy_only_adds else None
    decision = actor.decide(need.action, need.resource, context, policy=policy)
    if not decision.allowed and not decision.explicit and need.policy and need.policy_only_adds:
        decision = actor.decide(need.action, need.resource, context, policy=need.policy())
    if not decision.allowed:
        raise actor.denial(decision, need.action, need.resource)


def _known(caller: Caller) -> Mapping[str, str | Iterable[str] | None]:
    """The condition keys that every request has. Without TLS, ``aws:SecureTransport`` is left out rather than false."""
    now = clock.now()
    return {
        "aws:CurrentTime": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "aws:EpochTime": str(int(now.timestamp())),
        "aws:RequestedRegion": caller.region,
        "aws:ResourceAccount": caller.account.id,
        "aws:SourceIp": caller.source_ip,
        "aws:SecureTransport": "true" if caller.endpoint.startswith("https:") else None,
    }
