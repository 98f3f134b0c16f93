"""Policy documents of resources, as they are changed: statement by statement."""

from collections.abc import Mapping
from typing import Any

from core import ids


def listed(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with its statements in a list: of one alone AWS takes it without."""
    statements = document["Statement"]
    return {**document, "Statement": statements if isinstance(statements, list) else [statements]}


def sid_for(service: str) -> str:
    """A new statement's id that tells which service (``sns.amazonaws.com``) it lets in."""
    return f"{service.partition('.')[0]}-{ids.revision_id()[:8]}"


def letting_in(*, service: str, action: str, resource: str, source_arn: str) -> dict[str, Any]:
    """A statement: an AWS service (``sns.amazonaws.com``) may do this to the resource on behalf of ``source_arn``."""
    return {
        "Sid": sid_for(service),
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": action,
        "Resource": resource,
        "Condition": {"ArnEquals": {"aws:SourceArn": source_arn}},
    }
