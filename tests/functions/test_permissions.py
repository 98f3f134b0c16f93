import pytest

from core.errors import InvalidParameterValue, PreconditionFailed
from functions import errors, selectors
from functions.models import Function
from functions.policies import Permission
from functions.services.aliases import create_alias
from functions.services.permissions import add_permission, remove_permission


def allow(account, sid="s3", principal="s3.amazonaws.com", qualifier="", revision_id="", **conditions):
    permission = Permission(sid, "lambda:InvokeFunction", principal, **conditions)
    return add_permission(
        account=account, name="hello", permission=permission, qualifier=qualifier, revision_id=revision_id
    )


def test_a_statement_reads_exactly_as_awss(ada, make_function):
    make_function(ada)

    allow(ada, source_arn="arn:aws:s3:::bucket", source_account="123456789012")

    assert selectors.policy_text(selectors.get_policy(account=ada, name="hello")) == (
        '{"Version":"2012-10-17","Id":"default","Statement":[{"Sid":"s3","Effect":"Allow",'
        '"Principal":{"Service":"s3.amazonaws.com"},"Action":"lambda:InvokeFunction",'
        f'"Resource":"arn:aws:lambda:us-east-1:{ada.id}:function:hello",'
        '"Condition":{"StringEquals":{"AWS:SourceAccount":"123456789012"},'
        '"ArnLike":{"AWS:SourceArn":"arn:aws:s3:::bucket"}}}]}'
    )


@pytest.mark.parametrize(
    ("principal", "written"),
    [
        ("events.amazonaws.com", {"Service": "events.amazonaws.com"}),
        ("123456789012", {"AWS": "arn:aws:iam::123456789012:root"}),
        ("arn:aws:iam::123456789012:role/x", {"AWS": "arn:aws:iam::123456789012:role/x"}),
        ("*", "*"),
    ],
)
def test_a_principal_is_a_service_an_account_an_arn_or_everybody(ada, make_function, principal, written):
    make_function(ada)

    assert allow(ada, principal=principal)["Principal"] == written


@pytest.mark.parametrize("principal", ["somebody", "12345", "evil.com", "s3.amazonaws.com.evil.com", ""])
def test_other_principals_are_refused(ada, make_function, principal):
    make_function(ada)

    with pytest.raises(InvalidParameterValue, match="The provided principal was invalid"):
        allow(ada, principal=principal)


def test_a_function_url_needs_its_two_conditions(ada, make_function):
    make_function(ada)

    assert allow(ada, principal="*", function_url_auth_type="NONE")["Condition"] == {
        "StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}
    }
    assert allow(ada, "two", principal="*", invoked_via_function_url=True)["Condition"] == {
        "Bool": {"lambda:InvokedViaFunctionUrl": "true"}
    }


def test_each_qualifier_has_a_policy_of_its_own(ada, make_function):
    make_function(ada, publish=True)
    create_alias(account=ada, name="hello", alias="live", version="1")

    statement = allow(ada, qualifier="live")

    assert statement["Resource"].endswith(":function:hello:live")
    with pytest.raises(errors.PolicyNotFound) as caught:
        selectors.get_policy(account=ada, name="hello")
    assert caught.value.text == "No policy is associated with the given resource."


def test_a_statement_id_is_used_once(ada, make_function):
    make_function(ada)
    allow(ada)

    with pytest.raises(errors.StatementAlreadyExists) as caught:
        allow(ada)

    assert caught.value.text.startswith("The statement id (s3) provided already exists.")


def test_an_old_revision_changes_nothing(ada, make_function):
    make_function(ada)
    old = Function.objects.get().policy_revision_id
    allow(ada, revision_id=old)

    with pytest.raises(PreconditionFailed):
        allow(ada, "second", revision_id=old)
    with pytest.raises(PreconditionFailed):
        remove_permission(account=ada, name="hello", sid="s3", revision_id=old)


def test_a_removed_statement_is_gone(ada, make_function):
    make_function(ada)
    allow(ada)
    allow(ada, "second")

    with pytest.raises(errors.StatementNotFound):
        remove_permission(account=ada, name="hello", sid="third")
    remove_permission(account=ada, name="hello", sid="s3")
    remove_permission(account=ada, name="hello", sid="second")

    with pytest.raises(errors.PolicyNotFound):
        remove_permission(account=ada, name="hello", sid="second")


def test_a_policy_has_at_most_20_kb(ada, make_function):
    make_function(ada)

    with pytest.raises(errors.PolicyLengthExceeded):
        for number in range(200):
            allow(ada, f"s{number}", source_arn="arn:aws:s3:::" + "b" * 200)


@pytest.mark.parametrize("sid", ["", "a b", "x" * 101, "s\n"])
def test_odd_statement_ids_are_refused(ada, make_function, sid):
    make_function(ada)

    with pytest.raises(errors.MemberInvalid):
        allow(ada, sid)
