"""Who signs a request: long-term keys from the database, temporary ones from their own sealed token.

Temporary credentials are not stored. The session token carries whom it stands for, sealed with the server's key;
the secret is derived from the token with the same key. So thousands of execution environments get their own
credentials without a row each, and any process checks them without asking another.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.signing import BadSignature, Signer
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts import identifiers
from accounts.errors import ExpiredToken, InvalidClientTokenId, UnrecognizedClient
from accounts.models import AccessKey, User
from core import arns, clock

_SALT = "accounts.credentials"


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever signed: ``arn`` and ``user_id`` as GetCallerIdentity tells them, ``secret`` to check the signature.

    ``session_policy`` (a document) and ``session_policy_arns`` bound a role's session, where it was started with any.
    """

    account_id: str
    arn: str
    user_id: str
    secret: str
    session_policy: str = ""
    session_policy_arns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TemporaryCredentials:
    """Short-lived credentials, in the four parts that a client needs."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    expires_at: datetime


def user_arn(account_id: str, username: str) -> str:
    """The ARN of the IAM user that a person is."""
    return arns.iam(account_id, f"user/{username}")


def assumed_role_arn(role_arn: str, session_name: str) -> str:
    """``arn:aws:sts::<account>:assumed-role/<role>/<session>``; the role's path is not part of it."""
    parsed = arns.parse(role_arn)
    if parsed is None:
        raise ValueError(f"not a role ARN: {role_arn!r}")
    name = parsed.resource.rsplit("/", 1)[-1]
    return f"arn:{arns.PARTITION}:sts::{parsed.account}:assumed-role/{name}/{session_name}"


def temporary(
    *,
    account_id: str,
    role_arn: str,
    session_name: str,
    seconds: int,
    policy: str = "",
    policy_arns: Sequence[str] = (),
) -> TemporaryCredentials:
    """Credentials of a role for ``seconds``, bounded by ``policy`` and ``policy_arns`` together where there are any.

    Asks no database: fit for the event loop.
    """
    return _issue(
        account_id=account_id,
        arn=assumed_role_arn(role_arn, session_name),
        user_id=f"{identifiers.role_id(role_arn)}:{session_name}",
        seconds=seconds,
        session=[policy, list(policy_arns)] if policy or policy_arns else [],
    )


def session(*, account_id: str, arn: str, user_id: str, seconds: int, user: User | None) -> TemporaryCredentials:
    """Credentials that stand for their caller, and end when ``user`` may no longer sign in."""
    return _issue(account_id=account_id, arn=arn, user_id=user_id, seconds=seconds, user=user)


def _issue(
    *, account_id: str, arn: str, user_id: str, seconds: int, user: User | None = None, session: Sequence[Any] = ()
) -> TemporaryCredentials:
    expires_at = (clock.now() + timedelta(seconds=seconds)).replace(microsecond=0)
    access_key_id = identifiers.access_key_id("ASIA", account_id)
    claims = [access_key_id, account_id, arn, user_id, int(expires_at.timestamp()), user.pk if user else None, *session]
    token = _signer().sign_object(claims)
    return TemporaryCredentials(access_key_id, _secret(token), token, expires_at)


def resolve(*, access_key_id: str, session_token: str = "") -> Principal:
    """Who signs with this key. Raises ``UnrecognizedClient``, ``InvalidClientTokenId`` or ``ExpiredToken``.

    The answer is not kept: a key that somebody deactivates stops with the next request.
    """
    if access_key_id.startswith("ASIA"):
        return _temporary_principal(access_key_id, session_token)
    return _long_term_principal(access_key_id)


def _long_term_principal(access_key_id: str) -> Principal:
    row = (
        AccessKey.objects.filter(id=access_key_id, status=AccessKey.Status.ACTIVE)
        .values_list("account_id", "secret", "user_id", "user__username", "user__is_active")
        .first()
    )
    if row is None:
        raise UnrecognizedClient
    account_id, secret, user_pk, username, is_active = row
    if user_pk is None:
        return Principal(account_id, arns.iam(account_id, "root"), account_id, secret)
    if not is_active:
        raise UnrecognizedClient
    arn = user_arn(account_id, username)
    return Principal(account_id, arn, identifiers.user_id(arn), secret)


def _temporary_principal(access_key_id: str, session_token: str) -> Principal:
    try:
        claims: list[Any] = _signer().unsign_object(session_token)
    except (BadSignature, ValueError):
        raise InvalidClientTokenId from None
    sealed_key_id, account_id, arn, user_id, expires, user_pk, *session = claims
    if not constant_time_compare(sealed_key_id, access_key_id):
        raise InvalidClientTokenId
    if clock.now() >= datetime.fromtimestamp(expires, UTC):
        raise ExpiredToken
    if user_pk is not None and not User.objects.filter(pk=user_pk, is_active=True).exists():
        raise InvalidClientTokenId
    policy, policy_arns = session or ("", ())
    return Principal(account_id, arn, user_id, _secret(session_token), policy, tuple(policy_arns))


def _signer() -> Signer:
    return Signer(salt=_SALT, fallback_keys=[])


def _secret(token: str) -> str:
    digest = salted_hmac(f"{_SALT}.secret", token, algorithm="sha256").digest()
    return base64.b64encode(digest).decode()[:40]
