"""The other tabs of a queue: its attributes, dead letters, access policy and tags."""

import json
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from console.forms.configuration import variables
from console.forms.queues import AttributesForm
from console.http import ConsoleRequest, finish, fragment, is_htmx, render_page
from console.pages.queues import find, frame
from console.pages.sections.common import attempt
from core import clock, limits
from core.errors import ServiceError
from queues import selectors, services
from queues.models import MoveTask, Queue

TASKS = 10


def _show(request: ConsoleRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """The tab; 422 with the form as it was typed when ``context`` says that something is wrong."""
    is_bad = bool(context.get("error") or context.get("wrong") or context.get("is_bad"))
    if is_bad and is_htmx(request):
        return fragment(request, f"{template}#section", context, status=422)
    return render_page(request, template, context, fragments={"section", "tasks"}, status=422 if is_bad else 200)


def _change(request: ConsoleRequest, queue: Queue, given: dict[str, str]) -> ServiceError | None:
    return attempt(lambda: services.set_queue_attributes(account=request.account, name=queue.name, given=given))


@require_http_methods(["GET", "HEAD", "POST"])
def queue_configuration(request: ConsoleRequest, queue: str) -> HttpResponse:
    """Times and sizes."""
    row = find(request, queue)
    now = {
        "visibility_timeout": row.visibility_timeout_s,
        "delay": row.delay_s,
        "wait": row.wait_s,
        "retention": row.retention_s,
        "size": row.maximum_message_size,
        "content_based": row.content_based_deduplication,
    }
    form = AttributesForm(request.POST if request.method == "POST" else None, initial=now)
    context: dict[str, Any] = {**frame(request, row, tab="configuration"), "form": form}
    if request.method == "POST":
        context["is_bad"] = not form.is_valid()
        if form.is_valid() and (error := _change(request, row, form.given(is_fifo=row.is_fifo))) is None:
            return finish(request, "queue_configuration", request.account.slug, row.name, said=_("Saved."))
        context["error"] = error if form.is_valid() else None
    return _show(request, "queues/configuration.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def queue_access(request: ConsoleRequest, queue: str) -> HttpResponse:
    """The policy, as JSON."""
    row = find(request, queue)
    context: dict[str, Any] = {**frame(request, row, tab="access"), "policy": _pretty(row.policy)}
    if request.method == "POST":
        context["policy"] = request.POST.get("policy", "").strip()
        context["error"] = _change(request, row, {"Policy": context["policy"]})
        if context["error"] is None:
            return finish(request, "queue_access", request.account.slug, row.name, said=_("Saved."))
    context["example"] = _example(row)
    return _show(request, "queues/access.html", context)


def _pretty(policy: str) -> str:
    return json.dumps(json.loads(policy), indent=2, ensure_ascii=False) if policy else ""


def _example(queue: Queue) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue.arn,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2)


@require_http_methods(["GET", "HEAD", "POST"])
def queue_tags(request: ConsoleRequest, queue: str) -> HttpResponse:
    """Names and values; what is no longer there is taken off."""
    row = find(request, queue)
    now: dict[str, str] = dict(row.tags)
    wrong: list[str] = []
    context: dict[str, Any] = {**frame(request, row, tab="tags"), "limit": limits.TAGS_PER_RESOURCE}
    if request.method == "POST":
        now, wrong = variables(request.POST)
        if not wrong:
            context["error"] = attempt(lambda: _save_tags(request, row, now))
            if context["error"] is None:
                return finish(request, "queue_tags", request.account.slug, row.name, said=_("Saved."))
    return _show(request, "queues/tags.html", context | {"variables": now.items(), "wrong": wrong})


@transaction.atomic
def _save_tags(request: ConsoleRequest, queue: Queue, tags: dict[str, str]) -> None:
    services.untag_queue(account=request.account, name=queue.name, keys=queue.tags.keys() - tags.keys())
    if tags:
        services.tag_queue(account=request.account, name=queue.name, tags=tags)


# -- dead letters ----------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def queue_dead_letters(request: ConsoleRequest, queue: str) -> HttpResponse:
    """Where messages go that nobody can process; and, of a dead-letter queue, whose they are and moving them back."""
    row = find(request, queue)
    context: dict[str, Any] = {**frame(request, row, tab="dead_letters")}
    target, count = row.dead_letter_arn, str(row.max_receive_count or 10)
    if request.method == "POST":
        target, count = request.POST.get("target", ""), request.POST.get("count", "")
        policy = {"deadLetterTargetArn": target, "maxReceiveCount": count}
        context["error"] = _change(request, row, {"RedrivePolicy": json.dumps(policy) if target else ""})
        if context["error"] is None:
            return finish(request, "queue_dead_letters", request.account.slug, row.name, said=_("Saved."))
    others = Queue.objects.filter(account=request.account, is_fifo=row.is_fifo).exclude(pk=row.pk).order_by("name")
    context |= {
        "target": target,
        "count": count,
        "others": list(others),
        "sources": selectors.list_dead_letter_source_queues(queue=row)[0],
        "counts": selectors.counts(row),
        "tasks": _tasks(request, row),
        "dead_letter_queue": row.dead_letter_arn.rpartition(":")[2],
    }
    context["is_moving"] = any(task["is_active"] for task in context["tasks"])
    return _show(request, "queues/dead_letters.html", context)


def _tasks(request: ConsoleRequest, queue: Queue) -> list[dict[str, Any]]:
    found = selectors.list_message_move_tasks(account=request.account, source_arn=queue.arn, limit=TASKS)
    return [
        {
            "task": task,
            "handle": services.task_handle(task),
            "is_active": task.status in (MoveTask.Status.RUNNING, MoveTask.Status.CANCELLING),
            "to": task.destination_arn.rpartition(":")[2],
            "at": clock.from_epoch_ms(task.started_ms),
            "label": _labels()[task.status],
        }
        for task in found
    ]


def _labels() -> dict[str, str]:
    return {
        MoveTask.Status.RUNNING: _("Moving"),
        MoveTask.Status.CANCELLING: _("Being stopped"),
        MoveTask.Status.COMPLETED: _("Done"),
        MoveTask.Status.CANCELLED: _("Stopped"),
        MoveTask.Status.FAILED: _("Failed"),
    }


@require_POST
def move_start(request: ConsoleRequest, queue: str) -> HttpResponse:
    """Move the messages of a dead-letter queue back to their queues, or to another one."""
    row = find(request, queue)
    rate = request.POST.get("rate", "").strip()
    services.start_message_move_task(
        account=request.account,
        source_arn=row.arn,
        destination_arn=request.POST.get("destination", ""),
        per_second=int(rate) if rate.isdecimal() and len(rate) < 6 else None,
    )
    return finish(
        request, "queue_dead_letters", request.account.slug, row.name, said=_("The messages are on their way.")
    )


@require_POST
def move_cancel(request: ConsoleRequest, queue: str) -> HttpResponse:
    """Stop moving; what was moved stays moved."""
    row = find(request, queue)
    services.cancel_message_move_task(account=request.account, handle=request.POST.get("handle", ""))
    return finish(request, "queue_dead_letters", request.account.slug, row.name, said=_("It is being stopped."))
