"""Reading queues."""

from collections.abc import Sequence

from django.db import connection
from django.db.models import QuerySet

from accounts.models import Account
from accounts.selectors import own_arn
from core import clock, paging
from core.errors import InvalidParameterValue
from core.stamped import Stamped
from queues import names
from queues.attributes import Counts
from queues.errors import InvalidParameter, QueueDoesNotExist, ResourceNotFound
from queues.models import Message, MoveTask, Queue

_known: Stamped[Queue] = Stamped(5_000)
PAGE = 1_000


def get_queue(*, account: Account, name: str) -> Queue:
    """The queue of that name; raises ``QueueDoesNotExist``."""
    return _load(account.pk, name)


def known_queue(*, account: Account, name: str) -> Queue:
    """The same from memory, for an account whose stamp was read for this request. Raises ``QueueDoesNotExist``."""
    return _known.get((account.pk, name), account.stamp, _load, account.pk, name)


def remembered_queue(*, account: Account, name: str) -> Queue | None:
    """The same without the database; None when ``known_queue`` has to be asked, on a thread."""
    return _known.peek((account.pk, name), account.stamp)


def _load(account_id: str, name: str) -> Queue:
    queue = Queue.objects.filter(account_id=account_id, name=name).first()
    if queue is None:
        raise QueueDoesNotExist
    return queue


def queue_of_arn(*, account: Account, arn: str) -> Queue:
    """The queue that an ARN names, in the caller's account whatever account it says. Raises ``QueueDoesNotExist``."""
    name = names.of_arn(own_arn(account=account, arn=arn)[0])
    if name is None:
        raise QueueDoesNotExist
    return get_queue(account=account, name=name)


def list_queues(
    *, account: Account, prefix: str = "", size: int = PAGE, marker: str | None = None
) -> tuple[Sequence[Queue], str | None]:
    """A page of queues in the order of their names, and the marker of the next. Raises ``InvalidParameter``."""
    rows = paging.with_prefix(Queue.objects.filter(account=account), "name", prefix)
    return _page(rows, size=size, marker=marker)


def list_dead_letter_source_queues(
    *, queue: Queue, size: int = PAGE, marker: str | None = None
) -> tuple[Sequence[Queue], str | None]:
    """The queues whose dead letters go to ``queue``. Raises ``InvalidParameter``."""
    rows = Queue.objects.filter(account_id=queue.account_id, dead_letter_arn=queue.arn)
    return _page(rows, size=size, marker=marker)


def _page(rows: "QuerySet[Queue]", *, size: int, marker: str | None) -> tuple[Sequence[Queue], str | None]:
    if not 1 <= size <= PAGE:
        raise InvalidParameter(
            name="MaxResults", value=size, reason="MaxResults must be an integer between 1 and 1000."
        )
    try:
        return paging.page(rows, marker=marker, size=size, key="name")
    except InvalidParameterValue:
        raise InvalidParameter("Invalid or expired next token.") from None


def counts(queue: Queue) -> Counts:
    """How many messages the queue has now."""
    return count_many([queue])[queue.pk]


def count_many(queues: Sequence[Queue]) -> dict[int, Counts]:
    """The same for several queues at once. Messages that outlived their retention do not count."""
    if not queues:
        return {}
    now_ms = clock.epoch_ms()
    alive = " OR ".join(["(queue_id = %s AND sent_ms > %s)"] * len(queues))
    parameters = [value for queue in queues for value in (queue.pk, now_ms - queue.retention_s * 1000)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT queue_id, CASE WHEN visible_ms <= %s THEN 0 WHEN receive_count > 0 THEN 1 ELSE 2 END AS state, "
            f"count(*) FROM {Message._meta.db_table} WHERE {alive} GROUP BY queue_id, state",
            [now_ms, *parameters],
        )
        found = {(queue_id, state): count for queue_id, state, count in cursor.fetchall()}
    return {
        queue.pk: Counts(found.get((queue.pk, 0), 0), found.get((queue.pk, 1), 0), found.get((queue.pk, 2), 0))
        for queue in queues
    }


def list_message_move_tasks(*, account: Account, source_arn: str, limit: int = 1) -> Sequence[MoveTask]:
    """The latest tasks that move messages out of a queue. Raises ``ResourceNotFound``, ``InvalidParameter``."""
    if not 1 <= limit <= 10:
        raise InvalidParameter(name="MaxResults", value=limit, reason="MaxResults must be an integer between 1 and 10.")
    try:
        source = queue_of_arn(account=account, arn=source_arn)
    except QueueDoesNotExist:
        raise ResourceNotFound(name="SourceArn") from None
    return list(MoveTask.objects.filter(source=source).select_related("source").order_by("-started_ms", "-pk")[:limit])
