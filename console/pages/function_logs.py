"""A function's log, by request and newest first; the log streams of its environments are one log here."""

import uuid
from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Max, QuerySet
from django.http import HttpResponse
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from accounts.models import Account
from console import loglines
from console.http import ConsoleRequest, render_page
from console.pages.common import function_context
from console.pages.invocations import log_group
from functions import selectors
from logs.errors import LogGroupNotFound
from logs.models import LogEvent
from logs.selectors import filter_log_events
from runner import selectors as invocations
from runner.models import Invocation

REQUESTS = 25  # on a page
LINES = 300  # of one request; its own page has the others
MATCHES = 1_000


@dataclass(frozen=True, slots=True)
class Request:
    """One invocation's part of the log. ``row`` is None when its row was removed meanwhile."""

    id: uuid.UUID
    row: Invocation | None
    count: int
    log: SafeString
    cut: bool


@require_safe
def function_logs(request: ConsoleRequest, name: str) -> HttpResponse:
    """The newest requests, or the newest ones that wrote what is searched for."""
    version = selectors.get_version(account=request.account, name=name)
    search = request.GET.get("q", "").strip()
    before = request.GET.get("before", "")
    events = _events(request.account, log_group(version))
    newest, next_before = _newest(request.account, log_group(version), events, search, before)
    context = {
        **function_context(request, version, tab="logs"),
        "requests": _requests(request.account, version.function_id, events, newest),
        "search": search,
        "next_before": next_before,
        "is_first": not before,
        "group": log_group(version),
        "group_query": urlencode({"name": log_group(version)}),
        "live": bool(request.GET.get("live")),
        "tail_query": urlencode({"name": log_group(version), "q": _as_pattern(search)}),
    }
    return render_page(request, "functions/logs.html", context, fragments={"requests"})


def _events(account: Account, group: str) -> QuerySet[LogEvent]:
    return LogEvent.objects.filter(stream__group__account=account, stream__group__name=group)


def _newest(
    account: Account, group: str, events: QuerySet[LogEvent], search: str, before: str
) -> tuple[list[uuid.UUID], str]:
    """The requests of one page, newest first, and from where the next page goes on."""
    if search:
        return _matching(account, group, search, before)
    rows = events.filter(request_id__isnull=False)
    if before.isdecimal():
        rows = rows.filter(pk__lt=int(before))
    last = list(rows.values("request_id").annotate(last=Max("pk")).order_by("-last")[: REQUESTS + 1])
    more = str(last[REQUESTS - 1]["last"]) if len(last) > REQUESTS else ""
    return [row["request_id"] for row in last[:REQUESTS] if row["request_id"]], more


def _matching(account: Account, group: str, search: str, token: str) -> tuple[list[uuid.UUID], str]:
    pattern = _as_pattern(search)
    try:
        page = filter_log_events(
            account=account, group=group, pattern=pattern, start_from_head=False, limit=MATCHES, token=token or None
        )
    except LogGroupNotFound:
        return [], ""
    found = list(dict.fromkeys(event.request_id for event in page.events if event.request_id))
    return found, page.next_token or ""


def _as_pattern(search: str) -> str:
    """What is searched for as a filter pattern: just this text."""
    return '"' + search.replace("\\", "\\\\").replace('"', '\\"') + '"' if search else ""


def _requests(
    account: Account, function_id: uuid.UUID, events: QuerySet[LogEvent], newest: list[uuid.UUID]
) -> list[Request]:
    lines: dict[uuid.UUID, list[loglines.Line]] = defaultdict(list)
    for event in events.filter(request_id__in=newest).order_by("pk").iterator():
        if event.request_id:
            lines[event.request_id].append((event.message, event.source))
    rows = invocations.list_invocations(account=account).filter(function_id=function_id, pk__in=newest)
    by_id = {row.pk: row for row in rows}
    return [
        Request(key, by_id.get(key), len(lines[key]), loglines.chunk(lines[key][:LINES]), len(lines[key]) > LINES)
        for key in newest
        if key in lines
    ]
