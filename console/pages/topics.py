"""Topics: the list, and one page to publish on and to see who gets it."""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Account
from console import destinations, triggers
from console.forms.topics import PublishForm, SubscribeForm, TopicForm
from console.http import ConsoleRequest, finish, fragment, is_htmx, render_page
from console.triggers import Trigger
from core import arns
from core.errors import ServiceError
from functions.models import Function
from queues.selectors import queue_of_arn
from topics import messages, selectors, services
from topics.messages import Message
from topics.models import Notification, Subscription, Topic

FIFO = ".fifo"
LAST = 10


@require_http_methods(["GET", "HEAD", "POST"])
def topic_list(request: ConsoleRequest) -> HttpResponse:
    """The account's topics, and a line to make one."""
    form = TopicForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        name = form.cleaned_data["name"]
        given = {"FifoTopic": "true", "ContentBasedDeduplication": "true"} if name.endswith(FIFO) else {}
        services.create_topic(account=request.account, name=name, given=given)
        return finish(request, "topic_detail", request.account.slug, name)
    context = {"form": form, "topics": selectors.list_topics(account=request.account)}
    if request.method == "POST":
        template = "topics/list.html#create" if is_htmx(request) else "topics/list.html"
        return fragment(request, template, context, status=422)
    return render_page(request, "topics/list.html", context)


@require_safe
def topic_detail(request: ConsoleRequest, name: str) -> HttpResponse:
    """A topic: publish, subscribers, and what was sent over HTTP last."""
    topic = selectors.get_topic(account=request.account, name=name)
    return render_page(request, "topics/detail.html", _context(request, topic), fragments={"subscribers"})


def _context(request: ConsoleRequest, topic: Topic, **forms: Any) -> dict[str, Any]:
    subscriptions = list(selectors.list_subscriptions(account=request.account, topic=topic))
    for subscription in subscriptions:
        subscription.place = destinations.place(subscription.endpoint)  # type: ignore[attr-defined]
        subscription.page = destinations.url(account=request.account, arn=subscription.endpoint)  # type: ignore[attr-defined]
    sent = Notification.objects.filter(subscription__topic=topic).select_related("subscription")
    known = {subscription.endpoint for subscription in subscriptions}
    groups = [
        (choice.label, [(label, arn) for label, arn in choice.options if arn not in known])
        for choice in destinations.choices(account=request.account)
    ]
    takers = [(label, options) for label, options in groups if any(_takes(topic, arn) for _, arn in options)]
    return {
        "topic": topic,
        "subscriptions": subscriptions,
        "publish": PublishForm(initial={"message": "Hello!"}),
        "subscribe": SubscribeForm(),
        "groups": [(label, [option for option in options if _takes(topic, option[1])]) for label, options in takers],
        "sent": sent.order_by("-created_at")[:LAST],
        **forms,
    }


def _takes(topic: Topic, arn: str) -> bool:
    """Whether what the ARN names can be a subscriber: a queue of the topic's kind, or an unqualified function."""
    parsed = arns.parse(arn)
    if parsed is None:
        return False
    if parsed.service == "sqs":
        return parsed.resource.endswith(FIFO) == topic.is_fifo
    return parsed.service == "lambda" and parsed.resource.count(":") == 1 and not topic.is_fifo


@require_POST
def topic_publish(request: ConsoleRequest, name: str) -> HttpResponse:
    """Publish a message; what was typed stays, to be sent again."""
    topic = selectors.get_topic(account=request.account, name=name)
    form = PublishForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        group_id = (data["group_id"] or "console") if topic.is_fifo else ""
        message = Message({messages.DEFAULT: data["message"]}, subject=data["subject"], group_id=group_id)
        try:
            sent = services.publish(topic=topic, message=message)
        except ServiceError as error:
            form.add_error("message", error.text)
        else:
            context = _context(request, topic, publish=form, published=sent)
            return fragment(request, "topics/detail.html#publish-form", context)
    return fragment(request, "topics/detail.html#publish-form", _context(request, topic, publish=form), status=422)


@require_POST
def topic_subscribe(request: ConsoleRequest, name: str) -> HttpResponse:
    """Add a subscriber, with the permission that it needs."""
    topic = selectors.get_topic(account=request.account, name=name)
    form = SubscribeForm(request.POST)
    if form.is_valid():
        try:
            _subscribe(request.account, topic, form.cleaned_data)
        except ServiceError as error:
            form.add_error("filter_policy" if "FilterPolicy" in error.text else "endpoint", error.text)
        else:
            return finish(request, "topic_detail", request.account.slug, name, said=_("It is subscribed."))
    template = "topics/detail.html#subscribe-form" if is_htmx(request) else "topics/detail.html"
    return fragment(request, template, _context(request, topic, subscribe=form), status=422)


def _subscribe(account: Account, topic: Topic, data: Mapping[str, Any]) -> Subscription:
    given = {"FilterPolicy": data["filter_policy"]} if data["filter_policy"].strip() else {}
    if data["url"]:
        raw = {"RawMessageDelivery": "true"} if data["raw"] else {}
        protocol = data["url"].partition(":")[0]
        return services.subscribe(
            account=account, topic=topic, protocol=protocol, endpoint=data["url"], given=given | raw
        )
    parsed = arns.parse(data["endpoint"])
    if parsed is not None and parsed.service == "sqs":
        queue = queue_of_arn(account=account, arn=data["endpoint"])
        subscription = services.subscribe_queue(account=account, topic=topic, queue=queue, is_raw=data["raw"])
    else:
        function = data["endpoint"].rpartition(":")[2]
        subscription = services.subscribe_function(account=account, topic=topic, function=function)
    for name, value in given.items():
        services.set_subscription_attributes(account=account, arn=subscription.arn, name=name, value=value)
    return subscription


@require_POST
def topic_unsubscribe(request: ConsoleRequest, name: str, key: uuid.UUID) -> HttpResponse:
    """End one subscription."""
    topic = selectors.get_topic(account=request.account, name=name)
    services.unsubscribe(account=request.account, arn=f"{topic.arn}:{key}")
    return finish(request, "topic_detail", request.account.slug, name, said=_("The subscription has ended."))


@require_POST
def topic_delete(request: ConsoleRequest, name: str) -> HttpResponse:
    """Delete a topic with its subscriptions."""
    topic = selectors.get_topic(account=request.account, name=name)
    services.delete_topic(account=request.account, arn=topic.arn)
    return finish(request, "topic_list", request.account.slug, said=_("%(name)s is deleted.") % {"name": name})


# -- as triggers and destinations ------------------------------------------------------------------


def of_functions(account: Account, functions: Sequence[Function]) -> dict[uuid.UUID, list[Trigger]]:
    """The topics that these functions are subscribed to."""
    keys = {function.arn: function.pk for function in functions}
    found: dict[uuid.UUID, list[Trigger]] = defaultdict(list)
    rows = Subscription.objects.filter(topic__account=account, endpoint__in=list(keys)).select_related("topic")
    for row in rows:
        url = reverse("topic_detail", args=[account.slug, row.topic.name])
        found[keys[row.endpoint]].append(Trigger(row.topic.name, url, "", row.topic.arn, row.is_confirmed))
    return found


def _topics(account: Account) -> list[tuple[str, str]]:
    return [(topic.name, topic.arn) for topic in selectors.list_topics(account=account) if not topic.is_fifo]


def _url(account: Account, arn: arns.Arn) -> str:
    return reverse("topic_detail", args=[account.slug, arn.resource])


triggers.register("topic", label=gettext_lazy("Topic"), icon="megaphone", hue="topic", list_for=of_functions)
destinations.register(
    "sns",
    destinations.Kind(
        label=gettext_lazy("Topic"), icon="megaphone", hue="topic", list_for=_topics, url_for=_url, dead_letters=True
    ),
)
