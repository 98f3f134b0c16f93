"""What changes topics: one function for each operation of SNS."""

from topics.services.connecting import subscribe_function, subscribe_queue
from topics.services.managing import (
    add_permission,
    create_topic,
    delete_topic,
    remove_permission,
    set_topic_attributes,
    tag,
    untag,
)
from topics.services.publishing import Entry, publish, publish_batch
from topics.services.subscribing import (
    confirm_subscription,
    set_subscription_attributes,
    subscribe,
    unsubscribe,
    unsubscribe_by_token,
)

__all__ = [
    "Entry",
    "add_permission",
    "confirm_subscription",
    "create_topic",
    "delete_topic",
    "publish",
    "publish_batch",
    "remove_permission",
    "set_subscription_attributes",
    "set_topic_attributes",
    "subscribe",
    "subscribe_function",
    "subscribe_queue",
    "tag",
    "unsubscribe",
    "unsubscribe_by_token",
    "untag",
]
