"""Amazon Resource Names: taking them apart and putting them together."""

import re
from dataclasses import dataclass

PARTITION = "aws"
_ARN = re.compile(r"arn:(aws[a-zA-Z-]*):([a-z0-9-]+):([a-z0-9-]*):(\d{12}|aws|):(.+)", re.ASCII | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Arn:
    """``arn:partition:service:region:account:resource``; region and account may be empty (IAM)."""

    service: str
    region: str
    account: str
    resource: str
    partition: str = PARTITION

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{self.resource}"


def parse(text: str) -> Arn | None:
    """The parts of an ARN, or None when ``text`` is not one."""
    if not (match := _ARN.fullmatch(text)):
        return None
    partition, service, region, account, resource = match.groups()
    return Arn(service, region, account, resource, partition)


def function(region: str, account: str, name: str, qualifier: str = "") -> str:
    """The ARN of a function, qualified when ``qualifier`` is given."""
    suffix = f":{qualifier}" if qualifier else ""
    return f"arn:{PARTITION}:lambda:{region}:{account}:function:{name}{suffix}"


def layer(region: str, account: str, name: str, version: int | None = None) -> str:
    """The ARN of a layer, or of one of its versions."""
    suffix = f":{version}" if version is not None else ""
    return f"arn:{PARTITION}:lambda:{region}:{account}:layer:{name}{suffix}"


def iam(account: str, resource: str) -> str:
    """The ARN of an IAM resource: ``role/path/name``, ``user/name``, ``policy/name``."""
    return f"arn:{PARTITION}:iam::{account}:{resource}"


def log_group(region: str, account: str, name: str) -> str:
    """The ARN of a log group, without the ``:*`` that some answers add."""
    return f"arn:{PARTITION}:logs:{region}:{account}:log-group:{name}"


def queue(region: str, account: str, name: str) -> str:
    """The ARN of a queue."""
    return f"arn:{PARTITION}:sqs:{region}:{account}:{name}"


def event_bus(region: str, account: str, name: str) -> str:
    """The ARN of an event bus."""
    return f"arn:{PARTITION}:events:{region}:{account}:event-bus/{name}"


def rule(region: str, account: str, bus: str, name: str) -> str:
    """The ARN of a rule; on the default bus the bus is not named."""
    place = "" if bus == "default" else f"{bus}/"
    return f"arn:{PARTITION}:events:{region}:{account}:rule/{place}{name}"


def schedule(region: str, account: str, group: str, name: str) -> str:
    """The ARN of a schedule."""
    return f"arn:{PARTITION}:scheduler:{region}:{account}:schedule/{group}/{name}"


def schedule_group(region: str, account: str, name: str) -> str:
    """The ARN of a schedule group."""
    return f"arn:{PARTITION}:scheduler:{region}:{account}:schedule-group/{name}"


def topic(region: str, account: str, name: str) -> str:
    """The ARN of a topic."""
    return f"arn:{PARTITION}:sns:{region}:{account}:{name}"


def event_source_mapping(region: str, account: str, uuid: str) -> str:
    """The ARN of an event source mapping."""
    return f"arn:{PARTITION}:lambda:{region}:{account}:event-source-mapping:{uuid}"
