"""How messages reach subscribers: queues and functions at once, in the publisher's transaction; HTTP from rows, tried again.

A queue or function that cannot take a message now cannot take it later either (it is gone, or its policy is against
it), so SNS does not try again: the message goes to the subscription's dead-letter queue, or is lost and counted.
Source: SNS developer guide, "Amazon SNS message delivery retries" and "Amazon SNS dead-letter queues".
"""

import json
import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import batched
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from accounts import clocks
from accounts.models import Account
from core import clock, database, ids, outgoing
from core.errors import ServiceError
from core.trace import carried
from functions.qualifiers import parse_reference
from functions.selectors import get_function
from logs import metrics
from logs.metrics import MetricId
from queues import access as queue_access
from queues import selectors as queues
from queues.contents import AttributeValue, Draft
from queues.models import Queue
from queues.services import send_message
from runner.services import invoke_async
from topics import attributes, filters, messages, signing
from topics.errors import InvalidParameter
from topics.messages import Message, Sent, Source
from topics.models import Notification, Subscription, Topic
from triggers import access, bell

log = logging.getLogger(__name__)

NAMESPACE, SERVICE = "AWS/SNS", "sns.amazonaws.com"
LINKS = "/_sns/"
CLAIM_S = 60
BATCH = 20
_STEP = 500
HTTP_TIMEOUT_S = 15.0


# -- to everybody ----------------------------------------------------------------------------------


def fan_out(topic: Topic, message: Message, sent: Sent) -> None:
    """Hand a message to every confirmed subscriber whose filter lets it through; in the caller's transaction."""
    for subscription in topic.subscriptions.filter(is_confirmed=True).order_by("pk"):
        subscription.topic = topic
        if filters.wants(subscription.attributes, message):
            _send(subscription, message, sent)
        else:
            _count(topic, "NumberOfNotificationsFilteredOut")


def _send(subscription: Subscription, message: Message, sent: Sent) -> None:
    if subscription.protocol in attributes.HTTP:
        _wait_for_http(subscription, message, sent)
        return
    deliver = _to_queue if subscription.protocol == Subscription.Protocol.SQS else _to_function
    try:
        with transaction.atomic():
            deliver(subscription, message, sent)
    except ServiceError as error:
        log.info("%s did not take a message: %s", subscription.endpoint, error.text)
        _give_up(subscription, _document(subscription, message, sent), why=error.text)
    else:
        _count(subscription.topic, "NumberOfNotificationsDelivered")


def _to_queue(subscription: Subscription, message: Message, sent: Sent) -> None:
    account = Account(pk=subscription.topic.account_id)
    queue = queues.queue_of_arn(account=account, arn=subscription.endpoint)
    topic = subscription.topic
    _check_queue(topic, queue)
    if subscription.is_raw:
        body, given = message.body_for("sqs"), dict(message.attributes)
    else:
        body, given = json.dumps(_document(subscription, message, sent), indent=2, ensure_ascii=False), {}
    draft = Draft(
        body=body,
        attributes=given,
        trace=carried(),
        group_id=message.group_id if queue.is_fifo else "",
        deduplication_id=sent.message_id if queue.is_fifo else "",
    )
    send_message(queue=queue, draft=draft, sender_id=SERVICE)


def _check_queue(topic: Topic, queue: Queue) -> None:
    """A queue lets a topic in by its policy, as a subscriber and as a dead-letter queue alike."""
    decision = queue_access.may_send(
        queue=queue, service=SERVICE, source_arn=topic.arn, source_account=topic.account_id
    )
    if not decision.allowed:
        raise InvalidParameter(what=f"the policy of {queue.arn} does not let {topic.arn} send messages")


def _to_function(subscription: Subscription, message: Message, sent: Sent) -> None:
    topic = subscription.topic
    account = Account(pk=topic.account_id)
    access.check_invoke_by_policy(
        account=account, function_arn=subscription.endpoint, service=SERVICE, source_arn=topic.arn
    )
    signature = signing.sign(_unsigned(subscription, message, sent, "lambda"))
    event = messages.record(_source(subscription), message, sent, signature=signature)
    reference = parse_reference(subscription.endpoint, account=account)
    get_function(account=account, name=reference.name)
    payload = json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode()
    invoke_async(account=account, reference=subscription.endpoint, payload=payload, source="sns")


def _give_up(subscription: Subscription, document: Mapping[str, Any], *, why: str) -> None:
    """To the subscription's dead-letter queue, if it has one; else the message is lost, and counted."""
    topic = subscription.topic
    _count(topic, "NumberOfNotificationsFailed")
    text = subscription.attributes.get("RedrivePolicy")
    if not text:
        return
    try:
        with transaction.atomic():
            account = Account(pk=topic.account_id)
            queue = queues.queue_of_arn(account=account, arn=attributes.dead_letter_arn(text))
            _check_queue(topic, queue)
            draft = Draft(
                body=json.dumps(document, indent=2, ensure_ascii=False),
                attributes={"ErrorMessage": AttributeValue("String", why[:1024] or "failed")},
                trace=carried(),
            )
            send_message(queue=queue, draft=draft, sender_id=SERVICE)
    except ServiceError as error:
        log.warning("The dead-letter queue of %s takes nothing: %s", subscription.arn, error.text)
        _count(topic, "NumberOfNotificationsFailedToRedriveToDlq")
    else:
        _count(topic, "NumberOfNotificationsRedrivenToDlq")


# -- documents -------------------------------------------------------------------------------------


def _source(subscription: Subscription) -> Source:
    query = urlencode({"Action": "Unsubscribe", "SubscriptionArn": subscription.arn, "Token": subscription.token})
    return Source(
        topic_arn=subscription.topic.arn,
        subscription_arn=subscription.arn,
        unsubscribe_url=f"{settings.API_URL}{LINKS}?{query}",
        certificate_url=f"{settings.API_URL}{signing.CERTIFICATE_PATH}",
        signature_version=subscription.topic.attributes.get("SignatureVersion") or "1",
    )


def _unsigned(subscription: Subscription, message: Message, sent: Sent, protocol: str) -> dict[str, Any]:
    return messages.document(_source(subscription), message, sent, protocol=protocol)


def _document(subscription: Subscription, message: Message, sent: Sent) -> dict[str, Any]:
    found = _unsigned(subscription, message, sent, subscription.protocol)
    return {**found, "Signature": signing.sign(found)}


def ask_to_confirm(subscription: Subscription, *, endpoint_url: str) -> None:
    """Send an HTTP endpoint the link by which it confirms; in the caller's transaction."""
    topic = subscription.topic
    sent = Sent(ids.request_id(), clock.now())
    query = urlencode({"Action": "ConfirmSubscription", "TopicArn": topic.arn, "Token": subscription.token})
    document = {
        "Type": "SubscriptionConfirmation",
        "MessageId": sent.message_id,
        "Token": subscription.token,
        "TopicArn": topic.arn,
        "Message": f"You have chosen to subscribe to the topic {topic.arn}.\n"
        "To confirm the subscription, visit the SubscribeURL included in this message.",
        "SubscribeURL": f"{endpoint_url or settings.API_URL}{LINKS}?{query}",
        "Timestamp": sent.timestamp,
        "SignatureVersion": topic.attributes.get("SignatureVersion") or "1",
        "Signature": "",
        "SigningCertURL": _source(subscription).certificate_url,
    }
    document["Signature"] = signing.sign(document)
    _add(subscription, kind="SubscriptionConfirmation", message_id=sent.message_id, body=_text(document))


# -- over HTTP -------------------------------------------------------------------------------------


def _wait_for_http(subscription: Subscription, message: Message, sent: Sent) -> None:
    if subscription.is_raw:
        body = message.body_for(subscription.protocol)
    else:
        body = _text(_document(subscription, message, sent))
    _add(subscription, kind="Notification", message_id=sent.message_id, body=body)


def _text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False)


def _add(subscription: Subscription, *, kind: str, message_id: str, body: str) -> None:
    Notification.objects.create(subscription=subscription, kind=kind, message_id=message_id, body=body)
    transaction.on_commit(lambda: bell.ring("topics.tasks.deliver_due"))


def due() -> list[str]:
    """The ids of notifications that nobody sends at the moment and that are due."""
    now = clock.now()
    free = Q(claimed_until=None) | Q(claimed_until__lte=now)
    rows = Notification.objects.filter(free, state=Notification.State.WAITING, due_at__lte=now)
    return [str(key) for key in rows.order_by("due_at").values_list("pk", flat=True)[:BATCH]]


def deliver(notification_id: str) -> None:
    """One try at one notification, if nobody else is at it. The request is sent outside of any transaction."""
    now = clock.now()
    claim = ids.revision_id()[:32]
    free = Q(claimed_until=None) | Q(claimed_until__lte=now)
    rows = Notification.objects.filter(free, pk=notification_id, state=Notification.State.WAITING, due_at__lte=now)
    if not rows.update(claim=claim, claimed_until=now + timedelta(seconds=CLAIM_S)):
        return
    rows = Notification.objects.select_related("subscription__topic__account__clock")
    notification = rows.get(pk=notification_id)
    timeline = clocks.of(notification.subscription.topic.account)
    if timeline.is_early(notification.due_aged, clock.now()):
        _wait_on(notification)
        return
    answer, ok, again = _request(notification)
    with transaction.atomic():
        held = Notification.objects.filter(pk=notification_id, claim=claim, state=Notification.State.WAITING)
        attempts = notification.attempts + 1
        changes: dict[str, Any] = {"attempts": attempts, "answer": answer[:256], "claim": "", "claimed_until": None}
        retry = attributes.retry_of(notification.subscription)
        if ok:
            changes |= {"state": Notification.State.DELIVERED, "finished_at": clock.now()}
        elif again and attempts <= retry.retries:
            account_id = notification.subscription.topic.account_id
            timeline = clocks.held([account_id])[account_id]
            aged = timeline.aged(clock.now()) + timedelta(seconds=retry.pause(attempts))
            changes |= {"due_at": timeline.real_of_aged(aged), "due_aged": aged}
        else:
            changes |= {"state": Notification.State.FAILED, "finished_at": clock.now()}
        if held.update(**changes):
            _ended(notification, changes.get("state", ""), answer)


def _wait_on(notification: Notification) -> None:
    """Give a claim back until the account's clock has come so far."""
    with transaction.atomic():
        _align(notification.subscription.topic.account_id, [notification.pk])
        Notification.objects.filter(pk=notification.pk, claim=notification.claim).update(claim="", claimed_until=None)


def settle(account_id: str) -> None:
    """Bring what is to be tried again in line with the account's clock, some at a time."""
    waiting = Notification.objects.filter(
        subscription__topic__account_id=account_id, state=Notification.State.WAITING, due_aged__isnull=False
    )
    keys = list(waiting.values_list("pk", flat=True))
    for some in batched(keys, _STEP):
        with database.turn(), transaction.atomic():
            _align(account_id, some)
    bell.ring("topics.tasks.deliver_due")


def _align(account_id: str, keys: Sequence[UUID]) -> None:
    waiting = Notification.objects.select_for_update().filter(pk__in=keys, state=Notification.State.WAITING)
    rows = list(waiting.only("due_at", "due_aged").order_by("pk"))
    timeline = clocks.held([account_id])[account_id]
    for row in rows:
        if row.due_aged is not None:
            row.due_at = timeline.real_of_aged(row.due_aged)
    Notification.objects.bulk_update(rows, ["due_at"], batch_size=200)


def _request(notification: Notification) -> tuple[str, bool, bool]:
    """What was answered, whether that was well, and whether another try may help."""
    subscription = notification.subscription
    headers = {
        "content-type": "text/plain; charset=UTF-8",
        "user-agent": "Amazon Simple Notification Service Agent",
        "x-amz-sns-message-id": notification.message_id,
        "x-amz-sns-message-type": notification.kind,
        "x-amz-sns-topic-arn": subscription.topic.arn,
        "x-amz-sns-subscription-arn": subscription.arn,
    }
    if subscription.is_raw and notification.kind == "Notification":
        headers["x-amz-sns-rawdelivery"] = "true"
    try:
        answer = outgoing.request(
            "POST",
            subscription.endpoint,
            body=notification.body.encode(),
            headers=headers,
            timeout_s=HTTP_TIMEOUT_S,
            schemes=(subscription.protocol,),
        )
    except outgoing.Refused as error:
        return f"refused: {error}", False, False
    except outgoing.Unreachable as error:
        return f"unreachable: {error}", False, True
    # 4xx other than "too many requests" says that this message will never be taken.
    again = answer.status >= 500 or answer.status == 429
    return f"HTTP {answer.status}", answer.ok, again


def _ended(notification: Notification, state: str, answer: str) -> None:
    subscription = notification.subscription
    if notification.kind != "Notification":
        return
    if state == Notification.State.DELIVERED:
        _count(subscription.topic, "NumberOfNotificationsDelivered")
    elif state == Notification.State.FAILED:
        try:
            document = json.loads(notification.body)
        except ValueError:
            document = {"Message": notification.body}
        _give_up(subscription, document, why=answer)


def _count(topic: Topic, name: str) -> None:
    metric = MetricId.of(NAMESPACE, name, {"TopicName": topic.name})
    metrics.recorder.add(account_id=topic.account_id, metric=metric, unit="Count", value=1.0)
