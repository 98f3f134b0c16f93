"""IAM roles, their policies, and managed policies."""

import json

import pytest

from accounts import errors, iam
from tests.factories import LAMBDA_TRUST, make_role

ALLOW = '{"Version": "2012-10-17",\n "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}'
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


def test_a_role_keeps_its_trust_policy_to_the_letter(ada):
    make_role(ada)

    role = iam.get_role(account=ada, name="worker")
    assert role.assume_role_policy == LAMBDA_TRUST
    assert role.arn == f"arn:aws:iam::{ada.id}:role/worker"


def test_a_role_name_is_given_once_whatever_its_case(ada):
    make_role(ada)

    with pytest.raises(errors.RoleExists, match="Role with name Worker already exists"):
        make_role(ada, "Worker")


def test_a_role_belongs_to_its_account(ada, mallory):
    make_role(ada)

    with pytest.raises(errors.RoleNotFound, match="The role with name worker cannot be found"):
        iam.get_role(account=mallory, name="worker")


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a\n", "ﬁle", "a" * 65])
def test_a_role_name_that_aws_refuses_is_refused(ada, name):
    with pytest.raises(errors.IamValidationError):
        make_role(ada, name)


@pytest.mark.parametrize("path", ["", "x", "/x", "x/", "/a b/"])
def test_a_path_starts_and_ends_with_a_slash(ada, path):
    with pytest.raises(errors.IamValidationError):
        make_role(ada, path=path)


TRUST_MISTAKES = {
    "not json": ("{", "This policy contains invalid Json"),
    "a resource": (LAMBDA_TRUST.replace('"Action"', '"Resource": "*", "Action"'), "Has prohibited field Resource"),
    "no principal": (LAMBDA_TRUST.replace('"Principal": {"Service": "lambda.amazonaws.com"}, ', ""), "Principal"),
    "another action": (LAMBDA_TRUST.replace("sts:AssumeRole", "s3:GetObject"), "STS AssumeRole actions"),
}


@pytest.mark.parametrize(("document", "said"), TRUST_MISTAKES.values(), ids=TRUST_MISTAKES)
def test_a_bad_trust_policy_is_refused(ada, document, said):
    with pytest.raises(errors.MalformedPolicyDocument, match=said):
        iam.create_role(account=ada, name="worker", assume_role_policy=document)


def statement(**more):
    return json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", **more}})


POLICY_MISTAKES = {
    "a list": ("[]", "Syntax errors"),
    "NaN": ('{"Version":NaN}', "Syntax errors"),
    "endless nesting": ("[" * 10_000, "Syntax errors"),
    "no statement": ('{"Version":"2012-10-17"}', "Syntax errors"),
    "no action": (statement(Resource="*"), "must contain actions"),
    "no resource": (statement(Action="s3:*"), "must contain resources"),
    "a principal": (statement(Action="s3:*", Resource="*", Principal="*"), "should not specify a principal"),
    "no vendor": (statement(Action="GetObject", Resource="*"), "prefaced by a vendor"),
    "no arn": (statement(Action="s3:*", Resource="bucket"), "ARN format"),
    "an unknown field": (statement(Action="s3:*", Resource="*", Actions="x"), "Syntax errors"),
    "a number": (statement(Action=1, Resource="*"), "Syntax errors"),
    "another version": ('{"Version":"2030-01-01","Statement":[]}', "Syntax errors"),
}


@pytest.mark.parametrize(("document", "said"), POLICY_MISTAKES.values(), ids=POLICY_MISTAKES)
def test_a_bad_policy_is_refused(ada, document, said):
    make_role(ada)

    with pytest.raises(errors.MalformedPolicyDocument, match=said):
        iam.put_role_policy(account=ada, role_name="worker", policy_name="p", document=document)


def test_an_inline_policy_is_kept_to_the_letter(ada):
    make_role(ada)
    iam.put_role_policy(account=ada, role_name="worker", policy_name="p", document=ALLOW)

    assert iam.get_role_policy(account=ada, role_name="worker", policy_name="p").document == ALLOW


def test_inline_policies_have_a_common_size_limit(ada):
    make_role(ada)
    long = statement(Action="s3:GetObject", Resource=["arn:aws:s3:::" + "x" * 6000])
    iam.put_role_policy(account=ada, role_name="worker", policy_name="p", document=long)

    with pytest.raises(errors.IamLimitExceeded, match="Maximum policy size of 10240 bytes exceeded for role worker"):
        iam.put_role_policy(account=ada, role_name="worker", policy_name="q", document=long)


def test_a_role_with_attached_policies_cannot_be_deleted(ada):
    make_role(ada)
    iam.attach_role_policy(account=ada, role_name="worker", arn=BASIC)

    with pytest.raises(errors.DeleteConflict, match="must detach all policies first"):
        iam.delete_role(account=ada, name="worker")
    iam.detach_role_policy(account=ada, role_name="worker", arn=BASIC)
    iam.delete_role(account=ada, name="worker")
    with pytest.raises(errors.RoleNotFound):
        iam.get_role(account=ada, name="worker")


def test_a_role_with_inline_policies_cannot_be_deleted(ada):
    make_role(ada)
    iam.put_role_policy(account=ada, role_name="worker", policy_name="p", document=ALLOW)

    with pytest.raises(errors.DeleteConflict, match="must delete policies first"):
        iam.delete_role(account=ada, name="worker")


def test_a_policy_that_is_not_there_cannot_be_attached(ada):
    make_role(ada)

    with pytest.raises(errors.PolicyNotAttachable, match="does not exist or is not attachable"):
        iam.attach_role_policy(account=ada, role_name="worker", arn="arn:aws:iam::aws:policy/Nonsense")


def test_at_most_ten_policies_are_attached(ada):
    make_role(ada)
    arns = [policy.arn for policy in iam.list_policies(account=ada, scope="AWS")[0]]
    for arn in arns[:10]:
        iam.attach_role_policy(account=ada, role_name="worker", arn=arn)

    with pytest.raises(errors.IamLimitExceeded, match="Cannot exceed quota for PoliciesPerRole: 10"):
        iam.attach_role_policy(account=ada, role_name="worker", arn=arns[10])


def test_a_policy_has_versions_and_one_of_them_counts(ada):
    policy = iam.create_policy(account=ada, name="reader", document=ALLOW)
    iam.create_policy_version(account=ada, arn=policy.arn, document=ALLOW, set_as_default=True)

    versions, _ = iam.list_policy_versions(account=ada, arn=policy.arn)
    assert [(version.label, version.is_default) for version in versions] == [("v2", True), ("v1", False)]
    with pytest.raises(errors.DeleteConflict, match="default version"):
        iam.delete_policy_version(account=ada, arn=policy.arn, version="v2")
    with pytest.raises(errors.DeleteConflict, match="more than one version"):
        iam.delete_policy(account=ada, arn=policy.arn)


def test_the_number_of_a_deleted_version_is_not_used_again(ada):
    policy = iam.create_policy(account=ada, name="reader", document=ALLOW)
    iam.create_policy_version(account=ada, arn=policy.arn, document=ALLOW)
    iam.delete_policy_version(account=ada, arn=policy.arn, version="v2")

    assert iam.create_policy_version(account=ada, arn=policy.arn, document=ALLOW).label == "v3"


def test_an_attached_policy_cannot_be_deleted(ada):
    make_role(ada)
    policy = iam.create_policy(account=ada, name="reader", document=ALLOW)
    iam.attach_role_policy(account=ada, role_name="worker", arn=policy.arn)

    with pytest.raises(errors.DeleteConflict, match="attached to entities"):
        iam.delete_policy(account=ada, arn=policy.arn)


def test_a_policy_of_aws_can_be_read_by_everybody_and_changed_by_nobody(ada):
    version = iam.get_policy_version(account=ada, arn=BASIC, version="v1")

    assert "logs:PutLogEvents" in version.document
    with pytest.raises(errors.AwsPolicyUnchangeable):
        iam.delete_policy(account=ada, arn=BASIC)


def test_the_policy_of_another_account_cannot_be_seen(ada, mallory):
    policy = iam.create_policy(account=ada, name="secret", document=ALLOW)

    with pytest.raises(errors.PolicyNotFound):
        iam.get_policy(account=mallory, arn=policy.arn)
    assert iam.list_policies(account=mallory, scope="Local")[0] == []


def test_tags_that_differ_only_in_case_are_one(ada):
    make_role(ada, tags={"Course": "CCP"})
    iam.tag_role(account=ada, name="worker", tags={"course": "AT"})

    assert iam.get_role(account=ada, name="worker").tags == {"course": "AT"}


def test_a_long_list_comes_in_pages(ada):
    for name in "abc":
        make_role(ada, name, path="/team/")

    first, marker = iam.list_roles(account=ada, path_prefix="/team/", size=2)
    rest, end = iam.list_roles(account=ada, path_prefix="/team/", size=2, marker=marker)

    assert [role.name for role in [*first, *rest]] == ["a", "b", "c"]
    assert end is None
