"""What a new function can begin with. Names and descriptions are for people; the code is what the lectures show."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

from functions import runtimes
from functions.runtimes import Family

BLANK, HELLO, UPLOAD = "blank", "hello-world", "upload"


@dataclass(frozen=True, slots=True)
class Blueprint:
    """``files``: for each language it has a text for. ``event`` names the template its first test begins with."""

    title: Any
    about: Any
    files: Mapping[Family, Mapping[str, str]]
    event: str = "hello-world"
    settings: Mapping[str, Any] = field(default_factory=dict)

    def files_for(self, family: Family) -> dict[str, bytes]:
        """Its files, by path."""
        return {path: text.encode() for path, text in self.files[family].items()}


_BLANK_PYTHON = """\
import json


def lambda_handler(event, context):
    return {
        "statusCode": 200,
        "body": json.dumps("Hello from Lambda!"),
    }
"""

_BLANK_NODE = """\
export const handler = async (event) => {
  return {
    statusCode: 200,
    body: JSON.stringify("Hello from Lambda!"),
  };
};
"""

_HELLO_PYTHON = """\
import json
import os

print('Loading function')


def lambda_handler(event, context):
    print("Received event: " + json.dumps(event, indent=2))
    print("value1 = " + event['key1'])
    print("value2 = " + event['key2'])
    print("value3 = " + event['key3'])
    print(os.getenv("foo"))
    return event['key1']  # Echo back the first key value
"""

_HELLO_NODE = """\
console.log("Loading function");

export const handler = async (event) => {
  console.log("value1 =", event.key1);
  console.log("value2 =", event.key2);
  console.log("value3 =", event.key3);
  return event.key1; // Echo back the first key value
};
"""

_CONTEXT = """\
def lambda_handler(event, context):
    print("Function name:", context.function_name)
    print("Memory limit:", context.memory_limit_in_mb, "MB")
    print("Request id:", context.aws_request_id)
    print("Log group:", context.log_group_name)
    print("Time left:", context.get_remaining_time_in_millis(), "ms")
    return context.aws_request_id
"""

_CALLER = """\
import json

import boto3

client = boto3.client('lambda')


def lambda_handler(event, context):
    # 'Event' does not wait for the other function; 'RequestResponse' does, and both durations are billed.
    response = client.invoke(
        FunctionName='ListenerLambda',
        InvocationType='Event',
        Payload=json.dumps({'file': 'path'}),
    )
    return {'statusCode': response['StatusCode']}
"""

_WHO_AM_I = """\
import boto3

# Region, endpoint and credentials come from the function's environment.
sts = boto3.client('sts')
functions = boto3.client('lambda')


def lambda_handler(event, context):
    identity = sts.get_caller_identity()
    print("I am", identity['Arn'])
    names = [function['FunctionName'] for function in functions.list_functions()['Functions']]
    print("Functions in this account:", ", ".join(names))
    return names
"""


def _node(text: str) -> dict[str, str]:
    return {"index.mjs": text}


BLUEPRINTS: dict[str, Blueprint] = {
    HELLO: Blueprint(
        _("Hello world"),
        _("Prints its event and gives back key1. The first lab of the lectures."),
        {Family.PYTHON: {"lambda_function.py": _HELLO_PYTHON}, Family.NODEJS: _node(_HELLO_NODE)},
        settings={"environment": {"foo": "bar"}},
    ),
    BLANK: Blueprint(
        _("From scratch"),
        _("The shortest handler there is."),
        {Family.PYTHON: {"lambda_function.py": _BLANK_PYTHON}, Family.NODEJS: _node(_BLANK_NODE)},
    ),
    "context": Blueprint(
        _("The context object"),
        _("Name, memory, request id, log group and the time that is left."),
        {Family.PYTHON: {"lambda_function.py": _CONTEXT}},
    ),
    "caller": Blueprint(
        _("Call another function"),
        _("boto3 invokes ListenerLambda, without waiting for it."),
        {Family.PYTHON: {"lambda_function.py": _CALLER}},
        settings={"timeout": 15},
    ),
    "boto3": Blueprint(
        _("Use AWS with boto3"),
        _("Asks who it is and which functions there are, with the credentials of its role."),
        {Family.PYTHON: {"lambda_function.py": _WHO_AM_I}},
        settings={"timeout": 15},
    ),
}


def get(name: str) -> Blueprint | None:
    """The blueprint, or None."""
    return BLUEPRINTS.get(name)


def available() -> list[tuple[str, Blueprint]]:
    """The blueprints for languages that run here."""
    families = {row.family for row in runtimes.available()}
    return [(name, blueprint) for name, blueprint in BLUEPRINTS.items() if families & set(blueprint.files)]
