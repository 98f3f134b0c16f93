"""Whose key it is, as it is now."""

from collections.abc import Iterator

import pytest

from accounts import credentials, services
from accounts.errors import ExpiredToken, UnrecognizedClient
from accounts.models import AccessKey, Account
from aws import identity
from aws.signing import Signature
from core import clock


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    yield
    identity._known.clear()
    identity._accounts.clear()


def signed_by(key_id: str, token: str = "") -> Signature:
    return Signature(key_id, "20261123", "us-east-1", "lambda", ("host",), "0" * 64, "20261123T120000Z", token, False)


def key_of(account: Account) -> AccessKey:
    user = services.create_user(account=account, username=account.slug)
    return services.create_access_key(account=account, user=user)


def test_a_key_stands_for_its_user_and_account(ada: Account) -> None:
    key = key_of(ada)

    for _ in range(2):
        found = identity.look_up(signed_by(key.id))
        assert (found.account, found.principal.secret) == (ada, key.secret)
        assert found.principal.arn == f"arn:aws:iam::{ada.id}:user/ada"


def test_a_key_that_is_known_costs_one_query(ada: Account, django_assert_num_queries: object) -> None:
    key = key_of(ada)
    identity.look_up(signed_by(key.id))

    with django_assert_num_queries(1):  # type: ignore[operator]
        identity.look_up(signed_by(key.id))


def test_what_moves_the_stamp_is_seen_at_once(ada: Account) -> None:
    key = key_of(ada)
    identity.look_up(signed_by(key.id))
    AccessKey.objects.update(status=AccessKey.Status.INACTIVE)
    services.bump_stamp(account_id=ada.id)

    with pytest.raises(UnrecognizedClient):
        identity.look_up(signed_by(key.id))


def test_an_account_that_is_gone_has_no_keys(ada: Account) -> None:
    key = key_of(ada)
    identity.look_up(signed_by(key.id))
    ada.delete()

    with pytest.raises(UnrecognizedClient):
        identity.look_up(signed_by(key.id))


def test_the_account_is_as_it_is_now(ada: Account) -> None:
    key = key_of(ada)
    identity.look_up(signed_by(key.id))
    Account.objects.update(concurrency_limit=7)

    assert identity.look_up(signed_by(key.id)).account.concurrency_limit == 7


def test_temporary_credentials_end_when_they_say(ada: Account, frozen_clock: clock.Frozen) -> None:
    role = f"arn:aws:iam::{ada.id}:role/LabRole"
    temporary = credentials.temporary(account_id=ada.id, role_arn=role, session_name="f", seconds=900)
    signature = signed_by(temporary.access_key_id, temporary.session_token)

    assert identity.look_up(signature).principal.arn == f"arn:aws:sts::{ada.id}:assumed-role/LabRole/f"
    frozen_clock.advance(seconds=901)
    with pytest.raises(ExpiredToken):
        identity.look_up(signature)
