"""The roles that each account has from the start, ready to be given to a function."""

import json
from collections.abc import Iterable
from typing import Any

from accounts import identifiers
from accounts.models import Account, Role, RolePolicy, RolePolicyAttachment
from core import arns

LAB_ROLE, LAB_POLICY = "LabRole", "LabServices"

_TRUSTED = ("lambda", "events", "scheduler", "apigateway", "states", "iot", "cloudformation")

# What the labs use beyond the managed policies. IAM only to read, and to hand the account's own roles on.
_LAB_ACTIONS = (
    "apigateway:*",
    "cloudformation:*",
    "cloudwatch:*",
    "ec2:Describe*",
    "ec2:StartInstances",
    "ec2:StopInstances",
    "events:*",
    "execute-api:*",
    "iam:Get*",
    "iam:List*",
    "iam:Simulate*",
    "iot:*",
    "kinesis:*",
    "pipes:*",
    "scheduler:*",
    "secretsmanager:*",
    "ssm:*",
    "states:*",
    "sts:*",
    "xray:*",
)

# name: (path, description, AWS managed policies by the end of their ARN)
DEFAULT_ROLES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    LAB_ROLE: (
        "/",
        "For everything in the course",
        (
            "service-role/AWSLambdaBasicExecutionRole",
            "service-role/AWSLambdaSQSQueueExecutionRole",
            "service-role/AWSLambdaRole",
            "AWSLambda_FullAccess",
            "AmazonSQSFullAccess",
            "AmazonS3FullAccess",
            "AmazonSNSFullAccess",
            "AmazonDynamoDBFullAccess",
            "CloudWatchLogsFullAccess",
        ),
    ),
    "AWSLambdaBasicWithS3ReadOnly": (
        "/",
        "For functions that write logs and read from S3",
        ("service-role/AWSLambdaBasicExecutionRole", "AmazonS3ReadOnlyAccess"),
    ),
}


def trust(services: Iterable[str], *, account_id: str) -> str:
    """A trust policy that lets AWS services take the role, and whoever in the account may take roles."""
    principal = {
        "Service": [f"{service}.amazonaws.com" for service in services],
        "AWS": arns.iam(account_id, "root"),
    }
    return _document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})


def lab_policy(account_id: str) -> str:
    """What ``LabRole`` may do beyond its managed policies."""
    return _document(
        {"Sid": "Services", "Effect": "Allow", "Action": _LAB_ACTIONS, "Resource": "*"},
        {"Sid": "OwnRoles", "Effect": "Allow", "Action": "iam:PassRole", "Resource": arns.iam(account_id, "role/*")},
    )


def _document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def create_default_roles(*, account: Account) -> None:
    """Give ``account`` the default roles that it has not yet; usable at once."""
    there = set(Role.objects.filter(account=account).values_list("name", flat=True))
    roles = Role.objects.bulk_create(
        Role(
            account=account,
            name=name,
            path=path,
            unique_id=identifiers.role_id(arns.iam(account.id, f"role{path}{name}")),
            description=description,
            assume_role_policy=trust(_TRUSTED if name == LAB_ROLE else ("lambda",), account_id=account.id),
        )
        for name, (path, description, _policies) in DEFAULT_ROLES.items()
        if name not in there
    )
    RolePolicyAttachment.objects.bulk_create(
        RolePolicyAttachment(role=role, policy_arn=arns.iam("aws", f"policy/{policy}"))
        for role in roles
        for policy in DEFAULT_ROLES[role.name][2]
    )
    RolePolicy.objects.bulk_create(
        RolePolicy(role=role, name=LAB_POLICY, document=lab_policy(account.id))
        for role in roles
        if role.name == LAB_ROLE
    )
