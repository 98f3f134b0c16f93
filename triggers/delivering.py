"""What rules and schedules send reaches its target: once, tried again for a while, and at last a dead letter.

Every target is in this database, so a delivery, its row and what it becomes are one transaction: nothing is sent twice
or lost, whoever is killed. Sources: EventBridge user guide, "How EventBridge retries delivering events" and "Using
dead-letter queues"; EventBridge Scheduler user guide, "Configuring a dead-letter queue".
"""

import json
import logging
import random
from collections.abc import Iterable, Mapping
from datetime import timedelta
from itertools import batched
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from accounts import clocks
from accounts.models import Account
from accounts.selectors import own_arn
from core import arns, clock, database, failpoints, limits, targets
from core.errors import ResourceNotFound, ServiceError, TooManyRequests
from core.trace import carrying
from queues import contents
from queues.contents import Draft
from queues.errors import QueueDoesNotExist
from queues.selectors import queue_of_arn
from queues.services import send_message
from runner.services import invoke_async
from triggers import access, bell, documents
from triggers.errors import NotPermitted
from triggers.models import DELETE, Delivery, Schedule, Timetable

log = logging.getLogger(__name__)

EVENTS, SCHEDULER = "events.amazonaws.com", "scheduler.amazonaws.com"
MAX_ATTEMPTS, MAX_AGE_S = limits.EVENT_RETRY_ATTEMPTS_DEFAULT, limits.EVENT_AGE_S_DEFAULT
BATCH = 50
_TRIED = [
    "attempts",
    "state",
    "payload",
    "due_at",
    "due_aged",
    "finished_at",
    "error_code",
    "error_message",
    "invocation_id",
]
_STEP = 500
MAX_HOPS = 5
_LONGEST_PAUSE_S = 480  # 185 tries in 24 hours

# What a role needs to be allowed for a target, by the service of the target's ARN.
ACTIONS = {
    "lambda": access.INVOKE,
    "sqs": "sqs:SendMessage",
    "sns": "sns:Publish",
    "events": "events:PutEvents",
    "states": "states:StartExecution",
}


def ring() -> None:
    """Have what is due delivered, now."""
    bell.ring("triggers.tasks.deliver_due_events")


def deliver_due() -> int:
    """Deliver everything that is due; returns how many rows were looked at. Several may do this at once."""
    count = 0
    while done := _deliver_batch():
        count += done
    return count


@transaction.atomic
def _deliver_batch() -> int:
    rows = Delivery.objects.filter(state=Delivery.State.WAITING, due_at__lte=clock.now()).order_by("due_at")
    if connection.features.has_select_for_update_skip_locked:
        rows = rows.select_for_update(skip_locked=True, of=("self",))
    batch = list(rows.select_related("account__clock")[:BATCH])
    now = clock.now()
    early = [delivery for delivery in batch if clocks.of(delivery.account).is_early(delivery.due_aged, now)]
    if early:
        _align(early)
    for delivery in batch:
        if delivery not in early:
            deliver(delivery)
    ended = [delivery for delivery in batch if delivery.state != Delivery.State.WAITING]
    remove_completed({delivery.origin_arn for delivery in ended if delivery.service == SCHEDULER})
    if batch:
        failpoints.reach("deliver-commit")
    return len(batch)


def settle(account_id: str) -> None:
    """Bring what waits for a target in line with its account's clock, some at a time."""
    waiting = Delivery.objects.filter(account_id=account_id, state=Delivery.State.WAITING, due_aged__isnull=False)
    keys = list(waiting.values_list("pk", flat=True))
    for some in batched(keys, _STEP):
        with database.turn(), transaction.atomic():
            rows = waiting.select_for_update().filter(pk__in=some)
            _align(list(rows.defer("payload").order_by("pk")))


def _align(rows: list[Delivery]) -> None:
    """Set ``due_at`` of rows that are locked and wait by their clocks; the age of an event counts from its first try on."""
    timelines = clocks.held([row.account_id for row in rows])
    for row in rows:
        if row.due_aged is not None:
            row.due_at = timelines[row.account_id].real_of_aged(row.due_aged)
            if not row.attempts and row.due_at is not None:
                row.asked_at = row.due_at
    Delivery.objects.bulk_update(rows, ["due_at", "asked_at"], batch_size=200)


def deliver(delivery: Delivery) -> None:
    """One try, in the caller's transaction, in which the row is locked."""
    delivery.attempts += 1
    try:
        with transaction.atomic(), carrying(delivery.trace):
            delivery.invocation_id = _send(delivery)
    except ServiceError as error:
        _failed(delivery, error)
    else:
        _end(delivery, Delivery.State.DELIVERED)


def _send(delivery: Delivery) -> UUID | None:
    """Hand it over. Raises ``ServiceError``; returns the invocation that it became, if it is a function's."""
    account = delivery.account
    own, _ = own_arn(account=account, arn=delivery.target_arn)
    parsed = arns.parse(own)
    service = parsed.service if parsed else ""
    payload = delivery.payload.replace("<aws.scheduler.attempt-number>", str(delivery.attempts))
    check_permission(
        account=account, arn=own, service=delivery.service, origin_arn=delivery.origin_arn, role_arn=delivery.role_arn
    )
    if service == "lambda":
        source = "schedule" if delivery.firing_id or delivery.service == SCHEDULER else "events"
        return invoke_async(account=account, reference=own, payload=payload.encode(), source=source).pk
    if service == "events":
        _put_on_bus(delivery, own, payload)
    elif service == "sqs":
        _send_to_queue(delivery, own, payload)
    else:
        targets.deliver(account_id=account.id, arn=own, event=_document(payload))
    return None


def _document(payload: str) -> Any:
    """A schedule may send text that is no JSON."""
    try:
        return json.loads(payload)
    except ValueError:
        return payload


def _send_to_queue(delivery: Delivery, arn: str, payload: str, attributes: Mapping[str, str] | None = None) -> None:
    """The text as it is; FIFO queues get their group."""
    queue = queue_of_arn(account=delivery.account, arn=arn)
    draft = Draft(
        body=payload,
        attributes=contents.plain(attributes or {}),
        trace=delivery.trace,
        group_id=delivery.settings.get("MessageGroupId", "") if queue.is_fifo else "",
    )
    send_message(queue=queue, draft=draft, sender_id=delivery.account_id)


def check_permission(*, account: Account, arn: str, service: str, origin_arn: str, role_arn: str = "") -> None:
    """Raise ``NotPermitted`` unless what ``service`` (a rule's or a schedule's) sends may reach ``arn``.

    By the role where there is one; a rule's function decides by its own policy, and so do its queue and its topic
    without a role.
    """
    parsed = arns.parse(arn)
    target = parsed.service if parsed else ""
    if service == EVENTS and target == "lambda":
        access.check_invoke_by_policy(account=account, function_arn=arn, service=EVENTS, source_arn=origin_arn)
    elif service == EVENTS and target == "sqs" and not role_arn:
        access.check_send_by_policy(account=account, queue_arn=arn, service=EVENTS, source_arn=origin_arn)
    elif service == EVENTS and not role_arn:
        targets.check_service(account_id=account.id, arn=arn, service=EVENTS, source_arn=origin_arn)
    elif role_arn and (action := ACTIONS.get(target)):
        session = origin_arn.rpartition("/")[2]
        access.check_role(account=account, role_arn=role_arn, action=action, resource=arn, session=session)


def _put_on_bus(delivery: Delivery, arn: str, payload: str) -> None:
    from triggers import matching  # what is matched is delivered: the circle is closed here

    if delivery.hops >= MAX_HOPS:
        raise NotPermitted(reason="The event has gone from bus to bus too often.")
    document = json.loads(payload)
    if "Source" in delivery.settings:
        document = matching.entry_event(
            account_id=delivery.account_id,
            arn=arn,
            source=delivery.settings["Source"],
            detail_type=delivery.settings["DetailType"],
            detail=document,
            time=delivery.asked_at,
        )
    matching.put(
        account_id=delivery.account_id, bus_arn=arn, event=document, trace=delivery.trace, hops=delivery.hops + 1
    )


# -- what follows ----------------------------------------------------------------------------------


def _failed(delivery: Delivery, error: ServiceError) -> None:
    code = code_of(error) if delivery.service == EVENTS else type(error).code
    delivery.error_code, delivery.error_message = code[:64], error.text
    log.info("Delivery %s to %s failed: %s", delivery.pk, delivery.target_arn, error.text)
    if not (error.status >= 500 or isinstance(error, TooManyRequests)):
        _give_up(delivery, "")  # a target that is gone or closed stays so
        return
    timeline = clocks.held([delivery.account_id])[delivery.account_id]
    again = timeline.aged(clock.now()) + pause(delivery.attempts)
    if delivery.attempts > delivery.max_attempts:
        _give_up(delivery, "MaximumRetryAttempts")
    elif again - timeline.aged(delivery.asked_at) > timedelta(seconds=delivery.max_age_s):
        _give_up(delivery, "MaximumEventAgeInSeconds")
    else:
        delivery.due_at, delivery.due_aged = timeline.real_of_aged(again), again
        _save(delivery)


def pause(attempts: int) -> timedelta:
    """1, 2, 4 … seconds, at most eight minutes, with some chance in it, after so many tries."""
    longest = min(1 << min(attempts - 1, 16), _LONGEST_PAUSE_S)
    return timedelta(seconds=longest * random.uniform(0.75, 1.0))  # noqa: S311


def _give_up(delivery: Delivery, condition: str) -> None:
    state = Delivery.State.DROPPED
    if delivery.dead_letter_arn:
        try:
            with transaction.atomic(), carrying(delivery.trace):
                arn = own_arn(account=delivery.account, arn=delivery.dead_letter_arn)[0]
                _check_dead_letters(delivery, arn)
                _send_to_queue(delivery, arn, delivery.payload, dead_letter_attributes(delivery, condition))
            state = Delivery.State.DEAD_LETTER
        except ServiceError as error:
            log.warning("Delivery %s has no dead-letter queue: %s", delivery.pk, error.text)
            delivery.error_message = f"{delivery.error_message} (dead letter: {error.text})"
    _end(delivery, state)


def _check_dead_letters(delivery: Delivery, arn: str) -> None:
    """A rule's dead-letter queue lets it in by its policy; a schedule sends there with its role.

    Sources: EventBridge user guide, "Granting permissions to the dead-letter queue"; EventBridge Scheduler user guide,
    "Configuring a dead-letter queue", permissions.
    """
    account, session = delivery.account, delivery.origin_arn.rpartition("/")[2]
    if delivery.service == EVENTS:
        access.check_send_by_policy(account=account, queue_arn=arn, service=EVENTS, source_arn=delivery.origin_arn)
    else:
        access.check_role(
            account=account, role_arn=delivery.role_arn, action=ACTIONS["sqs"], resource=arn, session=session
        )


def code_of(error: ServiceError) -> str:
    """EventBridge's own word for what went wrong at a rule's target.

    Source: EventBridge user guide, "Using dead-letter queues to process undelivered events", error codes.
    """
    if isinstance(error, TooManyRequests):
        return "THROTTLING"
    if isinstance(error, ResourceNotFound | QueueDoesNotExist) or error.status == 404:
        return "NO_RESOURCE"
    if error.status == 403:
        return "NO_PERMISSIONS"
    return "INTERNAL_ERROR" if error.status >= 500 else "INVALID_PARAMETER"


def dead_letter_attributes(delivery: Delivery, condition: str) -> dict[str, str]:
    """What a dead letter, whose body is what the target should have got, says about its failure.

    Sources: EventBridge user guide, "Using dead-letter queues to process undelivered events"; EventBridge Scheduler user
    guide, "Configuring a dead-letter queue", the event that is received. A payload is never longer than a message.
    """
    named = "SCHEDULE_ARN" if delivery.service == SCHEDULER else "RULE_ARN"
    attributes = {
        named: delivery.origin_arn,
        "TARGET_ARN": delivery.target_arn,
        "ERROR_CODE": delivery.error_code,
        "ERROR_MESSAGE": delivery.error_message[:1024],
        "RETRY_ATTEMPTS": str(delivery.attempts - 1),
    }
    if condition:
        attributes["EXHAUSTED_RETRY_CONDITION"] = condition
    if delivery.service == SCHEDULER:
        attributes["IS_PAYLOAD_TRUNCATED"] = "false"
        if delivery.firing is not None:
            at = delivery.firing.nominal_at
            attributes["SCHEDULED_TIME"] = documents.iso(at)
            attributes["EXECUTION_ID"] = documents.execution_id(schedule_arn=delivery.origin_arn, time=at)
    return attributes


def _end(delivery: Delivery, state: Delivery.State) -> None:
    delivery.state, delivery.finished_at, delivery.due_at = state, clock.now(), None
    if state == Delivery.State.DELIVERED:
        delivery.payload = ""
    _save(delivery)


def _save(delivery: Delivery) -> None:
    """What a try may change."""
    delivery.save(update_fields=_TRIED)


def remove_completed(schedule_arns: Iterable[str]) -> None:
    """Delete those of the schedules that are to go after their last invocation and have nothing left to do."""
    wanted = set(schedule_arns)
    accounts, names = {arn.split(":")[4] for arn in wanted}, {arn.rpartition("/")[2] for arn in wanted}
    found = Schedule.objects.select_related("group").filter(
        account_id__in=accounts, name__in=names, action_after_completion=DELETE, state=Schedule.State.ENABLED
    )
    for schedule in found if wanted else ():
        if schedule.arn in wanted and not _is_awaited(schedule):
            schedule.delete()


def _is_awaited(schedule: Schedule) -> bool:
    """Whether it has a tick to come, or one on its way."""
    if Timetable.objects.filter(schedule=schedule, next_at__isnull=False).exists():
        return True
    return Delivery.objects.filter(origin_arn=schedule.arn, state=Delivery.State.WAITING).exists()
