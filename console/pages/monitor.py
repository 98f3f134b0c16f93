"""A function's metrics as charts."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from accounts.models import Account
from console.charts import Chart, Line
from console.http import ConsoleRequest, render_page
from console.pages.common import function_context
from core import clock
from functions import selectors
from functions.models import Function, Version
from logs.metrics import Point
from runner.selectors import events_now, metric_series


@dataclass(frozen=True, slots=True)
class Range:
    """How far back the charts go, and how long each of their periods is."""

    label: Any
    length: timedelta
    period_s: int


RANGES: dict[str, Range] = {
    "1h": Range(gettext_lazy("1 hour"), timedelta(hours=1), 60),
    "3h": Range(gettext_lazy("3 hours"), timedelta(hours=3), 300),
    "12h": Range(gettext_lazy("12 hours"), timedelta(hours=12), 900),
    "1d": Range(gettext_lazy("1 day"), timedelta(days=1), 1_800),
    "3d": Range(gettext_lazy("3 days"), timedelta(days=3), 3_600),
    "1w": Range(gettext_lazy("1 week"), timedelta(weeks=1), 10_800),
}
DEFAULT = "1h"


@require_safe
def function_monitor(request: ConsoleRequest, name: str) -> HttpResponse:
    """The charts of one function, over one of ``RANGES``."""
    version = selectors.get_version(account=request.account, name=name)
    context = {
        **function_context(request, version, tab="monitor"),
        **shown(request, partial(charts, request.account, version)),
        "backlog": partial(events_now, function=version.function),
    }
    return render_page(request, "monitor/metrics.html", context, fragments={"charts", "backlog"})


def shown(request: ConsoleRequest, charts_over: Callable[[Range], list[Chart]]) -> dict[str, Any]:
    """Charts over the range that was asked for, made when the template has a place for them, and what there is to choose from."""
    chosen = request.GET.get("range", DEFAULT)
    chosen = chosen if chosen in RANGES else DEFAULT
    return {
        "charts": partial(charts_over, RANGES[chosen]),
        "ranges": [(key, each.label) for key, each in RANGES.items()],
        "chosen": chosen,
        "as_table": bool(request.GET.get("table")),
    }


def charts(account: Account, version: Version, over: Range) -> list[Chart]:
    """The charts that AWS's Monitor tab has, as far as the product measures them."""
    read = _Reader(account, version.function, over)
    [invocations], [errors] = read("Invocations", "Sum"), read("Errors", "Sum")
    [throttles], [concurrency] = read("Throttles", "Sum"), read("ConcurrentExecutions", "Maximum")
    p50, p95, longest = read("Duration", "p50", "p95", "Maximum")
    average_age, oldest = read("AsyncEventAge", "Average", "Maximum")
    frame: dict[str, Any] = {"starts": [point.at for point in invocations], "period": timedelta(seconds=over.period_s)}
    count, failed = total(invocations), total(errors)
    rate = _("Success rate %(rate)s %%") % {"rate": f"{100 * (1 - failed / count):.4g}"} if count else ""
    age = [Line(_("Average"), _seconds(average_age), "accent"), Line(_("Maximum"), _seconds(oldest), "warn")]
    return [
        Chart(
            key="invocations",
            title=_("Invocations"),
            lines=[Line(_("Invocations"), values(invocations))],
            bars=True,
            summary=f"{count:g}",
            **frame,
        ),
        Chart(
            key="errors",
            title=_("Errors and success rate"),
            lines=[Line(_("Errors"), values(errors), "bad")],
            bars=True,
            summary=rate,
            **frame,
        ),
        Chart(
            key="duration",
            title=_("Duration"),
            unit="ms",
            lines=[
                Line("p50", values(p50), "accent"),
                Line("p95", values(p95), "run"),
                Line(_("Maximum"), values(longest), "warn"),
            ],
            **frame,
        ),
        Chart(
            key="throttles",
            title=_("Throttles"),
            lines=[Line(_("Throttles"), values(throttles), "warn")],
            bars=True,
            summary=f"{total(throttles):g}" if total(throttles) else "",
            **frame,
        ),
        Chart(
            key="concurrency",
            title=_("Concurrent executions"),
            lines=[Line(_("Maximum"), values(concurrency), "run")],
            **frame,
        ),
        Chart(key="age", title=_("Age of asynchronous events"), unit="s", lines=age, **frame),
    ]


class _Reader:
    """Reads series of one function over one range, all with the same periods."""

    def __init__(self, account: Account, function: Function, over: Range) -> None:
        self.account, self.function, self.over, self.end = account, function, over, clock.now()

    def __call__(self, metric: str, *statistics: str) -> list[list[Point]]:
        return metric_series(
            account=self.account,
            function=self.function,
            metric=metric,
            statistics=statistics,
            start=self.end - self.over.length,
            end=self.end,
            period_s=self.over.period_s,
        )


def values(points: list[Point]) -> list[float | None]:
    return [point.value for point in points]


def _seconds(points: list[Point]) -> list[float | None]:
    return [None if point.value is None else point.value / 1000 for point in points]


def total(points: list[Point]) -> float:
    return sum(point.value or 0.0 for point in points)
