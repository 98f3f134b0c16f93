"""Accounts, people, and the first start."""

import re

import pytest

from accounts import credentials, errors, iam, services
from accounts.models import AccessKey, Account, User
from accounts.selectors import own_arn


def test_an_account_has_twelve_digits_and_does_not_start_with_zero(ada):
    assert re.fullmatch(r"[1-9][0-9]{11}", ada.id)


def test_an_account_has_the_roles_of_the_course_from_the_start(ada):
    roles, _ = iam.list_roles(account=ada)

    assert [role.name for role in roles] == ["AWSLambdaBasicWithS3ReadOnly", "LabRole"]
    assert "lambda.amazonaws.com" in roles[1].assume_role_policy
    attached, _ = iam.list_attached_role_policies(account=ada, role_name="LabRole")
    for attachment in attached:
        assert iam.get_policy(account=ada, arn=attachment.policy_arn).attachment_count >= 1


def test_a_slug_is_given_once(ada):
    with pytest.raises(errors.AccountExists):
        services.create_account(slug="ada", name="Another Ada")


@pytest.mark.parametrize("slug", ["", "Ada", "ada lovelace", "a/b", "ada\n", "-ada", "é"])
def test_a_slug_that_fits_no_address_is_refused(db, slug):
    with pytest.raises(errors.InvalidName):
        services.create_account(slug=slug, name="Ada")


@pytest.mark.parametrize("username", ["", "a b", "ada\n", "josé", "a" * 65, "a:b", "a/b"])
def test_a_user_name_that_fits_no_arn_is_refused(ada, username):
    with pytest.raises(errors.InvalidName):
        services.create_user(account=ada, username=username)


def test_a_user_name_is_given_once_whatever_its_case(ada):
    services.create_user(account=ada, username="ada")

    with pytest.raises(errors.UserExists):
        services.create_user(account=ada, username="Ada")


def test_a_user_without_a_password_cannot_sign_in_with_one(ada):
    user = services.create_user(account=ada, username="ada")

    assert not user.has_usable_password()


def test_a_sign_in_link_works_once(ada):
    user = services.create_user(account=ada, username="ada")
    token = services.create_sign_in_link(user=user)

    assert services.redeem_sign_in_link(token=token) == user
    with pytest.raises(errors.SignInLinkInvalid):
        services.redeem_sign_in_link(token=token)


def test_a_sign_in_link_ends(ada, frozen_clock):
    token = services.create_sign_in_link(user=services.create_user(account=ada, username="ada"))
    frozen_clock.advance(seconds=services.SIGN_IN_LINK_LIFE.total_seconds())

    with pytest.raises(errors.SignInLinkInvalid):
        services.redeem_sign_in_link(token=token)


@pytest.mark.parametrize("token", ["", "guess", "\ud800", "x" * 10_000])
def test_a_guessed_sign_in_link_does_not_work(db, token):
    with pytest.raises(errors.SignInLinkInvalid):
        services.redeem_sign_in_link(token=token)


def test_the_stamp_counts_changes(ada):
    services.bump_stamp(account_id=ada.id)
    services.bump_stamp(account_id=ada.id)

    assert Account.objects.get(id=ada.id).stamp == ada.stamp + 2


def test_the_first_start_makes_the_teacher_with_an_account_and_a_working_key(db):
    owner = services.ensure_owner()

    assert owner.user.is_staff and owner.user.is_superuser and owner.user.account == owner.account
    assert credentials.resolve(access_key_id=owner.access_key.id).account_id == owner.account.id


def test_the_next_start_finds_the_same_teacher_again(db):
    first = services.ensure_owner()

    assert services.ensure_owner() == first
    assert (Account.objects.count(), User.objects.count(), AccessKey.objects.count()) == (1, 1, 1)


@pytest.mark.parametrize(
    ("arn", "mine"),
    [
        ("arn:aws:iam::147552475298:role/LabRole", "arn:aws:iam::{}:role/LabRole"),
        ("arn:aws:sqs:us-east-1:675696485075:q", "arn:aws:sqs:us-east-1:{}:q"),
    ],
)
def test_an_arn_from_a_slide_means_the_callers_own(ada, arn, mine):
    assert own_arn(account=ada, arn=arn) == (mine.format(ada.id), True)


@pytest.mark.parametrize("arn", ["arn:aws:iam::aws:policy/AdministratorAccess", "arn:aws:s3:::bucket", "hello", ""])
def test_an_arn_that_names_no_other_account_stays_as_it_is(ada, arn):
    assert own_arn(account=ada, arn=arn) == (arn, False)
