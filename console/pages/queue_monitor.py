"""A queue's metrics as charts."""

from datetime import timedelta
from functools import partial
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from console.charts import Chart, Line
from console.http import ConsoleRequest, render_page
from console.pages.monitor import Range, shown, total, values
from console.pages.queues import find, frame
from core import clock
from logs.metrics import MetricId, Point, read_points
from queues.meter import NAMESPACE
from queues.models import Queue


@require_safe
def queue_monitor(request: ConsoleRequest, queue: str) -> HttpResponse:
    """The charts of one queue, over one of ``RANGES``."""
    row = find(request, queue)
    context = {**frame(request, row, tab="monitor"), **shown(request, partial(charts, row))}
    return render_page(request, "queues/monitor.html", context, fragments={"charts"})


def charts(queue: Queue, over: Range) -> list[Chart]:
    """What goes in and out, what is in it, and how long that has been there."""
    end = clock.now()
    read = partial(_read, queue, over, end)
    sent, received, deleted = (read(f"NumberOfMessages{what}", "Sum") for what in ("Sent", "Received", "Deleted"))
    frame_: dict[str, Any] = {"starts": [point.at for point in sent], "period": timedelta(seconds=over.period_s)}
    visible = read("ApproximateNumberOfMessagesVisible", "Maximum")
    in_flight = read("ApproximateNumberOfMessagesNotVisible", "Maximum")
    return [
        Chart(
            key="sent",
            title=_("Messages sent"),
            lines=[Line(_("Sent"), values(sent))],
            bars=True,
            summary=f"{total(sent):g}",
            **frame_,
        ),
        Chart(
            key="received",
            title=_("Messages received and deleted"),
            lines=[Line(_("Received"), values(received), "run"), Line(_("Deleted"), values(deleted), "accent")],
            bars=True,
            summary=f"{total(received):g} / {total(deleted):g}",
            **frame_,
        ),
        Chart(
            key="depth",
            title=_("Messages in the queue"),
            lines=[Line(_("Available"), values(visible), "accent"), Line(_("In flight"), values(in_flight), "run")],
            **frame_,
        ),
        Chart(
            key="age",
            title=_("Age of the oldest message"),
            unit="s",
            lines=[Line(_("Maximum"), values(read("ApproximateAgeOfOldestMessage", "Maximum")), "warn")],
            **frame_,
        ),
    ]


def _read(queue: Queue, over: Range, end: Any, metric: str, statistic: str) -> list[Point]:
    return read_points(
        account=queue.account,
        metric=MetricId.of(NAMESPACE, metric, [("QueueName", queue.name)]),
        statistic=statistic,
        start=end - over.length,
        end=end,
        period_s=over.period_s,
    )
