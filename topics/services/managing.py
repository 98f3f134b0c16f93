"""Topics: create, configure, delete."""

import re
from collections.abc import Iterable, Mapping

from django.db import IntegrityError, transaction

from accounts.models import Account
from accounts.services import bump_stamp
from core import limits
from topics import attributes, policies, selectors
from topics.errors import InvalidParameter, TagLimitExceeded, TopicLimitExceeded
from topics.models import Topic

FIFO, FIFO_SUFFIX = "FifoTopic", ".fifo"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}", re.ASCII)
_TAG = re.compile(r"[\w\s.:/=+@-]*")


def create_topic(
    *,
    account: Account,
    name: str,
    region: str = "us-east-1",
    given: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
) -> Topic:
    """The topic of that name, made if there is none. Raises ``InvalidParameter`` when it is there and differs,
    ``TopicLimitExceeded``.
    """
    given = dict(given or {})
    is_fifo = given.pop(FIFO, "false").lower() == "true"
    base = name.removesuffix(FIFO_SUFFIX) if is_fifo else name
    if not _NAME.fullmatch(base) or len(name) > limits.TOPIC_NAME_LENGTH or (is_fifo and base == name):
        suffix = (
            " Reason: Fifo Topic names must end with .fifo and must be made up of letters and digits" if is_fifo else ""
        )
        raise InvalidParameter(what=f"Topic Name{suffix}")
    read = attributes.read_topic(given, is_fifo=is_fifo)
    _check_tags(tags or {})
    existing = Topic.objects.filter(account=account, name=name).first()
    if existing is None:
        if Topic.objects.filter(account=account).count() >= limits.TOPICS_PER_ACCOUNT:
            raise TopicLimitExceeded
        try:
            with transaction.atomic():
                return Topic.objects.create(
                    account=account, name=name, region=region, is_fifo=is_fifo, attributes=read, tags=dict(tags or {})
                )
        except IntegrityError:  # made meanwhile
            existing = selectors.get_topic(account=account, name=name)
    if any(existing.attributes.get(key) != text for key, text in read.items()):
        raise InvalidParameter(what="Attributes Reason: Topic already exists with different attributes")
    if tags and dict(tags) != existing.tags:
        raise InvalidParameter(what="Tags Reason: Topic already exists with different tags")
    return existing


def delete_topic(*, account: Account, arn: str) -> None:
    """Delete a topic with its subscriptions; one that is not there is deleted already."""
    name = selectors.topic_name(account=account, arn=arn)
    Topic.objects.filter(account=account, name=name).delete()


@transaction.atomic
def set_topic_attributes(*, account: Account, arn: str, name: str, value: str) -> Topic:
    """Set one attribute; an empty text gives it back its default. Raises ``InvalidParameter``, ``TopicNotFound``."""
    topic = _lock(account, arn)
    if name not in attributes.TOPIC:
        raise InvalidParameter(what="AttributeName")
    topic.attributes = {**topic.attributes, **attributes.read_topic({name: value}, is_fifo=topic.is_fifo)}
    return _changed(topic)


@transaction.atomic
def add_permission(*, account: Account, arn: str, label: str, account_ids: list[str], actions: list[str]) -> None:
    """Add a statement to the topic's policy. Raises ``InvalidParameter``, ``TopicNotFound``."""
    topic = _lock(account, arn)
    text = policies.with_statement(topic, label=label, account_ids=account_ids, actions=actions)
    topic.attributes = {**topic.attributes, "Policy": text}
    _changed(topic)


@transaction.atomic
def let_in(*, account: Account, arn: str, service: str, source_arn: str) -> None:
    """Let an AWS service (``events.amazonaws.com``) publish for ``source_arn``. Raises ``TopicNotFound``."""
    topic = _lock(account, arn)
    text = policies.with_service(topic, service=service, source_arn=source_arn)
    topic.attributes = {**topic.attributes, "Policy": text}
    _changed(topic)


@transaction.atomic
def remove_permission(*, account: Account, arn: str, label: str) -> None:
    """Remove a statement from the topic's policy."""
    topic = _lock(account, arn)
    topic.attributes = {**topic.attributes, "Policy": policies.without_statement(topic, label=label)}
    _changed(topic)


@transaction.atomic
def tag(*, account: Account, arn: str, tags: Mapping[str, str]) -> None:
    """Add or replace tags. Raises ``TagLimitExceeded`` beyond fifty."""
    topic = _lock(account, arn)
    _check_tags(merged := {**topic.tags, **tags})
    topic.tags = merged
    topic.save(update_fields=["tags"])


@transaction.atomic
def untag(*, account: Account, arn: str, keys: Iterable[str]) -> None:
    """Remove tags; those that are not there are removed already."""
    topic = _lock(account, arn)
    topic.tags = {key: value for key, value in topic.tags.items() if key not in set(keys)}
    topic.save(update_fields=["tags"])


def _lock(account: Account, arn: str) -> Topic:
    found = selectors.topic_of_arn(account=account, arn=arn)
    return Topic.objects.select_for_update().get(pk=found.pk)


def _changed(topic: Topic) -> Topic:
    topic.save(update_fields=["attributes"])
    bump_stamp(account_id=topic.account_id)
    return topic


def _check_tags(tags: Mapping[str, str]) -> None:
    if len(tags) > limits.TAGS_PER_RESOURCE:
        raise TagLimitExceeded
    for key, value in tags.items():
        if not 1 <= len(key) <= 128 or len(value) > 256 or not _TAG.fullmatch(key) or not _TAG.fullmatch(value):
            raise InvalidParameter(what="Tags Reason: Tag keys and values must fit AWS's rules for tags")
