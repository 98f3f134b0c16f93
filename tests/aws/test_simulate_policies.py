"""boto3 asks what policies would say."""

import json

import botocore.exceptions
import pytest

from tests.aws.test_authorization import allow, document


@pytest.fixture
def iam(cloud, ada):
    return cloud.boto(ada, "iam")


def decisions(answer):
    return [(one["EvalActionName"], one["EvalDecision"]) for one in answer["EvaluationResults"]]


def arn(ada, role):
    return f"arn:aws:iam::{ada.id}:role/{role}"


def test_the_lab_s_read_only_role_may_read_a_bucket_and_not_write_to_it(iam, ada):
    answer = iam.simulate_principal_policy(
        PolicySourceArn=arn(ada, "AWSLambdaBasicWithS3ReadOnly"),
        ActionNames=["s3:ListBucket", "s3:GetObject", "s3:PutObject", "lambda:InvokeFunction", "logs:PutLogEvents"],
        ResourceArns=["arn:aws:s3:::photos"],
    )

    assert decisions(answer) == [
        ("s3:ListBucket", "allowed"),
        ("s3:GetObject", "allowed"),
        ("s3:PutObject", "implicitDeny"),
        ("lambda:InvokeFunction", "implicitDeny"),
        ("logs:PutLogEvents", "allowed"),
    ]
    by = answer["EvaluationResults"][0]["MatchedStatements"]
    assert by == [{"SourcePolicyId": "AmazonS3ReadOnlyAccess", "SourcePolicyType": "aws-managed"}]


def test_the_class_s_role_may_use_the_labs_services_and_change_no_permission(iam, ada):
    answer = iam.simulate_principal_policy(
        PolicySourceArn=arn(ada, "LabRole"),
        ActionNames=[
            "lambda:InvokeFunction", "sqs:SendMessage", "s3:PutObject", "sns:Publish", "dynamodb:PutItem",
            "logs:PutLogEvents", "events:PutRule", "states:StartExecution", "iam:GetRole",
            "iam:PutRolePolicy", "iam:CreateRole", "iam:AttachRolePolicy",
        ],
    )  # fmt: skip

    assert [decision for _, decision in decisions(answer)] == ["allowed"] * 9 + ["implicitDeny"] * 3


def test_documents_are_tried_before_anybody_has_them(iam):
    forbidding = {**allow("s3:Put*"), "Effect": "Deny"}
    answer = iam.simulate_custom_policy(
        PolicyInputList=[document(allow("s3:*")), document(forbidding)], ActionNames=["s3:PutObject", "s3:GetObject"]
    )

    assert decisions(answer) == [("s3:PutObject", "explicitDeny"), ("s3:GetObject", "allowed")]
    assert answer["EvaluationResults"][0]["MatchedStatements"][0]["SourcePolicyId"] == "PolicyInputList.2"


def test_conditions_say_what_they_would_need_to_know(iam):
    at_home = allow("s3:GetObject", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})
    ask = {"PolicyInputList": [document(at_home)], "ActionNames": ["s3:GetObject"]}
    given = {"ContextKeyName": "aws:SourceIp", "ContextKeyValues": ["10.1.2.3"], "ContextKeyType": "ip"}

    unknown = iam.simulate_custom_policy(**ask)["EvaluationResults"][0]
    assert (unknown["EvalDecision"], unknown["MissingContextValues"]) == ("implicitDeny", ["aws:sourceip"])
    known = iam.simulate_custom_policy(**ask, ContextEntries=[given])["EvaluationResults"][0]
    assert (known["EvalDecision"], known["MissingContextValues"]) == ("allowed", [])


def test_a_boundary_tells_its_part(iam):
    answer = iam.simulate_custom_policy(
        PolicyInputList=[document(allow("*"))],
        PermissionsBoundaryPolicyInputList=[document(allow("s3:*"))],
        ActionNames=["sqs:SendMessage"],
    )["EvaluationResults"][0]

    assert answer["EvalDecision"] == "implicitDeny"
    assert answer["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}


def test_mistakes_have_iam_s_codes(iam, ada):
    def code(**members):
        with pytest.raises(botocore.exceptions.ClientError) as refused:
            iam.simulate_principal_policy(ActionNames=["s3:GetObject"], **members)
        return refused.value.response["Error"]["Code"]

    assert code(PolicySourceArn=arn(ada, "Nobody")) == "NoSuchEntity"
    assert code(PolicySourceArn=f"arn:aws:iam::{ada.id}:group/all-of-us") == "InvalidInput"
    odd = json.dumps({"Version": "2012-10-17", "Statement": [allow("s3:*", Condition={"Like": {"a": "b"}})]})
    assert code(PolicySourceArn=arn(ada, "LabRole"), PolicyInputList=[odd]) in (
        "InvalidInput",
        "MalformedPolicyDocument",
    )
