"""Log groups as CloudWatch has them: the groups, their streams, their events, and looking on while events arrive."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, Max
from django.http import HttpResponse, StreamingHttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from console import loglines
from console.http import ConsoleRequest, finish, render_page
from console.sse import message, partial
from core import clock
from core.database import in_thread
from core.errors import ServiceError
from logs import selectors, services
from logs.models import LogGroup
from logs.tailing import Tail, open_tail

GROUPS = 50  # on a page
STREAMS = 50
EVENTS = 200
EVERY_S = 1.0
IDLE_S = 120.0  # after that many seconds without a line, looking on ends: a forgotten tab holds nothing


@require_safe
def log_group_list(request: ConsoleRequest) -> HttpResponse:
    """The groups of the account, by name."""
    search = request.GET.get("q", "").strip()
    rows = LogGroup.objects.filter(account=request.account).order_by("name")
    if search:
        rows = rows.filter(name__icontains=search)
    rows = rows.annotate(last_ms=Max("streams__last_event_ms"), stream_count=Count("streams"))
    page = Paginator(rows, GROUPS).get_page(request.GET.get("page"))
    for group in page:
        group.last_at, group.query = _moment(group.last_ms), urlencode({"name": group.name})  # type: ignore[attr-defined]
    context = {"page": page, "search": search}
    return render_page(request, "logs/groups.html", context, fragments={"groups"})


@require_safe
def log_group_detail(request: ConsoleRequest) -> HttpResponse:
    """A group's events, newest first, all streams or one; ``view=streams`` lists the streams, ``live`` looks on."""
    group = selectors.get_log_group(account=request.account, name=request.GET.get("name", ""))
    view = request.GET.get("view", "")
    context: dict[str, Any] = {
        "group": group,
        "view": view if view in ("streams", "live") else "events",
        "stream": request.GET.get("stream", ""),
        "search": request.GET.get("q", "").strip(),
        "retentions": services.RETENTION_DAYS,
        "tail_query": request.GET.urlencode(),
        "is_first": True,
    }
    fill = {"streams": _streams, "events": _events}.get(context["view"])
    if fill is not None:
        context |= fill(request, context)
    return render_page(request, "logs/group.html", context, fragments={"events"})


def _streams(request: ConsoleRequest, context: dict[str, Any]) -> dict[str, Any]:
    streams, token = selectors.describe_log_streams(
        account=request.account,
        group=context["group"].name,
        order_by="LastEventTime",
        descending=True,
        token=request.GET.get("token") or None,
        limit=STREAMS,
    )
    return {"streams": [(stream, _moment(stream.last_event_ms)) for stream in streams], "next": token}


def _moment(epoch_ms: int | None) -> datetime | None:
    return None if epoch_ms is None else clock.from_epoch_ms(epoch_ms)


def _events(request: ConsoleRequest, context: dict[str, Any]) -> dict[str, Any]:
    """A page of events; a pattern that cannot be read is told beside the field, which keeps what was typed."""
    try:
        page = selectors.filter_log_events(
            account=request.account,
            group=context["group"].name,
            streams=[context["stream"]] if context["stream"] else [],
            pattern=context["search"],
            start_from_head=False,
            limit=EVENTS,
            token=request.GET.get("token") or None,
        )
    except ServiceError as error:
        return {"wrong": error}
    rows = [
        (clock.from_epoch_ms(event.timestamp), event, loglines.chunk([(event.message, event.source)]))
        for event in page.events
    ]
    return {"events": rows, "next": page.next_token, "is_first": not request.GET.get("token")}


@require_POST
def log_group_retain(request: ConsoleRequest) -> HttpResponse:
    """Keep events for so many days, or for good."""
    name, days = request.POST.get("name", ""), request.POST.get("days", "")
    if days.isdecimal() and int(days):
        services.put_retention_policy(account=request.account, name=name, days=int(days))
    else:
        services.delete_retention_policy(account=request.account, name=name)
    url = reverse("log_group_detail", args=[request.account.slug], query={"name": name})
    return finish(request, url, said=_("The retention is set."))


@require_POST
def log_group_delete(request: ConsoleRequest) -> HttpResponse:
    """Delete a group with all its streams and events."""
    name = request.POST.get("name", "")
    services.delete_log_group(account=request.account, name=name)
    return finish(request, "log_group_list", request.account.slug, said=_("%(name)s is deleted.") % {"name": name})


# -- looking on ------------------------------------------------------------------------------------


@require_safe
def log_tail(request: ConsoleRequest) -> StreamingHttpResponse:
    """Server-sent events: what arrives in the named group from now on and matches the pattern."""
    stream = request.GET.get("stream", "")
    tail = open_tail(
        account=request.account,
        groups=[request.GET.get("name", "")],
        streams=[stream] if stream else [],
        pattern=request.GET.get("q", "").strip(),
        must_exist=False,  # a function's group is made when it first runs, which may be what somebody waits for
    )
    language = translation.get_language() or "en"
    response = StreamingHttpResponse(look_on(tail, language), content_type="text/event-stream")
    response["Cache-Control"], response["X-Accel-Buffering"] = "no-cache", "no"
    return response


async def look_on(tail: Tail, language: str) -> AsyncIterator[bytes]:
    """Lines as they come; at the end, in the place of the element that listens, the words that it is over."""
    yield message("")  # the answer begins: whoever listens knows that it does
    quiet = 0.0
    while quiet < IDLE_S:
        await asyncio.sleep(EVERY_S)
        look = await in_thread(tail.look)
        quiet = 0.0 if look.events else quiet + EVERY_S
        if look.events:
            lines = [(clock.from_epoch_ms(event.timestamp), event.message, event.source) for event in look.events]
            yield message(partial("#log-lines", "beforeend", loglines.timed(lines)))
    with translation.override(language):
        over = await in_thread(render_to_string, "logs/_over.html", {"minutes": round(IDLE_S / 60)})
    yield message(partial("#listening", "outerHTML", over))
