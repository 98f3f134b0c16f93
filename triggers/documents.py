"""The events that schedules and rules send, as AWS builds them. Pure."""

import hashlib
import json
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any


def iso(moment: datetime) -> str:
    """2026-11-23T12:00:00Z"""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def event(
    *,
    account_id: str,
    region: str,
    source: str,
    detail_type: str,
    detail: Any,
    time: datetime,
    resources: Iterable[str] = (),
    event_id: str = "",
) -> dict[str, Any]:
    """An event of EventBridge. Source: EventBridge user guide, "Events"."""
    return {
        "version": "0",
        "id": event_id or str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": account_id,
        "time": iso(time),
        "region": region,
        "resources": list(resources),
        "detail": detail,
    }


def scheduled_event(*, account_id: str, region: str, rule_arn: str, time: datetime) -> dict[str, Any]:
    """What a scheduled rule sends."""
    return event(
        account_id=account_id,
        region=region,
        source="aws.events",
        detail_type="Scheduled Event",
        detail={},
        time=time,
        resources=[rule_arn],
    )


def scheduler_event(*, account_id: str, region: str, schedule_arn: str, time: datetime) -> dict[str, Any]:
    """What EventBridge Scheduler sends when a schedule says nothing else; its detail is a text."""
    return event(
        account_id=account_id,
        region=region,
        source="aws.scheduler",
        detail_type="Scheduled Event",
        detail="{}",
        time=time,
        resources=[schedule_arn],
    )


def execution_id(*, schedule_arn: str, time: datetime) -> str:
    """The name of what a schedule does at one moment: sixteen digits, as Scheduler's own."""
    return hashlib.sha256(f"{schedule_arn} {time.astimezone(UTC).isoformat()}".encode()).hexdigest()[:16]


def compact(document: Any) -> str:
    """JSON without spaces."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)
