"""What CloudWatch Logs' operations need.

As on AWS most are about the streams of a group, so a policy's resource must reach beyond the group's name
(``…:log-group:/aws/lambda/hello:*``); tags are about the group itself.
"""

from aws.operation import Caller, Params
from aws.permissions import Need, Rule, register
from aws.services.logs import requests
from core import arns
from logs import selectors
from logs.models import LogGroup


def _group(caller: Caller, name: str) -> str:
    region = LogGroup.objects.filter(account=caller.account, name=name).values_list("region", flat=True).first()
    return arns.log_group(region or caller.region, caller.account.id, name)


def _streams(caller: Caller, request: Params) -> str:
    return f"{_group(caller, requests.group_name(caller, request))}:log-stream:{request.get('logStreamName', '')}"


def _resource(caller: Caller, request: Params) -> str:
    return _group(caller, requests.resource_name(caller, request))


def _all_groups(caller: Caller, request: Params) -> str:
    return f"{arns.log_group(caller.region, caller.account.id, '')}:log-stream:"


def _tailed(caller: Caller, identifier: str) -> str:
    return f"{_group(caller, selectors.group_name(account=caller.account, identifier=identifier))}:log-stream:"


def _first_tailed(caller: Caller, request: Params) -> str:
    return _tailed(caller, request["logGroupIdentifiers"][0])


def _other_tailed(caller: Caller, request: Params) -> list[Need]:
    return [Need("logs:StartLiveTail", _tailed(caller, other)) for other in request["logGroupIdentifiers"][1:]]


register(
    "logs",
    prefix="logs",
    members=[("logGroupName", _streams), ("logGroupIdentifier", _streams), ("resourceArn", _resource)],
    operations={
        "DescribeLogGroups": Rule(resource=_all_groups),
        "StartLiveTail": Rule(resource=_first_tailed, also=_other_tailed),
    },
)
