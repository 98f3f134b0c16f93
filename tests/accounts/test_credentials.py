"""Long-term keys and temporary credentials."""

import pytest

from accounts import credentials, identifiers
from accounts.errors import ExpiredToken, InvalidClientTokenId, UnrecognizedClient
from accounts.models import AccessKey, Role
from accounts.services import create_access_key
from tests.factories import make_key


def test_a_key_stands_for_its_user(ada):
    key = make_key(ada)

    principal = credentials.resolve(access_key_id=key.id)

    assert principal.account_id == ada.id
    assert principal.arn == f"arn:aws:iam::{ada.id}:user/ada"
    assert principal.user_id.startswith("AIDA")
    assert principal.secret == key.secret


def test_a_key_without_a_user_stands_for_the_root_of_the_account(ada):
    key = create_access_key(account=ada, user=None)

    principal = credentials.resolve(access_key_id=key.id)

    assert (principal.arn, principal.user_id) == (f"arn:aws:iam::{ada.id}:root", ada.id)


def test_a_deactivated_key_stops_at_once(ada):
    key = make_key(ada)
    credentials.resolve(access_key_id=key.id)
    AccessKey.objects.update(status=AccessKey.Status.INACTIVE)

    with pytest.raises(UnrecognizedClient):
        credentials.resolve(access_key_id=key.id)


def test_the_key_of_a_person_who_may_not_sign_in_any_more_stops_at_once(ada):
    key = make_key(ada)
    key.user.is_active = False
    key.user.save()

    with pytest.raises(UnrecognizedClient):
        credentials.resolve(access_key_id=key.id)


@pytest.mark.parametrize("key_id", ["", "AKIAIOSFODNN7EXAMPLE", "nonsense", "AKIA\x00", "ASIA"])
def test_an_unknown_key_is_refused(db, key_id):
    with pytest.raises(UnrecognizedClient):
        credentials.resolve(access_key_id=key_id)


def test_an_access_key_id_tells_its_account(ada):
    assert identifiers.account_of(make_key(ada).id) == ada.id


def test_a_published_decoder_reads_the_account_of_a_real_key():
    assert identifiers.account_of("ASIAQNZGKIQY56JQ7WML") == "029608264753"


def temporary(account, seconds=900):
    return credentials.temporary(
        account_id=account.id, role_arn=f"arn:aws:iam::{account.id}:role/LabRole", session_name="hello", seconds=seconds
    )


def test_temporary_credentials_stand_for_the_role(ada, frozen_clock):
    given = temporary(ada)

    principal = credentials.resolve(access_key_id=given.access_key_id, session_token=given.session_token)

    assert principal.arn == f"arn:aws:sts::{ada.id}:assumed-role/LabRole/hello"
    assert principal.user_id == f"{Role.objects.get(account=ada, name='LabRole').unique_id}:hello"
    assert principal.secret == given.secret_access_key
    assert len(given.secret_access_key) == 40


def test_temporary_credentials_end(ada, frozen_clock):
    given = temporary(ada, seconds=900)
    frozen_clock.advance(seconds=900)

    with pytest.raises(ExpiredToken):
        credentials.resolve(access_key_id=given.access_key_id, session_token=given.session_token)


def test_a_token_is_only_good_with_its_own_key(ada):
    one, other = temporary(ada), temporary(ada)

    with pytest.raises(InvalidClientTokenId):
        credentials.resolve(access_key_id=one.access_key_id, session_token=other.session_token)


@pytest.mark.parametrize("change", [lambda t: t[:-1], lambda t: "x" + t, lambda t: "", lambda t: "é:\ud800"])
def test_an_altered_token_is_refused(ada, change):
    given = temporary(ada)

    with pytest.raises(InvalidClientTokenId):
        credentials.resolve(access_key_id=given.access_key_id, session_token=change(given.session_token))
