"""STS: temporary credentials for those who ask. One function per operation."""

from collections.abc import Sequence

from accounts import credentials, errors, identifiers
from accounts.credentials import TemporaryCredentials
from accounts.iam import documents, roles
from accounts.models import Account, Role, User
from accounts.permissions import Actor
from accounts.policies import Policies, context_of, parse
from accounts.selectors import own_arn
from core import arns

ASSUME_ROLE_SECONDS = 3_600
CHAINED_SECONDS_MAX = 3_600
SESSION_SECONDS, SESSION_SECONDS_MAX, ROOT_SECONDS_MAX = 43_200, 129_600, 3_600
SECONDS_MIN = 900
SESSION_POLICY_SIZE, SESSION_POLICIES = 2_048, 10


def assume_role(
    *,
    account: Account,
    actor: Actor,
    role_arn: str,
    session_name: str,
    seconds: int = ASSUME_ROLE_SECONDS,
    policy: str = "",
    policy_arns: Sequence[str] = (),
    external_id: str = "",
) -> tuple[Role, TemporaryCredentials]:
    """Credentials of a role of the caller's account; the ARN of another account means the caller's own role.

    The role's trust policy must name the caller; where it only names the account, the caller's own policies must allow
    it as well. ``policy`` and ``policy_arns`` together bound the session.
    Raises ``AssumeRoleDenied``, ``IamValidationError``, ``MalformedPolicyDocument``, ``IamLimitExceeded``.
    """
    caller_arn = actor.subject.arn
    if actor.subject.is_root:
        raise errors.AssumeRoleDenied("Roles may not be assumed by root accounts.")
    if policy:
        documents.check_identity_policy(policy)
    if documents.size(policy) > SESSION_POLICY_SIZE or len(policy_arns) > SESSION_POLICIES:
        raise errors.PackedPolicyTooLarge
    role = _role(account, caller_arn, role_arn)
    context = context_of({"sts:RoleSessionName": session_name, "sts:ExternalId": external_id})
    trust = Policies.of(parse(role.assume_role_policy, name="trust policy"))
    if not actor.decide("sts:AssumeRole", role.arn, context, policy=trust, needs_policy=True).allowed:
        raise errors.AssumeRoleDenied(caller=caller_arn, arn=role.arn)
    if ":assumed-role/" in caller_arn and seconds > CHAINED_SECONDS_MAX:
        raise errors.IamValidationError(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
        )
    if not SECONDS_MIN <= seconds <= role.max_session_duration:
        raise errors.IamValidationError(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    given = credentials.temporary(
        account_id=account.id,
        role_arn=role.arn,
        session_name=session_name,
        seconds=seconds,
        policy=policy,
        policy_arns=policy_arns,
    )
    return role, given


def _role(account: Account, caller_arn: str, role_arn: str) -> Role:
    parsed = arns.parse(own_arn(account=account, arn=role_arn)[0])
    if parsed is None or parsed.service != "iam":
        raise errors.IamValidationError(f"{role_arn} is invalid")
    kind, _, rest = parsed.resource.partition("/")
    path, _, name = f"/{rest}".rpartition("/")
    try:
        role = roles.get_role(account=account, name=name)
    except errors.RoleNotFound:
        role = None
    if role is None or kind != "role" or role.path != f"{path}/":
        raise errors.AssumeRoleDenied(caller=caller_arn, arn=role_arn)
    return role


def get_session_token(
    *, account: Account, caller_arn: str, user_id: str, seconds: int | None = None
) -> TemporaryCredentials:
    """Credentials that stand for the caller. Raises ``AssumeRoleDenied`` for who has temporary ones only."""
    if ":assumed-role/" in caller_arn:
        raise errors.AssumeRoleDenied("Cannot call GetSessionToken with session credentials")
    root = caller_arn.endswith(":root")
    user = None if root else User.objects.filter(username=caller_arn.rpartition("/")[2]).first()
    if user is None and not root:
        raise errors.UnrecognizedClient
    longest = ROOT_SECONDS_MAX if root else SESSION_SECONDS_MAX
    return credentials.session(
        account_id=account.id,
        arn=caller_arn,
        user_id=user_id,
        seconds=min(seconds or SESSION_SECONDS, longest),
        user=user,
    )


def get_access_key_info(*, access_key_id: str) -> str:
    """The account that an access key id names; whether there is such a key is not told."""
    if (account_id := identifiers.account_of(access_key_id)) is None:
        raise errors.IamValidationError(f"{access_key_id} is not a valid access key id")
    return account_id
