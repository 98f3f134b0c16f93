"""Roles are enforced from here on: give the default roles of existing accounts what new accounts' have.

A role whose trust policy somebody changed stays as it is.
"""

import json

from django.db import migrations

SERVICES = {
    "LabRole": ("lambda", "events", "scheduler", "apigateway", "states", "iot", "cloudformation"),
    "AWSLambdaBasicWithS3ReadOnly": ("lambda",),
}
ACTIONS = (
    "apigateway:*", "cloudformation:*", "cloudwatch:*", "ec2:Describe*", "ec2:StartInstances", "ec2:StopInstances",
    "events:*", "execute-api:*", "iam:Get*", "iam:List*", "iam:Simulate*", "iot:*", "kinesis:*", "pipes:*",
    "scheduler:*", "secretsmanager:*", "ssm:*", "states:*", "sts:*", "xray:*",
)


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(services, account_id=None):
    principal = {"Service": [f"{service}.amazonaws.com" for service in services]}
    if account_id:
        principal["AWS"] = f"arn:aws:iam::{account_id}:root"
    return document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})


def lab_policy(account_id):
    return document(
        {"Sid": "Services", "Effect": "Allow", "Action": ACTIONS, "Resource": "*"},
        {
            "Sid": "OwnRoles",
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": f"arn:aws:iam::{account_id}:role/*",
        },
    )


def forwards(apps, schema_editor):
    Role = apps.get_model("accounts", "Role")
    RolePolicy = apps.get_model("accounts", "RolePolicy")
    for role in Role.objects.filter(name__in=SERVICES, path="/"):
        services = SERVICES[role.name]
        if role.assume_role_policy == trust(services):
            role.assume_role_policy = trust(services, role.account_id)
            role.save(update_fields=["assume_role_policy"])
        if role.name == "LabRole":
            RolePolicy.objects.get_or_create(
                role=role, name="LabServices", defaults={"document": lab_policy(role.account_id)}
            )


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
