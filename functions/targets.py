"""Where failed and finished invocations may be sent: by what there is, and by what the function's role may do."""

from dataclasses import dataclass

from accounts import permissions
from accounts.errors import NotAuthorized
from accounts.models import Account
from accounts.policies import Policies
from accounts.selectors import own_arn
from core import arns, targets
from core.arns import Arn
from core.errors import InvalidParameterValue
from functions import access, selectors
from functions.errors import FunctionNotFound, MemberInvalid, TargetNotPermitted
from functions.references import parse_reference


@dataclass(frozen=True, slots=True)
class _Act:
    """What Lambda does with the function's role to send something: ``operation`` of the service called ``name``."""

    operation: str
    name: str


_ACTS = {
    "sqs": _Act("SendMessage", "SQS"),
    "sns": _Act("Publish", "SNS"),
    "lambda": _Act("InvokeFunction", "Lambda"),
    "events": _Act("PutEvents", "EventBridge"),
    "s3": _Act("PutObject", "S3"),
}


def check_destination(*, account: Account, arn: str, role_arn: str) -> None:
    """Raise unless records can be sent to ``arn`` and ``role_arn`` may send them, in AWS's words.

    ``InvalidParameterValue`` where nothing here takes them, ``TargetNotPermitted`` where the role may not.
    """
    own = _existing(account=account, arn=arn)
    if denied := refusal(account=account, role_arn=role_arn, arn=str(own)):
        act = _ACTS[own.service]
        text = f"The function's execution role does not have permissions to call {act.operation} on {arn}"
        raise TargetNotPermitted(text, hint=denied.hint)


def check_dead_letters(*, account: Account, arn: str, role_arn: str) -> None:
    """As ``check_destination``, in the words that AWS has for the dead-letter queue of a function's configuration."""
    own = _existing(account=account, arn=arn)
    if denied := refusal(account=account, role_arn=role_arn, arn=str(own)):
        act = _ACTS[own.service]
        text = f"The provided execution role does not have permissions to call {act.operation} on {act.name}"
        raise TargetNotPermitted(text, hint=denied.hint)


def refusal(*, account: Account, role_arn: str, arn: str, session: str = "Lambda") -> NotAuthorized | None:
    """Why a function with this role may not send to ``arn``, which is of its own account; None when it may.

    A function that is sent to may let the role in by its own policy, too. Source: Lambda developer guide, "Capturing
    records of Lambda asynchronous invocations", required permissions.
    """
    parsed = arns.parse(own_arn(account=account, arn=arn)[0])
    if parsed is None or parsed.service not in _ACTS:
        return None
    action, resource = f"{parsed.service}:{_ACTS[parsed.service].operation}", str(parsed)
    actor = permissions.actor_of_role(account=account, role_arn=role_arn, session=session)
    policy = _policy_of_function(account, resource) if parsed.service == "lambda" else None
    decision = actor.decide(action, resource, policy=policy)
    return None if decision.allowed else actor.denial(decision, action, resource)


def _policy_of_function(account: Account, arn: str) -> Policies | None:
    reference = parse_reference(arn, account=account)
    return access.policy_of(account=account, name=reference.name, qualifier=reference.qualifier)


def _existing(*, account: Account, arn: str) -> Arn:
    """What ``arn`` means here: something that takes events; a function must exist."""
    own = own_arn(account=account, arn=arn)[0]
    parsed = arns.parse(own)
    if parsed is None or not targets.accepts(own):
        raise InvalidParameterValue(
            f"The destination ARN {arn} is invalid: this server delivers no events to that service."
        )
    if parsed.service == "lambda":
        try:
            reference = parse_reference(own, account=account)
            selectors.get_version(account=account, name=reference.name, qualifier=reference.qualifier)
        except (FunctionNotFound, MemberInvalid):
            raise InvalidParameterValue(f"The destination ARN {arn} is invalid.") from None
    return parsed
