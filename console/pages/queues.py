"""Queues: the list, making one, and its messages: sending, receiving and how many there are, on one page."""

from functools import partial
from typing import Any

from django.conf import settings
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Account
from console import destinations
from console.forms.queues import QueueForm, draft
from console.http import ConsoleRequest, finish, fragment, is_htmx, render_page
from console.pages.sections.common import attempt
from core import arns, clock
from queues import names, selectors, services
from queues.errors import QueueDoesNotExist
from queues.models import Queue
from queues.services import Received
from triggers.selectors import list_mappings

SHOWN = 500
LIMITS = (1, 5, 10)


def find(request: ConsoleRequest, name: str) -> Queue:
    """The queue of a page; one that is not there is a page that is not found."""
    try:
        return selectors.get_queue(account=request.account, name=name)
    except QueueDoesNotExist as error:  # AWS answers it with 400
        raise Http404 from error


@require_safe
def queue_list(request: ConsoleRequest) -> HttpResponse:
    """The queues by name, with what is in them now."""
    search = request.GET.get("q", "").strip()
    rows = Queue.objects.filter(account=request.account).order_by("name")
    queues = list(rows.filter(name__icontains=search) if search else rows)[:SHOWN]
    counts = selectors.count_many(queues)
    context = {
        "queues": [(queue, counts[queue.pk], queue.dead_letter_arn.rpartition(":")[2]) for queue in queues],
        "search": search,
        "any": bool(queues) or bool(search),
    }
    return render_page(request, "queues/list.html", context, fragments={"queues"})


@require_http_methods(["GET", "HEAD", "POST"])
def queue_new(request: ConsoleRequest) -> HttpResponse:
    """One page: a name and a kind."""
    form = QueueForm(request.POST if request.method == "POST" else None, initial={"kind": "standard"})
    if request.method == "POST" and form.is_valid():
        name = form.cleaned_data["name"]
        error = attempt(lambda: services.create_queue(account=request.account, name=name, given=form.given()))
        if error is None:
            return finish(request, "queue_detail", request.account.slug, name)
        form.add_error("name", f"{error.title}. {error.hint or error.text}")
    context = {"form": form, "kind": form["kind"].value()}
    if request.method != "POST":
        return render_page(request, "queues/new.html", context)
    template = "queues/new.html#create" if is_htmx(request) else "queues/new.html"
    return fragment(request, template, context, status=422)


# -- messages --------------------------------------------------------------------------------------


@require_safe
def queue_detail(request: ConsoleRequest, queue: str) -> HttpResponse:
    """Sending and receiving; the depth looks again by itself."""
    row = find(request, queue)
    context = {**frame(request, row, tab="messages"), "counts": selectors.counts(row), "limits": LIMITS, "limit": 10}
    return render_page(request, "queues/messages.html", context, fragments={"depth"})


def frame(request: ConsoleRequest, queue: Queue, *, tab: str) -> dict[str, Any]:
    """What all tabs of a queue share."""
    url = names.url(settings.API_URL, request.account.pk, queue.name)
    return {"queue": queue, "tab": tab, "url": url, "readers": partial(_readers, request.account, queue)}


def _readers(account: Account, queue: Queue) -> list[str]:
    """The functions that receive its messages as they come; asked for where a template shows them."""
    rows = list_mappings(account=account, source_arn=queue.arn)
    return sorted({row.function.name for row in rows if row.is_enabled})


@require_POST
def message_send(request: ConsoleRequest, queue: str) -> HttpResponse:
    """Send what was typed; it stays typed, so that the next one is a small change."""
    row = find(request, queue)
    typed, wrong = draft(request.POST)
    context: dict[str, Any] = {**frame(request, row, tab="messages"), "typed": typed, "wrong": wrong}
    if not wrong:
        sender = f"{request.account.pk}"
        context["error"] = attempt(
            lambda: context.update(sent=services.send_message(queue=row, draft=typed, sender_id=sender))
        )
    if is_htmx(request):
        status = 200 if context.get("sent") else 422
        return fragment(request, "queues/messages.html#send", context, status=status)
    if context.get("sent"):
        return finish(request, "queue_detail", request.account.slug, row.name, said=_("The message is sent."))
    context |= {"counts": selectors.counts(row), "limits": LIMITS, "limit": 10}
    return fragment(request, "queues/messages.html", context, status=422)


@require_POST
def message_receive(request: ConsoleRequest, queue: str) -> HttpResponse:
    """Receive what is there, as any receiver does: counts go up, and others do not see it meanwhile."""
    row = find(request, queue)
    asked = request.POST.get("limit", "")
    limit = int(asked) if asked in {str(one) for one in LIMITS} else 10
    messages = services.receive_message(queue=row, limit=limit)
    context = {
        **frame(request, row, tab="messages"),
        "received": [_shown(message) for message in messages],
        "is_received": True,
        "limits": LIMITS,
        "limit": limit,
    }
    if is_htmx(request):
        return fragment(request, "queues/messages.html#received", context)
    return fragment(request, "queues/messages.html", context | {"counts": selectors.counts(row)})


def _shown(message: Received) -> dict[str, Any]:
    """A message for the page, with its facts in the order people ask for them."""
    facts = [
        (_("Message ID"), message.message_id),
        (_("Sent"), clock.from_epoch_ms(message.sent_ms).strftime("%Y-%m-%d %H:%M:%S UTC")),
        (_("Times received"), str(message.receive_count)),
        (_("Sender"), message.sender_id),
        (_("Message group"), message.group_id),
        (_("Deduplication ID"), message.deduplication_id),
        (_("Sequence number"), message.sequence_number),
        (_("Trace"), message.trace),
        (_("Dead letter of"), message.dead_letter_source),
    ]
    return {
        "message": message,
        "sent_at": clock.from_epoch_ms(message.sent_ms),
        "size": len(message.body.encode()),
        "facts": [(label, value) for label, value in facts if value],
        "attributes": [
            (name, one.data_type, one.value.hex() if isinstance(one.value, bytes) else one.value)
            for name, one in sorted(message.attributes.items())
        ],
    }


@require_POST
def message_delete(request: ConsoleRequest, queue: str) -> HttpResponse:
    """Delete a received message."""
    row = find(request, queue)
    services.delete_message(queue=row, handle=request.POST.get("handle", ""))
    return _gone(request, row, _("The message is deleted."))


@require_POST
def message_release(request: ConsoleRequest, queue: str) -> HttpResponse:
    """Give a received message back: others see it at once."""
    row = find(request, queue)
    services.change_message_visibility(queue=row, handle=request.POST.get("handle", ""), seconds=0)
    return _gone(request, row, _("The message is back in the queue."))


def _gone(request: ConsoleRequest, queue: Queue, said: str) -> HttpResponse:
    if is_htmx(request):
        return fragment(request, "queues/_gone.html", {"said": said})
    return finish(request, "queue_detail", request.account.slug, queue.name, said=said)


# -- the queue itself ------------------------------------------------------------------------------


@require_POST
def queue_purge(request: ConsoleRequest, queue: str) -> HttpResponse:
    """Delete all messages."""
    row = find(request, queue)
    services.purge_queue(account=request.account, name=row.name)
    return finish(request, "queue_detail", request.account.slug, row.name, said=_("The queue is empty."))


@require_POST
def queue_delete(request: ConsoleRequest, queue: str) -> HttpResponse:
    """Delete the queue with its messages."""
    row = find(request, queue)
    services.delete_queue(account=request.account, name=row.name)
    said = _("The queue %(name)s is deleted.") % {"name": row.name}
    return finish(request, "queue_list", request.account.slug, said=said)


# -- as a destination ------------------------------------------------------------------------------


def _list_for(account: Account) -> list[tuple[str, str]]:
    rows = Queue.objects.filter(account=account, is_fifo=False).order_by("name")  # AWS delivers to standard queues only
    return [(queue.name, queue.arn) for queue in rows]


def _url_for(account: Account, arn: arns.Arn) -> str:
    return reverse("queue_detail", args=[account.slug, arn.resource])


destinations.register(
    "sqs", destinations.Kind(gettext_lazy("Queue"), "inbox", "queue", _list_for, _url_for, dead_letters=True)
)
