"""Every operation there is, asked by one account with all the names, ARNs, ids and handles of another's things.

Nothing of the other account is told, and nothing of it is changed. A new operation is asked by itself; a new kind of
thing needs its line in ``furnish`` and ``known``.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import botocore.exceptions
from botocore.model import Shape
from django.apps import apps
from django.db.models import ForeignKey, Model

from accounts.models import Account
from aws import operation
from functions.archives import pack
from tests.architecture.test_tenancy import OURS, owned
from tests.aws.conftest import Cloud

SECRET = "7f3a-told-to-nobody"
"""In the descriptions, values and contents of whatever Ada has, and in none of its names."""
LEFT_OUT = {("logs", "StartLiveTail"): "an answer without end; it resolves log groups as FilterLogEvents does"}
READ_FIRST = ("Get", "List", "Describe", "Filter", "Receive", "Simulate")
CODE = {"ZipFile": pack({"lambda_function.py": f"# {SECRET}\ndef lambda_handler(event, context): return 1".encode()})}


class World:
    """What Ada has, made by boto3, and how it is called."""

    def __init__(self, cloud: Cloud, ada: Account) -> None:
        self.role = f"arn:aws:iam::{ada.id}:role/LabRole"
        self.boto = {name: cloud.boto(ada, name) for name in {service for service, _name in operation.REGISTRY}}
        self.ids: dict[str, str] = {}
        self.furnish(ada)

    def furnish(self, ada: Account) -> None:
        lambda_, sqs, sns, ids = self.boto["lambda"], self.boto["sqs"], self.boto["sns"], self.ids
        made = lambda_.create_function(
            FunctionName="adas",
            Runtime="python3.13",
            Role=self.role,
            Handler="lambda_function.lambda_handler",
            Code=CODE,
            Description=SECRET,
            Environment={"Variables": {"TOKEN": SECRET}},
            Tags={"note": SECRET},
        )
        ids["function"] = made["FunctionArn"]
        lambda_.publish_version(FunctionName="adas", Description=SECRET)
        lambda_.create_alias(FunctionName="adas", Name="live", FunctionVersion="1", Description=SECRET)
        lambda_.add_permission(
            FunctionName="adas", StatementId="s1", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com"
        )
        layer = lambda_.publish_layer_version(LayerName="adas-layer", Content=CODE, Description=SECRET)
        ids["layer"], ids["layer version"] = layer["LayerArn"], layer["LayerVersionArn"]
        ids["queue url"] = sqs.create_queue(QueueName="adas-queue", tags={"note": SECRET})["QueueUrl"]
        ids["queue"] = f"arn:aws:sqs:us-east-1:{ada.id}:adas-queue"
        sqs.send_message(QueueUrl=ids["queue url"], MessageBody=SECRET)
        received = sqs.receive_message(QueueUrl=ids["queue url"], VisibilityTimeout=43_200)
        ids["handle"] = received["Messages"][0]["ReceiptHandle"]
        sqs.send_message(QueueUrl=ids["queue url"], MessageBody=SECRET)
        mapping = lambda_.create_event_source_mapping(FunctionName="adas", EventSourceArn=ids["queue"], Enabled=False)
        ids["mapping"] = mapping["UUID"]
        ids["topic"] = sns.create_topic(Name="adas-topic", Attributes={"DisplayName": SECRET})["TopicArn"]
        subscribed = sns.subscribe(
            TopicArn=ids["topic"], Protocol="sqs", Endpoint=ids["queue"], ReturnSubscriptionArn=True
        )
        ids["subscription"] = subscribed["SubscriptionArn"]
        self.furnish_logs_and_events()
        self.furnish_iam()

    def furnish_logs_and_events(self) -> None:
        logs, events, scheduler = self.boto["logs"], self.boto["events"], self.boto["scheduler"]
        logs.create_log_group(logGroupName="adas-logs", tags={"note": SECRET})
        logs.create_log_stream(logGroupName="adas-logs", logStreamName="stream")
        now = int(datetime.now(UTC).timestamp() * 1000)
        event = {"timestamp": now, "message": SECRET}
        logs.put_log_events(logGroupName="adas-logs", logStreamName="stream", logEvents=[event])
        rule = events.put_rule(Name="adas-rule", ScheduleExpression="rate(1 day)", Description=SECRET)
        self.ids["rule"] = rule["RuleArn"]
        target = {"Id": "t1", "Arn": self.ids["function"], "Input": json.dumps(SECRET)}
        events.put_targets(Rule="adas-rule", Targets=[target])
        self.ids["bus"] = events.create_event_bus(Name="adas-bus", Description=SECRET)["EventBusArn"]
        schedule = scheduler.create_schedule(
            Name="adas-schedule",
            ScheduleExpression="rate(1 day)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": self.ids["function"], "RoleArn": self.role, "Input": json.dumps(SECRET)},
            Description=SECRET,
        )
        self.ids["schedule"] = schedule["ScheduleArn"]
        group = scheduler.create_schedule_group(Name="adas-group", Tags=[{"Key": "note", "Value": SECRET}])
        self.ids["group"] = group["ScheduleGroupArn"]

    def furnish_iam(self) -> None:
        iam = self.boto["iam"]
        document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
        document["Statement"]["Sid"] = SECRET.replace("-", "")
        made = iam.create_policy(PolicyName="adas-policy", PolicyDocument=json.dumps(document), Description=SECRET)
        self.ids["policy"] = made["Policy"]["Arn"]
        iam.put_role_policy(RoleName="LabRole", PolicyName="adas-inline", PolicyDocument=json.dumps(document))
        self.ids["key"] = self.boto["iam"].create_access_key()["AccessKey"]["AccessKeyId"]

    def known(self, service: str) -> dict[str, list[Any]]:
        """What Ada's things are called, by the names of members; the first of each is the most precise."""
        ids = self.ids
        resources = {"lambda": "function", "sns": "topic", "events": "rule", "scheduler": "schedule"}
        resource = ids.get(resources.get(service, ""), "arn:aws:logs:us-east-1:123456789012:log-group:adas-logs")
        common = {
            "FunctionName": [ids["function"], "adas"],
            "FunctionVersion": ["1"],
            "Qualifier": ["live", "1"],
            "LayerName": [ids["layer"], "adas-layer"],
            "VersionNumber": [1],
            "UUID": [ids["mapping"]],
            "EventSourceArn": [ids["queue"]],
            "StatementId": ["s1"],
            "Code": [CODE],
            "Content": [CODE],
            "ZipFile": [CODE["ZipFile"]],
            "Role": [self.role],
            "RoleArn": [self.role],
            "RoleName": ["LabRole"],
            "PolicyArn": [ids["policy"]],
            "PolicySourceArn": [self.role],
            "PolicyName": ["adas-inline", "adas-policy"],
            "VersionId": ["v1"],
            "AccessKeyId": [ids["key"]],
            "logGroupName": ["adas-logs"],
            "logGroupIdentifier": [resource, "adas-logs"],
            "logStreamName": ["stream"],
            "resourceArn": [resource],
            "QueueUrl": [ids["queue url"], ids["queue"], "adas-queue"],
            "QueueName": ["adas-queue"],
            "QueueOwnerAWSAccountId": [ids["queue"].split(":")[4]],
            "ReceiptHandle": [ids["handle"]],
            "SourceArn": [ids["queue"]],
            "DestinationArn": [ids["queue"]],
            "TopicArn": [ids["topic"]],
            "TargetArn": [ids["function"] if service == "events" else ids["topic"]],
            "SubscriptionArn": [ids["subscription"]],
            "ResourceArn": [resource, ids["group"]],
            "ResourceARN": [ids["rule"], ids["bus"]],
            "Resource": [ids["function"], ids["mapping"]],
            "Rule": ["adas-rule", ids["rule"]],
            "EventBusName": [ids["bus"], "adas-bus"],
            "GroupName": ["adas-group", "default"],
            "Ids": [["t1"]],
            "WaitTimeSeconds": [0],
        }
        names = {"lambda": ["live"], "events": ["adas-rule", "adas-bus"], "scheduler": ["adas-schedule", "adas-group"]}
        arn = {"lambda": ids["layer version"]}.get(service, ids["function"])
        return {**common, "Name": names.get(service, ["adas-topic"]), "Arn": [arn]}


def filled(shape: Shape, known: dict[str, list[Any]], turn: int, name: str = "") -> Any:
    """A value of the shape: what is known under the member's name, else something that the model takes."""
    if name in known:
        return known[name][turn % len(known[name])]
    match shape.type_name:
        case "structure":
            wanted = [one for one in shape.members if one in shape.required_members or one in known]
            return {one: filled(shape.members[one], known, turn, one) for one in wanted}
        case "list":
            return [filled(shape.member, known, turn, name.removesuffix("s"))]
        case "map":
            return {"a": filled(shape.value, known, turn)}
        case "string":
            return shape.enum[0] if shape.enum else "x" * max(1, shape.metadata.get("min", 1))
        case "integer" | "long" | "float" | "double":
            return shape.metadata.get("min", 1)
        case "boolean":
            return False
        case "blob":
            return b"{}"
        case _:
            return datetime(2026, 1, 1, tzinfo=UTC)


def requests(client: Any, name: str, known: dict[str, list[Any]]) -> Iterator[dict[str, Any]]:
    """The requests of one operation: nothing named, where that is allowed; then each way of naming."""
    shape = client.meta.service_model.operation_model(name).input_shape
    if shape is None or not shape.required_members:
        yield {}
    if shape is not None:
        for turn in range(3):
            yield filled(shape, known, turn)


def said(client: Any, name: str, request: dict[str, Any]) -> str:
    """All that an answer, or an error, tells."""
    python_names = {operation: python for python, operation in client.meta.method_to_api_mapping.items()}
    try:
        answer = getattr(client, python_names[name])(**request)
    except botocore.exceptions.ClientError as error:
        answer = error.response
    except (botocore.exceptions.ParamValidationError, botocore.exceptions.BotoCoreError) as error:
        return f"not asked: {error}"
    return json.dumps(answer, default=lambda one: one.read().decode() if hasattr(one, "read") else str(one))


# -- what Ada has, as it is stored -----------------------------------------------------------------


def path_to_account(model: type[Model]) -> str:
    """The lookup that leads from a row to its account."""
    for field in model._meta.get_fields():
        if isinstance(field, ForeignKey) and not field.null:
            if field.related_model is Account:
                return field.name
            if field.related_model is not model and owned(field.related_model):
                return f"{field.name}__{path_to_account(field.related_model)}"
    raise AssertionError(model)


def stored(account: Account) -> dict[str, list[dict[str, Any]]]:
    """Every row of the account, but for figures."""
    rows = {}
    for label in OURS:
        for model in apps.get_app_config(label).get_models():
            if model is not Account and owned(model) and not model.__name__.startswith("Metric"):
                found = model._default_manager.filter(**{path_to_account(model): account}).order_by("pk")
                rows[model._meta.label] = [dict(row) for row in found.values()]
    return rows


def test_no_operation_tells_or_changes_anything_of_another_account(cloud: Cloud, ada: Account, mallory: Account):
    operation.discover()
    world = World(cloud, ada)
    names = sorted(set(operation.REGISTRY) - set(LEFT_OUT), key=lambda key: (not key[1].startswith(READ_FIRST), key))
    mallorys = {service: cloud.boto(mallory, service) for service, _name in names}
    reads = [key for key in names if key[1].startswith(("Get", "List", "Describe", "Filter"))]
    seen = {
        (service, name)
        for service, name in reads
        for request in requests(world.boto[service], name, world.known(service))
        if SECRET in said(world.boto[service], name, request)
    }
    assert len(seen) >= 15  # what is looked for can be seen by whom it belongs to
    before = stored(ada)

    asked, told = 0, []
    for service, name in names:
        for request in requests(mallorys[service], name, world.known(service)):
            answer = said(mallorys[service], name, request)
            asked += not answer.startswith("not asked")
            if SECRET in answer or SECRET.replace("-", "") in answer:
                told.append((service, name, request, answer))
    after = stored(ada)

    assert told == []
    assert {label for label in before if before[label] != after[label]} == set()
    assert asked > len(names)
