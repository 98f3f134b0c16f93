"""Many schedules that come round once, made quickly: to be measured, or to be hurt."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from tests.labs.hands import SLIDE_ROLE
from tests.live import Live

_CLIENTS = 4


def once(name: str, at: datetime, function_arn: str, event: str, *, group: str = "default") -> dict[str, Any]:
    """A schedule that invokes the function with ``event`` at that second (UTC)."""
    return {
        "Name": name,
        "GroupName": group,
        "ScheduleExpression": f"at({at:%Y-%m-%dT%H:%M:%S})",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {"Arn": function_arn, "RoleArn": SLIDE_ROLE, "Input": event},
    }


def schedulers(live: Live) -> list[Any]:
    """Clients that make schedules side by side."""
    return [live.client("scheduler") for _ in range(_CLIENTS)]


def create_schedules(clients: Sequence[Any], wanted: Sequence[Mapping[str, Any]]) -> None:
    """Make all of them, by all clients at once."""

    def create(numbered: tuple[int, Mapping[str, Any]]) -> None:
        number, schedule = numbered
        clients[number % len(clients)].create_schedule(**schedule)

    with ThreadPoolExecutor(len(clients)) as threads:
        list(threads.map(create, enumerate(wanted)))
