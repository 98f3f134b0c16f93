"""Events to test with, under the names AWS's console has for them.

The values are AWS's documented samples, to the letter: lectures and tutorials quote them. A placeholder for
something of one's own is filled in where there is one; where there is none, the sample keeps AWS's own value.
``console/events/pack.json`` holds the samples of AWS SAM CLI (``scripts/build_event_pack.py`` makes it).
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from accounts.models import Account
from queues.models import Queue
from topics.models import Topic

HELLO = "hello-world"
FOLDER = Path(__file__).parent / "events"
# What a lecture uses comes first: our name of it, (service, event) in the pack, AWS's label.
_FIRST = (
    ("sqs", ("sqs", "receive-message"), "SQS"),
    ("s3-put", ("s3", "put"), "Amazon S3 Put"),
    ("s3-delete", ("s3", "delete"), "Amazon S3 Delete"),
    ("scheduled", ("cloudwatch", "scheduled-event"), "CloudWatch Scheduled Event"),
    ("apigateway-aws-proxy", ("apigateway", "aws-proxy"), "API Gateway AWS Proxy"),
    ("apigateway-http-api-proxy", ("apigateway", "http-api-proxy"), "API Gateway HTTP API"),
    ("sns", ("sns", "notification"), "Amazon SNS Topic Notification"),
    ("dynamodb-update", ("dynamodb", "update"), "Amazon DynamoDB Update"),
    ("kinesis", ("kinesis", "get-records"), "Amazon Kinesis Data Stream"),
    ("cloudwatch-logs", ("cloudwatch", "logs"), "CloudWatch Logs"),
    ("alb", ("alb", "request"), "Application Load Balancer"),
    ("stepfunctions-error", ("stepfunctions", "error"), "Step Functions Error"),
)
_NAMES = {
    "apigateway": "API Gateway",
    "appsync": "AppSync",
    "cloudformation": "CloudFormation",
    "cloudfront": "CloudFront",
    "codecommit": "CodeCommit",
    "codepipeline": "CodePipeline",
    "lex-v2": "Lex V2",
    "sagemaker": "SageMaker",
    "workmail": "WorkMail",
}
_SHORT = ("alb", "sns", "sqs", "ses", "s3", "ab", "http", "kpl")
_PLACES = frozenset({"account_id", "region"})  # placeholders that everybody can fill


@dataclass(frozen=True, slots=True)
class Template:
    """One sample: ``own`` has the placeholders of its text, and what each is in AWS's sample."""

    name: str
    label: str
    text: str
    own: Mapping[str, str]

    def filled(self, own: Mapping[str, str]) -> str:
        """The text. Account and region are one's own only where everything else that is asked for is, too."""
        values = dict(self.own)
        if set(self.own) - _PLACES <= own.keys():
            values |= {name: own[name] for name in self.own if name in own}
        text = self.text
        for name, value in values.items():
            text = text.replace("{{{" + name + "}}}", json.dumps(value, ensure_ascii=False)[1:-1])
        return text


def own_names(account: Account) -> dict[str, str]:
    """What an account can put into a placeholder: of several queues or topics the one that was made last."""
    own = {"account_id": account.id, "region": settings.REGION}
    for placeholder, model in (("queue_name", Queue), ("topic", Topic)):
        if newest := model.objects.filter(account=account).order_by("-pk").values_list("name", flat=True).first():
            own[placeholder] = newest
    return own


def body(name: str, *, account: Account | None = None) -> str:
    """The text of a template; raises ``KeyError`` when there is none of that name."""
    template = all_of_them()[name]
    return template.filled(own_names(account) if account and template.own else {})


def groups() -> list[tuple[str, list[Template]]]:
    """Every template: what the lectures use under an empty title, then the others by service."""
    first = [name for name, _key, _label in _FIRST]
    found: dict[str, list[Template]] = {"": [all_of_them()[name] for name in (HELLO, *first)]}
    for template in all_of_them().values():
        if template.name not in (HELLO, *first):
            found.setdefault(template.label.partition(" · ")[0], []).append(template)
    return list(found.items())


@lru_cache(maxsize=256)  # every template chosen, and none: a page would spend a fifth of its time on them
def options(chosen: str) -> tuple[SafeString, SafeString]:
    """The lines of a picker: what the lectures use, and all others in groups, by service."""
    (_title, first), *others = groups()
    grouped = ((title, _lines(group, chosen)) for title, group in others)
    return _lines(first, chosen), format_html_join("\n", '<optgroup label="{}">{}</optgroup>', grouped)


def _lines(templates: Iterable[Template], chosen: str) -> SafeString:
    selected = {chosen: SafeString(" selected")}
    lines = ((template.name, selected.get(template.name, ""), template.label) for template in templates)
    return format_html_join("", '<option value="{}"{}>{}</option>', lines)


@cache
def all_of_them() -> Mapping[str, Template]:
    """Every template by name."""
    pack: list[dict[str, Any]] = json.loads((FOLDER / "pack.json").read_text())
    known = {key: (name, label) for name, key, label in _FIRST}
    found = {HELLO: Template(HELLO, HELLO, (FOLDER / f"{HELLO}.json").read_text().rstrip("\n"), {})}
    for row in pack:
        service, event = row["service"], row["name"]
        name, label = known.get((service, event), (f"{service}-{event}", f"{_title(service)} · {_title(event)}"))
        found[name] = Template(name, label, row["text"], row["own"])
    return found


def _title(name: str) -> str:
    if name in _NAMES:
        return _NAMES[name]
    words = name.split("-")
    return " ".join(word.upper() if word in _SHORT else word.capitalize() for word in words)
