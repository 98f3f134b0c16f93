"""Accounts, the people in them, and how they get in."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.db import IntegrityError, connection, transaction
from django.db.models import F

from accounts import errors, identifiers
from accounts.default_roles import create_default_roles
from accounts.models import AccessKey, Account, SignInLink, User
from core import clock, ids

SIGN_IN_LINK_LIFE = timedelta(hours=48)
OWNER = "teacher"

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)
_USERNAME = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)  # IAM's rule: the name is part of an ARN


@dataclass(frozen=True, slots=True)
class Owner:
    """Whoever runs this server: the first user, their account and their access key."""

    user: User
    account: Account
    access_key: AccessKey


@transaction.atomic
def create_account(*, slug: str, name: str) -> Account:
    """Make an account of twelve random digits with its default roles. Raises ``AccountExists``, ``InvalidName``."""
    if not _SLUG.fullmatch(slug):
        raise errors.InvalidName(field="slug", allowed="lowercase letters, digits and hyphens")
    if Account.objects.filter(slug=slug).exists():
        raise errors.AccountExists(slug=slug)
    account = Account(id=_free_account_id(), slug=slug, name=name)
    try:
        with transaction.atomic():
            account.save(force_insert=True)
    except IntegrityError:  # somebody took the slug a moment ago
        raise errors.AccountExists(slug=slug) from None
    create_default_roles(account=account)
    return account


def _free_account_id() -> str:
    while Account.objects.filter(id=(candidate := identifiers.account_id())).exists():
        pass
    return candidate


@transaction.atomic
def create_user(*, account: Account | None, username: str, password: str | None = None, is_staff: bool = False) -> User:
    """Make a person who can sign in: by password when one is given, by link otherwise.

    The name is also the name of the IAM user. Raises ``UserExists``, ``InvalidName``.
    """
    if not _USERNAME.fullmatch(username):
        raise errors.InvalidName(field="userName", allowed="alphanumeric characters and/or the following: +=,.@_-")
    if User.objects.filter(username__iexact=username).exists():
        raise errors.UserExists(username=username)
    user = User(username=username, account=account, is_staff=is_staff)
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError:
        raise errors.UserExists(username=username) from None
    return user


@transaction.atomic
def set_user_active(*, user: User, is_active: bool) -> None:
    """Lock a person out, or let them in again: their sign-in, keys and session tokens stop with the next request."""
    User.objects.filter(id=user.id).update(is_active=is_active)
    user.is_active = is_active
    _bump_stamps_of_keys(user)


@transaction.atomic
def set_profile(*, user: User, full_name: str, email: str) -> None:
    """What a person is called, and where they get mail; both may be empty."""
    User.objects.filter(id=user.id).update(first_name=full_name, email=email)
    user.first_name, user.email = full_name, email


@transaction.atomic
def change_password(*, user: User, password: str) -> None:
    """Give a person another password. Whoever is signed in with the old one, elsewhere too, is signed out."""
    user.set_password(password)
    user.save(update_fields=["password"])


@transaction.atomic
def end_sessions(*, user: User) -> None:
    """Sign a person out wherever they are signed in; sign-in links that wait for them stop working as well."""
    User.objects.filter(id=user.id).update(session_generation=F("session_generation") + 1)
    SignInLink.objects.filter(user=user, used_at=None).delete()
    user.refresh_from_db(fields=["session_generation"])


@transaction.atomic
def delete_user(*, user: User) -> None:
    """Delete a person with their keys; what they made stays with the account."""
    _bump_stamps_of_keys(user)
    user.delete()


def _bump_stamps_of_keys(user: User) -> None:
    for account_id in set(AccessKey.objects.filter(user=user).values_list("account_id", flat=True)):
        bump_stamp(account_id=account_id)


def create_access_key(*, account: Account, user: User | None) -> AccessKey:
    """Make a long-term key for ``user``, or for the account's root when None."""
    return AccessKey.objects.create(
        id=identifiers.access_key_id("AKIA", account.id),
        secret=ids.secret_access_key(),
        account=account,
        user=user,
    )


def create_sign_in_link(*, user: User, life: timedelta = SIGN_IN_LINK_LIFE) -> str:
    """A token that signs ``user`` in once; only its hash is stored, so it cannot be shown again."""
    token = secrets.token_urlsafe(32)
    SignInLink.objects.create(token_hash=_hash(token), user=user, expires_at=clock.now() + life)
    return token


def redeem_sign_in_link(*, token: str) -> User:
    """The user whom ``token`` signs in. It works once: raises ``SignInLinkInvalid`` afterwards, and after its time."""
    now = clock.now()
    live = SignInLink.objects.filter(token_hash=_hash(token), used_at=None, expires_at__gt=now, user__is_active=True)
    if live.update(used_at=now) != 1:
        raise errors.SignInLinkInvalid
    return SignInLink.objects.select_related("user__account").get(token_hash=_hash(token)).user


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def bump_stamp(*, account_id: str) -> None:
    """Tell caches that something an invocation looks up changed; call it in the transaction of the change."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_account SET stamp = stamp + 1 WHERE id = %s", [account_id])


@transaction.atomic
def ensure_owner() -> Owner:
    """The teacher with account and access key, made on the first start and found again on the next."""
    account = Account.objects.filter(slug=OWNER).first() or create_account(slug=OWNER, name="Teacher")
    user = User.objects.filter(username=OWNER).first()
    if user is None:
        user = create_user(account=account, username=OWNER, is_staff=True)
        User.objects.filter(id=user.id).update(is_superuser=True)
        user.refresh_from_db()
    active = AccessKey.objects.filter(account=account, user=user, status=AccessKey.Status.ACTIVE)
    access_key = active.order_by("created_at", "id").first() or create_access_key(account=account, user=user)
    return Owner(user, account, access_key)
