"""boto3 with the keys of a role: what its policies allow, and nothing else, from the next request on."""

import json
from typing import Any

import botocore.exceptions
import pytest

from accounts.models import Account
from aws import operation, permissions
from functions.archives import pack
from tests.aws.conftest import Cloud

CODES = botocore.exceptions.ClientError
CODE = {"ZipFile": pack({"lambda_function.py": b"def lambda_handler(event, context): return event"})}


def trusted(account: Account) -> str:
    principal = {"Service": "lambda.amazonaws.com", "AWS": f"arn:aws:iam::{account.id}:root"}
    return document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


class Worker:
    """A role without a permission, somebody's session in it, and the administrator who may change that."""

    def __init__(self, cloud: Cloud, account: Account) -> None:
        self.cloud, self.account = cloud, account
        self.iam = cloud.boto(account, "iam")
        self.iam.create_role(RoleName="worker", AssumeRolePolicyDocument=trusted(account))
        self.arn = f"arn:aws:iam::{account.id}:role/worker"
        self.session_arn = f"arn:aws:sts::{account.id}:assumed-role/worker/lesson"

    def may(self, *statements: dict[str, Any], name: str = "mine") -> None:
        self.iam.put_role_policy(RoleName="worker", PolicyName=name, PolicyDocument=document(*statements))

    def client(self, service: str, *, region: str = "us-east-1", **session: Any) -> Any:
        sts = self.cloud.boto(self.account, "sts")
        given = sts.assume_role(RoleArn=self.arn, RoleSessionName="lesson", **session)["Credentials"]
        return self.cloud.boto(
            self.account,
            service,
            region=region,
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )


@pytest.fixture
def worker(cloud, ada) -> Worker:
    return Worker(cloud, ada)


@pytest.fixture
def listener(cloud, ada) -> str:
    """A function's ARN."""
    created = cloud.boto(ada, "lambda").create_function(
        FunctionName="listener",
        Runtime="python3.12",
        Role=f"arn:aws:iam::{ada.id}:role/LabRole",
        Handler="lambda_function.lambda_handler",
        Code=CODE,
    )
    return str(created["FunctionArn"])


def refused(call: Any, **members: Any) -> tuple[str, int, str]:
    with pytest.raises(CODES) as caught:
        call(**members)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Message"]


def test_invoking_is_refused_until_the_role_allows_it(worker, listener):
    client = worker.client("lambda")
    asked = {"FunctionName": "listener", "InvocationType": "Event", "Payload": b"{}"}

    assert refused(client.invoke, **asked) == (
        "AccessDeniedException",
        403,
        f"User: {worker.session_arn} is not authorized to perform: lambda:InvokeFunction on resource: {listener} "
        "because no identity-based policy allows the lambda:InvokeFunction action",
    )
    worker.may(allow("lambda:InvokeFunction", listener))
    assert client.invoke(**asked)["StatusCode"] == 202
    worker.iam.delete_role_policy(RoleName="worker", PolicyName="mine")
    assert refused(client.invoke, **asked)[0] == "AccessDeniedException"


def test_a_permission_for_one_version_is_none_for_another(worker, listener):
    client = worker.client("lambda")
    worker.cloud.boto(worker.account, "lambda").publish_version(FunctionName="listener")
    worker.may(allow("lambda:InvokeFunction", f"{listener}:1"))
    asked = {"FunctionName": "listener", "InvocationType": "DryRun"}

    assert client.invoke(**asked, Qualifier="1")["StatusCode"] == 204
    assert client.invoke(FunctionName="listener:1", InvocationType="DryRun")["StatusCode"] == 204
    assert refused(client.invoke, **asked)[0] == "AccessDeniedException"


def test_an_explicit_deny_wins(worker, listener):
    worker.may(allow("lambda:*"), {**allow("lambda:Invoke*", listener), "Effect": "Deny", "Sid": "NotNow"})
    client = worker.client("lambda")

    assert client.get_function(FunctionName="listener")["Configuration"]["FunctionArn"] == listener
    message = refused(client.invoke, FunctionName="listener", InvocationType="DryRun")[2]
    assert message.endswith("with an explicit deny in an identity-based policy")


def test_a_request_signed_for_another_region_is_about_the_same_function(worker, listener):
    worker.may(allow("lambda:*"), {**allow("lambda:*", listener), "Effect": "Deny"})
    client = worker.client("lambda", region="eu-west-1")

    assert refused(client.get_function, FunctionName="listener")[0] == "AccessDeniedException"


def test_attached_policies_count_and_a_boundary_takes_away(worker, listener):
    client = worker.client("lambda")
    worker.iam.attach_role_policy(RoleName="worker", PolicyArn="arn:aws:iam::aws:policy/AWSLambda_ReadOnlyAccess")
    assert client.list_functions()["Functions"]
    assert refused(client.delete_function, FunctionName="listener")[0] == "AccessDeniedException"

    bound = worker.iam.create_policy(PolicyName="bound", PolicyDocument=document(allow("logs:*")))["Policy"]["Arn"]
    worker.iam.put_role_permissions_boundary(RoleName="worker", PermissionsBoundary=bound)
    assert "because no permissions boundary allows" in refused(client.list_functions)[2]

    worker.iam.create_policy_version(PolicyArn=bound, PolicyDocument=document(allow("*")), SetAsDefault=True)
    assert client.list_functions()["Functions"]


def test_a_session_policy_takes_away(worker, listener):
    worker.may(allow("lambda:*"))
    client = worker.client("lambda", Policy=document(allow("lambda:List*")))

    assert client.list_functions()["Functions"]
    assert "because no session policy allows" in refused(client.get_function, FunctionName="listener")[2]
    read = {"arn": "arn:aws:iam::aws:policy/AWSLambda_ReadOnlyAccess"}
    assert worker.client("lambda", PolicyArns=[read]).get_function(FunctionName="listener")


def test_the_function_s_own_policy_can_let_a_role_in(worker, listener):
    client = worker.client("lambda")
    lambda_ = worker.cloud.boto(worker.account, "lambda")
    lambda_.add_permission(
        FunctionName="listener", StatementId="in", Action="lambda:InvokeFunction", Principal=worker.arn
    )

    assert client.invoke(FunctionName="listener", InvocationType="DryRun")["StatusCode"] == 204
    assert refused(client.get_function, FunctionName="listener")[0] == "AccessDeniedException"


def test_a_role_must_be_passed_on_with_leave(worker):
    worker.may(allow("lambda:*"))
    client = worker.client("lambda")
    asked = {
        "FunctionName": "made",
        "Runtime": "python3.12",
        "Role": f"arn:aws:iam::{worker.account.id}:role/LabRole",
        "Handler": "lambda_function.lambda_handler",
        "Code": CODE,
    }

    assert f"iam:PassRole on resource: {asked['Role']}" in refused(client.create_function, **asked)[2]
    elsewhere = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    worker.may(allow("lambda:*"), allow("iam:PassRole", asked["Role"], Condition=elsewhere))
    assert refused(client.create_function, **asked)[0] == "AccessDeniedException"
    here = {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    worker.may(allow("lambda:*"), allow("iam:PassRole", asked["Role"], Condition=here))
    assert client.create_function(**asked)["FunctionName"] == "made"


def test_a_role_is_taken_by_those_its_trust_policy_names(worker):
    only_lambda = json.loads(trusted(worker.account))
    del only_lambda["Statement"][0]["Principal"]["AWS"]
    worker.iam.update_assume_role_policy(RoleName="worker", PolicyDocument=json.dumps(only_lambda))
    take = worker.cloud.boto(worker.account, "sts").assume_role
    asked = {"RoleArn": worker.arn, "RoleSessionName": "lesson"}

    code, status, message = refused(take, **asked)
    assert (code, status) == ("AccessDenied", 403)
    assert message.endswith(f":user/ada is not authorized to perform: sts:AssumeRole on resource: {worker.arn}")

    secret = {"StringEquals": {"sts:ExternalId": "42"}}
    named = {"AWS": f"arn:aws:iam::{worker.account.id}:user/ada"}
    trust = {"Effect": "Allow", "Principal": named, "Action": "sts:AssumeRole", "Condition": secret}
    worker.iam.update_assume_role_policy(RoleName="worker", PolicyDocument=document(trust))
    assert refused(take, **asked)[0] == "AccessDenied"
    assert take(**asked, ExternalId="42")["Credentials"]


def test_the_words_are_those_of_each_service(worker):
    assert refused(worker.client("iam").list_roles)[:2] == ("AccessDenied", 403)
    assert refused(worker.client("logs").describe_log_groups)[:2] == ("AccessDeniedException", 400)
    assert worker.client("sts").get_caller_identity()["Arn"] == worker.session_arn


def test_log_groups_are_named_with_what_lies_in_them(worker):
    worker.cloud.boto(worker.account, "logs").create_log_group(logGroupName="/own")
    client = worker.client("logs")
    group = f"arn:aws:logs:us-east-1:{worker.account.id}:log-group:/own"
    worker.may(allow("logs:CreateLogStream", f"{group}:*"), allow("logs:PutLogEvents", f"{group}:log-stream:one"))
    event = [{"timestamp": 1_795_435_200_000, "message": "hello"}]

    for stream in ("one", "two"):
        client.create_log_stream(logGroupName="/own", logStreamName=stream)
    client.put_log_events(logGroupName="/own", logStreamName="one", logEvents=event)
    message = refused(client.put_log_events, logGroupName="/own", logStreamName="two", logEvents=event)[2]
    assert f"on resource: {group}:log-stream:two because" in message


def test_a_role_that_is_gone_may_do_nothing(worker):
    worker.may(allow("lambda:*"))
    client = worker.client("lambda")
    client.list_functions()
    worker.iam.delete_role_policy(RoleName="worker", PolicyName="mine")
    worker.iam.delete_role(RoleName="worker")

    assert refused(client.list_functions)[0] == "AccessDeniedException"


def test_the_class_s_role_may_use_the_labs_services_and_change_no_permission(cloud, ada, listener):
    sts = cloud.boto(ada, "sts")
    lab_role = f"arn:aws:iam::{ada.id}:role/LabRole"
    given = sts.assume_role(RoleArn=lab_role, RoleSessionName="lesson")["Credentials"]
    keys = {
        "aws_access_key_id": given["AccessKeyId"],
        "aws_secret_access_key": given["SecretAccessKey"],
        "aws_session_token": given["SessionToken"],
    }
    lambda_, iam = cloud.boto(ada, "lambda", **keys), cloud.boto(ada, "iam", **keys)

    assert lambda_.invoke(FunctionName="listener", InvocationType="DryRun")["StatusCode"] == 204
    assert lambda_.update_function_configuration(FunctionName="listener", Role=lab_role)["Role"] == lab_role
    assert iam.get_role(RoleName="LabRole")["Role"]["Arn"] == lab_role
    assert cloud.boto(ada, "logs", **keys).describe_log_groups()["logGroups"] == []
    policy = document(allow("*"))
    assert (
        refused(iam.put_role_policy, RoleName="LabRole", PolicyName="all", PolicyDocument=policy)[0] == "AccessDenied"
    )
    assert refused(iam.create_role, RoleName="r", AssumeRolePolicyDocument=trusted(ada))[0] == "AccessDenied"


def test_nobody_reaches_another_account_s_functions(cloud, ada, mallory, listener):
    """Somebody else's ARN means one's own, which is not there: even an administrator learns nothing."""
    lambda_ = cloud.boto(mallory, "lambda")

    for call in (lambda_.invoke, lambda_.get_function, lambda_.get_policy, lambda_.delete_function):
        assert refused(call, FunctionName=listener)[:2] == ("ResourceNotFoundException", 404)
    role = f"arn:aws:iam::{ada.id}:role/worker"
    assert refused(cloud.boto(mallory, "sts").assume_role, RoleArn=role, RoleSessionName="lesson")[0] == "AccessDenied"


def test_every_operation_says_which_permission_it_needs():
    operation.discover()

    assert [key for key in operation.REGISTRY if not permissions.covers(*key)] == []
