import json
from unittest import mock
from urllib.parse import parse_qs, urlsplit

import pytest

from accounts import clocks
from accounts.models import Account
from core import outgoing
from tests.topics.conftest import publish
from topics import delivering, services
from topics.errors import InvalidParameter
from topics.models import Notification

HOOK = "https://example.com/hook"


@pytest.fixture
def subscription(topic, subscribe, outside):
    return subscribe(topic, "https", HOOK)


def send_due():
    for key in delivering.due():
        delivering.deliver(key)


def confirm(subscription):
    services.confirm_subscription(
        account_id=subscription.topic.account_id, topic_arn=subscription.topic.arn, token=subscription.token
    )


def test_an_endpoint_is_asked_first_and_hears_nothing_before_it_confirms(topic, subscription, outside, frozen_clock):
    publish(topic, "too early")
    send_due()
    ((url, headers, body),) = outside.posted
    asked = json.loads(body)
    assert url == HOOK and headers["x-amz-sns-message-type"] == "SubscriptionConfirmation"
    link = parse_qs(urlsplit(asked["SubscribeURL"]).query)
    assert link["Token"] == [asked["Token"]] == [subscription.token]
    confirm(subscription)
    publish(topic, "now")
    send_due()
    assert json.loads(outside.posted[1][2])["Message"] == "now"


def test_a_wrong_token_confirms_nothing(topic, subscription):
    with pytest.raises(InvalidParameter, match="Token"):
        services.confirm_subscription(account_id=topic.account_id, topic_arn=topic.arn, token="0" * 64)


def test_a_failing_endpoint_is_tried_three_times_more_and_then_given_up(topic, subscription, outside, frozen_clock):
    confirm(subscription)
    send_due()
    outside.posted.clear()
    publish(topic)
    outside.answers = [500, outgoing.Unreachable("no answer"), 503, 500]
    for _ in range(6):
        send_due()
        frozen_clock.advance(seconds=20)
    assert len(outside.posted) == 4
    row = Notification.objects.get(kind="Notification")
    assert (row.state, row.attempts, row.answer) == ("failed", 4, "HTTP 500")


def test_another_try_comes_by_the_accounts_clock(topic, subscription, outside, frozen_clock):
    account = Account.objects.get(pk=topic.account_id)
    clocks.set_rate(account=account, rate=60)
    confirm(subscription)
    send_due()
    outside.posted.clear()
    publish(topic)
    outside.answers = [500, 500]
    send_due()
    frozen_clock.advance(seconds=0.5)
    send_due()
    assert len(outside.posted) == 2

    clocks.pause(account=account)
    frozen_clock.advance(hours=1)
    send_due()
    clocks.settle()
    send_due()
    assert Notification.objects.get(kind="Notification").due_at is None
    clocks.resume(account=account)
    clocks.settle()
    frozen_clock.advance(seconds=0.5)
    send_due()
    assert len(outside.posted) == 3


def test_what_will_never_be_taken_is_not_tried_again(topic, subscription, outside, frozen_clock):
    confirm(subscription)
    send_due()
    publish(topic)
    outside.answers = [404]
    send_due()
    assert Notification.objects.get(kind="Notification").state == "failed"


def test_raw_delivery_posts_the_message_itself(topic, subscribe, outside):
    raw = subscribe(topic, "https", HOOK, RawMessageDelivery="true")
    confirm(raw)
    send_due()
    publish(topic, '{"plain": true}')
    send_due()
    _, headers, body = outside.posted[-1]
    assert body == '{"plain": true}' and headers["x-amz-sns-rawdelivery"] == "true"


def test_two_workers_send_a_notification_once(topic, subscription, outside):
    (key,) = delivering.due()
    claimed = Notification.objects.get(pk=key)

    def again(*args, **kwargs):
        delivering.deliver(key)
        return outgoing.Answer(200, {}, b"")

    with mock.patch.object(outgoing, "request", side_effect=again) as sent:
        delivering.deliver(key)
    assert sent.call_count == 1
    claimed.refresh_from_db()
    assert claimed.state == "delivered"


@pytest.mark.parametrize(
    "endpoint", ["http://127.0.0.1/x", "http://[::1]/", "http://169.254.169.254/latest", "http://0x7f.1/"]
)
def test_addresses_inside_are_no_endpoints(topic, subscribe, endpoint):
    with pytest.raises(InvalidParameter, match="Endpoint"):
        subscribe(topic, "http", endpoint)


def test_an_endpoint_must_fit_its_protocol(topic, subscribe, outside):
    with pytest.raises(InvalidParameter, match="must match the specified protocol"):
        subscribe(topic, "http", HOOK)
    with pytest.raises(InvalidParameter, match="does not support this protocol"):
        subscribe(topic, "email", "a@example.com")
