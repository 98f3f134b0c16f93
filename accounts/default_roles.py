"""The roles that each account has from the start, ready to be given to a function."""

import json
from collections.abc import Iterable

from accounts import identifiers
from accounts.models import Account, Role, RolePolicyAttachment
from core import arns

LAB_ROLE = "LabRole"

_TRUSTED = ("lambda", "events", "scheduler", "apigateway", "states", "iot", "cloudformation")

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


def trust(services: Iterable[str]) -> str:
    """A trust policy that lets AWS services take the role."""
    principals = [f"{service}.amazonaws.com" for service in services]
    statement = {"Effect": "Allow", "Principal": {"Service": principals}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def create_default_roles(*, account: Account) -> None:
    """Give ``account`` the default roles that it has not yet; usable at once."""
    for name, (path, description, policies) in DEFAULT_ROLES.items():
        role, created = Role.objects.get_or_create(
            account=account,
            name=name,
            defaults={
                "path": path,
                "unique_id": identifiers.role_id(arns.iam(account.id, f"role{path}{name}")),
                "description": description,
                "assume_role_policy": trust(_TRUSTED if name == LAB_ROLE else ("lambda",)),
            },
        )
        if created:
            RolePolicyAttachment.objects.bulk_create(
                RolePolicyAttachment(role=role, policy_arn=arns.iam("aws", f"policy/{policy}")) for policy in policies
            )
