"""boto3's IAM client against the endpoint, in the order in which deployment tools call it."""

import json

import botocore.exceptions
import pytest

from accounts.services import create_access_key, create_user

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


def refused_with(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        call(**arguments)
    error = refused.value.response["Error"]
    return error["Code"], refused.value.response["ResponseMetadata"]["HTTPStatusCode"], error["Message"]


@pytest.fixture
def iam(cloud, ada):
    return cloud.boto(ada, "iam")


def test_a_role_lives_as_terraform_makes_it_live(iam, ada):
    made = iam.create_role(
        RoleName="fn", AssumeRolePolicyDocument=json.dumps(TRUST), Description="d", Tags=[{"Key": "a", "Value": "b"}]
    )["Role"]
    iam.attach_role_policy(RoleName="fn", PolicyArn=BASIC)
    iam.put_role_policy(RoleName="fn", PolicyName="inline", PolicyDocument=json.dumps(ALLOW))

    role = iam.get_role(RoleName="fn")["Role"]
    assert role["Arn"] == made["Arn"] == f"arn:aws:iam::{ada.id}:role/fn"
    assert role["AssumeRolePolicyDocument"] == TRUST
    assert (role["Description"], role["MaxSessionDuration"], role["Tags"]) == ("d", 3600, [{"Key": "a", "Value": "b"}])
    assert iam.list_attached_role_policies(RoleName="fn")["AttachedPolicies"] == [
        {"PolicyName": "AWSLambdaBasicExecutionRole", "PolicyArn": BASIC}
    ]
    assert iam.list_role_policies(RoleName="fn")["PolicyNames"] == ["inline"]
    assert iam.get_role_policy(RoleName="fn", PolicyName="inline")["PolicyDocument"] == ALLOW

    assert iam.list_instance_profiles_for_role(RoleName="fn")["InstanceProfiles"] == []
    iam.detach_role_policy(RoleName="fn", PolicyArn=BASIC)
    iam.delete_role_policy(RoleName="fn", PolicyName="inline")
    iam.delete_role(RoleName="fn")
    assert refused_with(iam.get_role, RoleName="fn") == (
        "NoSuchEntity",
        404,
        "The role with name fn cannot be found.",
    )


def test_the_waiter_for_a_role_is_content_at_once(iam):
    iam.create_role(RoleName="fn", AssumeRolePolicyDocument=json.dumps(TRUST))

    iam.get_waiter("role_exists").wait(RoleName="fn", WaiterConfig={"Delay": 0, "MaxAttempts": 1})


def test_mistakes_have_the_codes_that_tools_look_for(iam):
    trust = json.dumps(TRUST)
    assert refused_with(iam.create_role, RoleName="LabRole", AssumeRolePolicyDocument=trust)[:2] == (
        "EntityAlreadyExists",
        409,
    )
    assert refused_with(iam.create_role, RoleName="fn", AssumeRolePolicyDocument="{}")[:2] == (
        "MalformedPolicyDocument",
        400,
    )
    assert refused_with(iam.delete_role, RoleName="LabRole") == (
        "DeleteConflict",
        409,
        "Cannot delete entity, must detach all policies first.",
    )
    assert refused_with(iam.create_role, RoleName="a b", AssumeRolePolicyDocument=trust)[:2] == ("ValidationError", 400)
    assert refused_with(iam.get_policy, PolicyArn="arn:aws:iam::aws:policy/Nothing")[:2] == ("NoSuchEntity", 404)
    assert refused_with(iam.list_roles, Marker="nonsense")[:2] == ("ValidationError", 400)


def test_a_managed_policy_has_versions(iam):
    arn = iam.create_policy(PolicyName="p", PolicyDocument=json.dumps(ALLOW))["Policy"]["Arn"]
    made = iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(ALLOW), SetAsDefault=True)

    assert made["PolicyVersion"]["VersionId"] == "v2"
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v2"
    assert iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]["Document"] == ALLOW
    assert [v["VersionId"] for v in iam.list_policy_versions(PolicyArn=arn)["Versions"]] == ["v2", "v1"]
    iam.delete_policy_version(PolicyArn=arn, VersionId="v1")
    iam.delete_policy(PolicyArn=arn)
    assert refused_with(iam.get_policy, PolicyArn=arn)[0] == "NoSuchEntity"


def test_policies_of_aws_are_listed_in_pages(iam):
    pages = iam.get_paginator("list_policies").paginate(Scope="AWS", PaginationConfig={"PageSize": 10})
    names = [policy["PolicyName"] for page in pages for policy in page["Policies"]]

    assert len(names) == len(set(names))
    assert {"AdministratorAccess", "AmazonSQSFullAccess", "AWSLambdaSQSQueueExecutionRole"} <= set(names)


def test_a_policy_knows_the_roles_that_have_it(iam):
    roles = iam.list_entities_for_policy(PolicyArn=BASIC)["PolicyRoles"]

    assert [role["RoleName"] for role in roles] == ["AWSLambdaBasicWithS3ReadOnly", "LabRole"]


def test_a_boundary_is_kept(iam):
    arn = iam.create_policy(PolicyName="bound", PolicyDocument=json.dumps(ALLOW))["Policy"]["Arn"]
    iam.create_role(RoleName="fn", AssumeRolePolicyDocument=json.dumps(TRUST), PermissionsBoundary=arn)

    assert iam.get_role(RoleName="fn")["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == arn
    assert iam.get_policy(PolicyArn=arn)["Policy"]["PermissionsBoundaryUsageCount"] == 1
    assert refused_with(iam.delete_policy, PolicyArn=arn)[0] == "DeleteConflict"


def test_a_user_sees_themselves_and_their_keys(cloud, ada, iam):
    assert iam.get_user()["User"]["UserName"] == "ada"
    second = iam.create_access_key()["AccessKey"]

    listed = iam.list_access_keys()["AccessKeyMetadata"]
    assert {key["AccessKeyId"] for key in listed} == {cloud.key(ada).id, second["AccessKeyId"]}
    assert refused_with(iam.create_access_key)[:2] == ("LimitExceeded", 409)
    own = cloud.boto(
        ada, "iam", aws_access_key_id=second["AccessKeyId"], aws_secret_access_key=second["SecretAccessKey"]
    )
    own.delete_access_key(AccessKeyId=second["AccessKeyId"])
    assert refused_with(own.get_user)[:2] == ("InvalidClientTokenId", 403)


def test_the_root_of_an_account_sees_itself(cloud, ada):
    root = cloud.boto(ada, "iam", key=create_access_key(account=ada, user=None))

    assert root.get_user()["User"]["Arn"] == f"arn:aws:iam::{ada.id}:root"


def test_the_account_is_described(iam):
    assert iam.list_account_aliases()["AccountAliases"] == ["ada"]
    assert iam.get_account_summary()["SummaryMap"]["Roles"] == 2


def test_mallory_sees_nothing_of_ada(cloud, ada, mallory, iam):
    create_user(account=ada, username="friend")
    iam.create_role(RoleName="secret", AssumeRolePolicyDocument=json.dumps(TRUST))
    arn = iam.create_policy(PolicyName="secret", PolicyDocument=json.dumps(ALLOW))["Policy"]["Arn"]
    other = cloud.boto(mallory, "iam")

    assert "secret" not in [role["RoleName"] for role in other.list_roles()["Roles"]]
    assert other.list_policies(Scope="Local")["Policies"] == []
    assert [user["UserName"] for user in other.list_users()["Users"]] == ["mallory"]
    for call, arguments in [
        (other.get_role, {"RoleName": "secret"}),
        (other.delete_role, {"RoleName": "secret"}),
        (other.get_policy, {"PolicyArn": arn}),
        (other.delete_policy, {"PolicyArn": arn}),
        (other.get_user, {"UserName": "friend"}),
        (other.list_access_keys, {"UserName": "ada"}),
        (other.create_access_key, {"UserName": "ada"}),
        (other.update_access_key, {"AccessKeyId": cloud.key(ada).id, "Status": "Inactive"}),
        (other.delete_access_key, {"AccessKeyId": cloud.key(ada).id}),
    ]:
        assert refused_with(call, **arguments)[:2] == ("NoSuchEntity", 404)
