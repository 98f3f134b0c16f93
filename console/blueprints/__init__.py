"""What a new function can begin with: names and descriptions are for people, the code is what the lectures show.

The code is in ``code/<name>``: a file for each language, and ``event.json`` where no template of
``event_templates`` fits. A blueprint whose code asks for an AWS service that this server does not have is not offered.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from console import event_templates
from functions import runtimes
from functions.runtimes import Family

BLANK, HELLO, UPLOAD = "blank", "hello-world", "upload"
CODE = Path(__file__).parent / "code"
_FILES = {
    Family.PYTHON: ("lambda_function.py", "handler.py"),
    Family.NODEJS: ("index.mjs",),
}


@dataclass(frozen=True, slots=True)
class Blueprint:
    """``event`` names the template its test begins with; ``needs`` the services of AWS that its code calls."""

    title: Any
    about: Any
    event: str = event_templates.HELLO
    needs: tuple[str, ...] = ()
    handlers: Mapping[Family, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


# the order is that of the lectures; what they show with a name of its own keeps that name
BLUEPRINTS: dict[str, Blueprint] = {
    HELLO: Blueprint(
        _("Hello world"),
        _("Prints its event and gives back key1. The first lab of the lectures."),
        settings={"environment": {"foo": "bar"}},
    ),
    BLANK: Blueprint(_("From scratch"), _("The shortest handler there is.")),
    "context": Blueprint(
        _("The context object"),
        _("Name, memory, request id, log group and the time that is left."),
    ),
    "scheduled": Blueprint(
        _("Run periodically"),
        _("What a schedule calls: prints when it was planned and when it ran."),
        event="scheduled",
    ),
    "sqs-sum": Blueprint(
        _("Sum two numbers from a queue"),
        _("Reads every SQS message of its batch and adds number1 and number2."),
        event="sqs",
    ),
    "sqs-to-sqs": Blueprint(
        _("From queue to queue"),
        _("Takes a number out of one SQS queue and sends it to lab-output-queue."),
        event="sqs",
        needs=("sqs",),
        settings={"timeout": 15},
    ),
    "sqs-partial": Blueprint(
        _("Report failed messages of a queue"),
        _("Answers with batchItemFailures, so that only those come back."),
        event="sqs",
    ),
    "caller": Blueprint(
        _("Call another function"),
        _("boto3 invokes ListenerLambda, without waiting for it."),
        settings={"timeout": 15},
    ),
    "listener": Blueprint(
        _("Be called by another function"),
        _("Receives the file and path that the caller sends. Name it ListenerLambda."),
    ),
    "boto3": Blueprint(
        _("Use AWS with boto3"),
        _("Asks who it is and which functions there are, with the credentials of its role."),
        settings={"timeout": 15},
    ),
    "slot-machine": Blueprint(
        _("Slot machine"),
        _("Pulls three wheels for a game in the browser."),
    ),
    "s3-key": Blueprint(
        _("Name the uploaded file"),
        _("Receives an Amazon S3 Put event and gives back the object's key."),
        event="s3-put",
    ),
    "s3-list": Blueprint(
        _("List a bucket"),
        _("Receives an Amazon S3 Put event and lists what its bucket holds."),
        event="s3-put",
        needs=("s3",),
        settings={"timeout": 15},
    ),
    "thumbnail": Blueprint(
        _("Make a thumbnail"),
        _("Shrinks an uploaded image into the bucket of the same name with -resized. Needs a layer with Pillow."),
        event="s3-put",
        needs=("s3",),
        handlers={Family.PYTHON: "lambda_function.handler"},
        settings={"timeout": 60, "memory_size": 256},
    ),
    "slack": Blueprint(
        _("Post to a webhook"),
        _("Sends a text to WEBHOOK_URL, as Slack wants it; prints it while there is no such variable."),
        settings={"timeout": 15},
    ),
    "iot-button": Blueprint(
        _("IoT button"),
        _("Adds title, time and address to what the button sends."),
    ),
    "http-ping": Blueprint(
        _("Tell the time over HTTP"),
        _("GET /ping of the Serverless Framework: handler.endpoint."),
        event="apigateway-aws-proxy",
        handlers={Family.PYTHON: "handler.endpoint"},
    ),
    "http-echo": Blueprint(
        _("Answer an HTTP request"),
        _("Gives back path, query and body: for API Gateway and function URLs."),
        event="apigateway-http-api-proxy",
    ),
    "sns": Blueprint(
        _("Read a notification"),
        _("Prints subject and message of an Amazon SNS notification."),
        event="sns",
    ),
    "stream": Blueprint(
        _("Process a stream"),
        _("Prints every change that a DynamoDB stream brings."),
        event="dynamodb-update",
    ),
    "cold-start": Blueprint(
        _("Cold and warm starts"),
        _("Counts its calls, and tells how long its environment has lived."),
    ),
    "streaming": Blueprint(
        _("Stream an answer"),
        _("Writes its answer word by word, as a function URL sends it on."),
    ),
}


def get(name: str) -> Blueprint | None:
    """The blueprint, or None."""
    return BLUEPRINTS.get(name)


@cache
def languages(name: str) -> tuple[Family, ...]:
    """The languages a blueprint is written in."""
    return tuple(family for family in _FILES if files(name, family))


def files(name: str, family: Family) -> dict[str, bytes]:
    """Its files in a language, by path; none when it is not written in it."""
    paths = [CODE / name / file for file in _FILES.get(family, ())]
    return {path.name: path.read_bytes() for path in paths if path.is_file()}


def test_event(name: str, *, account: Account) -> tuple[str, str]:
    """Name and text of the event that a blueprint is tested with first."""
    own = CODE / name / "event.json"
    if own.is_file():
        return name, own.read_text().rstrip("\n")
    template = BLUEPRINTS[name].event
    return template, event_templates.body(template, account=account)


def available() -> list[tuple[str, Blueprint]]:
    """The blueprints whose language runs here and whose services are here."""
    families = {row.family for row in runtimes.available()}
    return [
        (name, blueprint)
        for name, blueprint in BLUEPRINTS.items()
        if families & set(languages(name)) and all(_has_service(service) for service in blueprint.needs)
    ]


def _has_service(name: str) -> bool:
    """Every service of AWS that answers here has a folder of its own."""
    return (Path(settings.BASE_DIR) / "aws" / "services" / name).is_dir()
