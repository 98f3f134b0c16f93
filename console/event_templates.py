"""Events to test with, under the names AWS's console has for them; ``console/events`` has their texts.

The values are AWS's documented samples, to the letter: lectures and tutorials quote them.
"""

from functools import cache
from pathlib import Path

HELLO = "hello-world"
LABELS = {
    HELLO: "hello-world",
    "sqs": "SQS",
    "s3-put": "Amazon S3 Put",
    "scheduled": "CloudWatch Scheduled Event",
    "apigateway-aws-proxy": "API Gateway AWS Proxy",
}


@cache
def body(name: str) -> str:
    """The text of a template."""
    return (Path(__file__).parent / "events" / f"{name}.json").read_text().rstrip("\n")
