"""Where the end of an asynchronous invocation goes: destinations and the dead-letter queue, in AWS's shapes."""

import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from accounts.models import Account
from core import failpoints, targets
from core.errors import ServiceError
from core.trace import carrying
from functions.targets import refusal

log = logging.getLogger(__name__)

SUCCESS = "Success"
_ERROR_MESSAGE_SIZE = 1024  # AWS keeps the first kilobyte in the message attribute


@dataclass(frozen=True, slots=True)
class Ending:
    """How an event ended. ``condition`` is AWS's word; ``response`` is empty when it was never executed."""

    request_id: str
    function_arn: str  # with its qualifier
    condition: str
    invoke_count: int
    request: bytes
    response: bytes = b""
    executed_version: str = ""
    function_error: str = ""
    error_message: str = ""
    role_arn: str = ""  # with whose permissions something is sent
    trace: str = ""  # of the invocation that ended: what its record sets off belongs to the same chain


def destination_record(ending: Ending, *, now: datetime) -> dict[str, Any]:
    """The record that a destination gets.

    Source: Lambda developer guide, "Capturing records of Lambda asynchronous invocations".
    """
    record: dict[str, Any] = {
        "version": "1.0",
        "timestamp": f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}Z",
        "requestContext": {
            "requestId": ending.request_id,
            "functionArn": ending.function_arn,
            "condition": ending.condition,
            "approximateInvokeCount": ending.invoke_count,
        },
        "requestPayload": json.loads(ending.request),
    }
    if ending.executed_version:
        context: dict[str, Any] = {"statusCode": 200, "executedVersion": ending.executed_version}
        if ending.function_error:
            context["functionError"] = ending.function_error
        record["responseContext"] = context
        record["responsePayload"] = _as_json(ending.response)
    return record


def dead_letter_attributes(ending: Ending) -> dict[str, str | int]:
    """What a dead letter, whose body is the event itself, says about its failure.

    Source: Lambda developer guide, "Dead-letter queues": RequestID and ErrorMessage are of the type String, ErrorCode
    of the type Number.
    """
    message = ending.error_message.encode()[:_ERROR_MESSAGE_SIZE].decode("utf-8", "ignore")
    return {"RequestID": ending.request_id, "ErrorCode": 200, "ErrorMessage": message}


def send(*, account: Account, arn: str, ending: Ending, now: datetime) -> str:
    """Send the record to a destination, in the caller's transaction; returns why it could not be, or nothing."""
    return _deliver(account, arn, ending, event=destination_record(ending, now=now))


def send_dead_letter(*, account: Account, arn: str, ending: Ending) -> str:
    """Send the event itself to the dead-letter queue, in the caller's transaction; why it could not be, or nothing."""
    return _deliver(account, arn, ending, event=json.loads(ending.request), attributes=dead_letter_attributes(ending))


def _deliver(
    account: Account, arn: str, ending: Ending, *, event: Any, attributes: targets.Attributes | None = None
) -> str:
    try:
        if denied := refusal(account=account, role_arn=ending.role_arn, arn=arn):
            log.info("Not delivered to %s: %s", arn, denied.text)
            return f"AccessDenied: {denied.fields['action']}"
        with transaction.atomic(), carrying(ending.trace):
            targets.deliver(account_id=account.id, arn=arn, event=event, attributes=attributes)
        failpoints.reach("delivery-commit")
    except ServiceError as error:
        log.warning("Nothing could be delivered to %s: %s", arn, error.text)
        return f"{error.code}: {error.text}"
    return ""


def _as_json(response: bytes) -> Any:
    """The response as a value; a custom runtime's that is no JSON is a text."""
    try:
        return json.loads(response) if response else None
    except (ValueError, RecursionError):
        return response.decode(errors="replace")
