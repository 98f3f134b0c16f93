"""What one request went through, in order: waiting, each execution, pauses between them, and where it ended.

Read from its row and from the platform's own lines in its log, which say when each execution began and ended.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console import clockface, destinations
from core import clock
from core.timeline import REAL, Timeline
from logs.models import LogEvent
from runner.models import Invocation, State
from runner.retries import Cause

_REPORT = re.compile(r"^REPORT RequestId: \S+\tDuration: ([\d.]+) ms")
_INIT = re.compile(r"\tInit Duration: ([\d.]+) ms")
_FAILED = re.compile(r"\tStatus: (\w+)")

REASONS: dict[str, Any] = {
    Cause.RETRIES_EXHAUSTED: lambda: _("all attempts failed"),
    Cause.EVENT_AGE_EXCEEDED: lambda: _("the event became too old"),
    Cause.ZERO_RESERVED_CONCURRENCY: lambda: _("the reserved concurrency is 0"),
    Cause.FUNCTION_DELETED: lambda: _("the function was deleted"),
    Cause.FUNCTION_NOT_ACTIVE: lambda: _("the function is not active"),
    Cause.RECURSIVE_INVOCATION: lambda: _("functions invoked each other in a loop"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One stretch of time, or a moment when ``length`` is None. ``kind``: wait, init, run, ok, bad, pause or end."""

    kind: str
    label: str
    at: datetime
    length: timedelta | None = None
    note: str = ""
    to: str = ""  # the ARN of where a record of it was sent
    url: str = ""  # its page

    @property
    def ms(self) -> float | None:
        return None if self.length is None else self.length / timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Placed:
    """A step with its place in a picture 100 wide."""

    step: Step
    x: str
    width: str


@dataclass(slots=True)
class Execution:
    """One execution as its log tells: ``ended`` is None while it runs, ``failed`` when its REPORT line says so."""

    started: datetime
    ended: datetime | None = None
    duration_ms: float | None = None
    init_ms: float | None = None
    failed: bool = False


def steps(row: Invocation, events: Iterable[LogEvent], *, ahead: int = 0, by: Timeline = REAL) -> list[Step]:
    """The steps of one invocation, oldest first, in real time.

    ``ahead`` is how many events come before it while it waits; ``by`` is the account's clock, which pauses go by.
    """
    found: list[Step] = []
    before, label = row.asked_at, _("Waiting")
    runs = executions(row, events)
    for number, run in enumerate(runs, start=1):
        begins = run.started - timedelta(milliseconds=run.init_ms or 0)
        waited = max(begins - before, timedelta(0))
        found.append(Step("wait" if number == 1 else "pause", label, before, waited, _by_clock(by, before, begins)))
        if run.init_ms is not None:
            found.append(Step("init", _("Init (cold start)"), begins, timedelta(milliseconds=run.init_ms)))
        found.append(_execution(row, run, number, last=number == len(runs)))
        before, label = run.ended or run.started, _("Pause before the next attempt")
    return [*found, *_after(row, before, label, ran=bool(runs), ahead=ahead, by=by)]


def executions(row: Invocation, events: Iterable[LogEvent]) -> list[Execution]:
    """What the platform's START and REPORT lines say; from the row alone when the log is gone."""
    runs: list[Execution] = []
    for event in events:
        if event.source != LogEvent.Source.PLATFORM:
            continue
        at = clock.from_epoch_ms(event.timestamp)
        kind, duration, init, failed = _read(event.message)
        if kind == "start":
            runs.append(Execution(at))
        elif kind == "report" and runs and runs[-1].ended is None:
            runs[-1].ended, runs[-1].duration_ms, runs[-1].init_ms, runs[-1].failed = at, duration, init, failed
    if not runs and row.started_at:
        failed = row.state != State.SUCCEEDED
        runs.append(Execution(row.started_at, row.finished_at, row.duration_ms, row.init_ms, failed))
    return runs


def _read(message: str) -> tuple[str, float | None, float | None, bool]:
    """Which line it is, and the figures of a REPORT; both log formats."""
    if message.startswith("{"):
        return _read_json(message)
    if message.startswith("START RequestId: "):
        return "start", None, None, False
    if found := _REPORT.match(message):
        init = _INIT.search(message)
        return "report", float(found[1]), float(init[1]) if init else None, bool(_FAILED.search(message))
    return "", None, None, False


def _read_json(message: str) -> tuple[str, float | None, float | None, bool]:
    line = json.loads(message)  # the platform's own
    record = line.get("record", {})
    if line.get("type") == "platform.start":
        return "start", None, None, False
    if line.get("type") != "platform.report":
        return "", None, None, False
    figures = record.get("metrics", {})
    return "report", figures.get("durationMs"), figures.get("initDurationMs"), record.get("status") != "success"


def _execution(row: Invocation, run: Execution, number: int, *, last: bool) -> Step:
    label = _("Handler") if row.invocation_type != "Event" else _("Handler, attempt %(number)s") % {"number": number}
    if run.ended is None and not row.is_final:
        return Step("run", label, run.started, max(clock.now() - run.started, timedelta(0)), _("running"))
    length = timedelta(milliseconds=run.duration_ms) if run.duration_ms is not None else None
    failed = run.failed or not last or row.state == State.QUEUED or (row.is_final and row.state != State.SUCCEEDED)
    return Step("bad" if failed else "ok", label, run.started, length, row.error_type if failed and last else "")


def _after(row: Invocation, before: datetime, label: str, *, ran: bool, ahead: int, by: Timeline) -> list[Step]:
    """What follows the last execution: more waiting, or the end."""
    if row.state == State.QUEUED:
        waited = max(clock.now() - before, timedelta(0))
        return [Step("pause" if ran else "wait", label, before, waited, _waits_for(row, ahead, by))]
    if row.state not in (State.DEAD_LETTER, State.DISCARDED) and not row.delivered_to:
        return []
    ended = row.finished_at or before
    reason = REASONS.get(row.reason.partition(";")[0], lambda: row.reason)()
    if row.reason.startswith(Cause.EVENT_AGE_EXCEEDED):
        reason = " · ".join(filter(None, (reason, _by_clock(by, row.asked_at, ended))))
    if row.state == State.DISCARDED:
        return [Step("end", _("Discarded"), ended, note=reason)]
    label = _("Record sent to the destination") if row.state == State.SUCCEEDED else _("Given up and sent on")
    url = destinations.url(account=row.account, arn=row.delivered_to)
    return [Step("end", label, ended, note=reason, to=row.delivered_to, url=url)]


def _waits_for(row: Invocation, ahead: int, by: Timeline) -> str:
    """Its time, and once that has come, its place in the line."""
    if row.due_at is None:
        return _("until the account’s clock goes on") if row.due_aged is not None else ""
    if row.due_at > clock.now() and not by.is_real:
        times = {"time": f"{by.shown(row.due_at):%H:%M:%S}", "real": f"{row.due_at:%H:%M:%S}"}
        return _("due at %(time)s by the account’s clock, really %(real)s UTC") % times
    if row.due_at > clock.now() or not ahead:
        return _("due at %(time)s UTC") % {"time": f"{row.due_at:%H:%M:%S}"}
    return ngettext("%(count)s event is before it", "%(count)s events are before it", ahead) % {"count": ahead}


def _by_clock(by: Timeline, since: datetime, until: datetime) -> str:
    """How long something took by the account's clock, where that is not what it really took."""
    took = by.age(since, until)
    if abs(took - (until - since)) < timedelta(seconds=1):
        return ""
    return _("%(time)s by the account’s clock") % {"time": clockface.length(took)}


def placed(found: Sequence[Step]) -> list[Placed]:
    """The steps along one line of 100 units; a short one still shows."""
    if not found:
        return []
    begin = found[0].at
    whole = max(step.at + (step.length or timedelta(0)) for step in found) - begin or timedelta(milliseconds=1)
    return [
        Placed(
            step,
            x=f"{min(100 * ((step.at - begin) / whole), 99.4):.2f}",
            width=f"{max(100 * ((step.length or timedelta(0)) / whole), 0.6):.2f}",
        )
        for step in found
    ]
