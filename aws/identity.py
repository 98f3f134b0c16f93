"""Whose key signed a request: asked of the database for every call, but only in full when something changed.

Every change that takes a key's power away moves its account's stamp in the same transaction, so an answer kept
with a stamp is good for as long as one cheap query reads the same stamp.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from django.db import connection

from accounts import credentials, stamps
from accounts.credentials import Principal
from accounts.errors import UnrecognizedClient
from accounts.models import Account
from aws.signing import Signature
from core import clock

KEPT_KEYS = 20_000
KEPT_S = 30.0  # for what moves no stamp, such as a user changed by hand


@dataclass(frozen=True, slots=True)
class Identity:
    """Who an access key stands for, and the account they act in."""

    principal: Principal
    account: Account


_known: OrderedDict[str, tuple[float, Identity]] = OrderedDict()
_lock = threading.Lock()


def look_up(signature: Signature) -> Identity:
    """Who signed, if the signature holds. Raises what ``accounts.credentials.resolve`` raises."""
    key_id, token = signature.access_key_id, signature.session_token
    if key_id.startswith("ASIA"):  # sealed in its token, with its own end: nothing to look up, nothing to keep
        principal = credentials.resolve(access_key_id=key_id, session_token=token)
        return Identity(principal, _account(principal.account_id))
    if found := _kept(key_id):
        return found
    principal = credentials.resolve(access_key_id=key_id, session_token=token)
    account = _account(principal.account_id)
    # Once more, now that the stamp is read: what is kept must not be older than the stamp it is kept with.
    identity = Identity(credentials.resolve(access_key_id=key_id, session_token=token), account)
    _keep(key_id, identity)
    return identity


async def recall(signature: Signature) -> Identity | None:
    """What ``look_up`` would say now, if it is known; for the event loop. None: ask ``look_up``, in a thread."""
    kept_at, identity = _known.get(signature.access_key_id, (0.0, None))
    if identity is None or clock.monotonic() - kept_at > KEPT_S:
        return None
    account = identity.account
    now = await stamps.read(account.id)
    return identity if now == (account.stamp, account.concurrency_limit, account.name) else None


def _kept(key_id: str) -> Identity | None:
    with _lock:
        kept_at, identity = _known.get(key_id, (0.0, None))
    if identity is None or clock.monotonic() - kept_at > KEPT_S or not _is_current(identity.account):
        return None
    return identity


def _keep(key_id: str, identity: Identity) -> None:
    with _lock:
        _known[key_id] = clock.monotonic(), identity
        while len(_known) > KEPT_KEYS:
            _known.popitem(last=False)


def _is_current(account: Account) -> bool:
    """Asked for every call, so in SQL by hand: the ORM takes ten times as long to say the same."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT stamp, concurrency_limit, name FROM accounts_account WHERE id = %s", [account.id])
        row = cursor.fetchone()
    return row is not None and tuple(row) == (account.stamp, account.concurrency_limit, account.name)


_accounts: dict[str, Account] = {}


def _account(account_id: str) -> Account:
    account = _accounts.get(account_id)
    if account is None or not _is_current(account):
        account = Account.objects.filter(id=account_id).first()
        if account is None:
            raise UnrecognizedClient
        _accounts[account_id] = account
    return account
