"""Schedules come round: once each, whoever looks, however late."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from runner.models import Invocation
from tests.conftest import NOON
from triggers import delivering, firing, selectors
from triggers.errors import InvalidSchedule, InvalidScheduleExpression, ScheduleExists, ScheduleNotFound
from triggers.models import Delivery, Firing, Schedule, Timetable
from triggers.services import rules, schedules

pytestmark = pytest.mark.django_db


def tick():
    """What happens each second."""
    fired = firing.fire_due()
    delivering.deliver_due()
    return fired


# -- rules -----------------------------------------------------------------------------------------


def test_a_function_is_invoked_each_minute_with_the_scheduled_event(ada, make_rule, events_of, frozen_clock):
    rule = make_rule(ada, schedule_expression="rate(1 minute)")

    for _ in range(125):
        frozen_clock.advance(seconds=1)
        tick()

    first, second = events_of(ada)
    assert first | {"id": ""} == {
        "version": "0",
        "id": "",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ada.id,
        "time": "2026-11-23T12:01:00Z",
        "region": "us-east-1",
        "resources": [rule.arn],
        "detail": {},
    }
    assert second["time"] == "2026-11-23T12:02:00Z"


def test_a_tick_fires_once_however_often_it_is_looked_for(ada, make_rule, events_of, frozen_clock):
    make_rule(ada, schedule_expression="cron(5 12 * * ? *)")
    frozen_clock.advance(minutes=5)
    assert [tick(), tick(), tick()] == [1, 0, 0]
    assert len(events_of(ada)) == 1


def test_a_clock_that_goes_back_fires_nothing_twice(ada, make_rule, events_of, frozen_clock):
    rule = make_rule(ada, schedule_expression="rate(1 minute)")
    frozen_clock.advance(minutes=1)
    tick()
    frozen_clock.advance(minutes=-1)
    rules.disable_rule(account=ada, name=rule.name)
    rules.enable_rule(account=ada, name=rule.name)  # its next time is reckoned anew, by the clock that went back
    frozen_clock.advance(minutes=1)
    tick()
    assert len(events_of(ada)) == 1


def test_a_disabled_rule_is_silent_and_catches_nothing_up(ada, make_rule, events_of, frozen_clock):
    rule = make_rule(ada, schedule_expression="rate(1 minute)")
    rules.disable_rule(account=ada, name=rule.name)
    frozen_clock.advance(minutes=10)
    tick()
    assert selectors.next_times(rule) == []
    rules.enable_rule(account=ada, name=rule.name)
    tick()
    assert events_of(ada) == []
    frozen_clock.advance(minutes=1)
    tick()
    assert len(events_of(ada)) == 1


def test_a_function_that_has_no_permission_for_the_rule_is_not_invoked_and_it_can_be_seen_why(
    ada, make_function, frozen_clock
):
    function = make_function(ada).function
    rule = rules.put_rule(account=ada, name="tick", schedule_expression="rate(1 minute)")
    rules.put_targets(account=ada, rule="tick", given=[{"Id": "1", "Arn": function.arn}])
    frozen_clock.advance(minutes=1)
    tick()
    assert not Invocation.objects.exists()
    delivery = selectors.last_deliveries(rule)[0]
    assert delivery.state == Delivery.State.DROPPED
    assert "events.amazonaws.com is not authorized to perform: lambda:InvokeFunction" in delivery.error_message


def test_a_target_gets_its_own_input(ada, make_rule, events_of, frozen_clock):
    make_rule(ada, schedule_expression="rate(1 minute)", target={"Input": '{"warm": true}'})
    frozen_clock.advance(minutes=1)
    tick()
    assert events_of(ada) == [{"warm": True}]


def test_a_rule_can_be_run_now(ada, make_rule, events_of, frozen_clock):
    rule = make_rule(ada, schedule_expression="cron(0 3 * * ? *)")
    rules.run_rule(account=ada, name=rule.name)
    delivering.deliver_due()
    assert [event["time"] for event in events_of(ada)] == ["2026-11-23T12:00:00Z"]
    assert selectors.next_times(rule, count=1) == [datetime(2026, 11, 24, 3, 0, tzinfo=UTC)]
    fired = selectors.last_firings(rule)[0]
    assert fired.firing.by_hand
    assert fired.deliveries[0].invocation_id == Invocation.objects.get().pk


@pytest.mark.parametrize("text", ["rate(5 minute)", "cron(0 12 * * * *)", "every day", "at(2027-01-01T00:00:00)"])
def test_a_rule_with_a_wrong_schedule_is_refused_in_awss_words(ada, text):
    with pytest.raises(InvalidScheduleExpression, match="Parameter ScheduleExpression is not valid"):
        rules.put_rule(account=ada, name="tick", schedule_expression=text)


def test_a_rule_keeps_counting_when_its_description_changes(ada, make_rule, frozen_clock):
    rule = make_rule(ada, schedule_expression="rate(1 hour)")
    frozen_clock.advance(minutes=40)
    rules.put_rule(account=ada, name=rule.name, schedule_expression="rate(1 hour)", description="new")
    assert selectors.next_times(rule, count=1) == [NOON + timedelta(hours=1)]


# -- late ------------------------------------------------------------------------------------------


def test_a_server_that_was_away_for_a_while_catches_up_the_last_five_and_records_the_others(
    ada, make_rule, frozen_clock
):
    rule = make_rule(ada, schedule_expression="rate(1 minute)")
    frozen_clock.advance(hours=3)
    assert tick() == 5
    states = list(Firing.objects.order_by("nominal_at").values_list("state", flat=True))
    assert states == ["missed"] * 175 + ["fired"] * 5
    assert selectors.next_times(rule, count=1) == [NOON + timedelta(hours=3, minutes=1)]
    assert tick() == 0


def test_a_tick_older_than_an_hour_is_missed(ada, make_rule, frozen_clock):
    make_rule(ada, schedule_expression="cron(5 12 * * ? *)")
    frozen_clock.advance(hours=2)
    assert tick() == 0
    assert [firing.state for firing in Firing.objects.all()] == ["missed"]


def test_months_of_silence_are_worked_off_step_by_step(ada, make_rule, frozen_clock):
    make_rule(ada, schedule_expression="rate(1 minute)")
    frozen_clock.advance(days=2)
    assert tick() == 0  # the first two thousand are recorded
    assert tick() == 5
    assert Firing.objects.count() == 2 * 24 * 60


# -- many ------------------------------------------------------------------------------------------


def test_a_thousand_schedules_at_one_boundary_are_one_step(ada, make_rule, frozen_clock, django_assert_max_num_queries):
    rule = make_rule(ada, schedule_expression="rate(1 hour)")
    make_rule(ada, "other", schedule_expression="rate(1 hour)")
    others = [rules.put_rule(account=ada, name=f"r{n}", schedule_expression="rate(1 hour)") for n in range(2)]
    target = rule.targets.get()
    for other in others:
        rules.put_targets(account=ada, rule=other.name, given=[{"Id": "1", "Arn": target.arn}])
    frozen_clock.advance(hours=1)
    with django_assert_max_num_queries(12):  # however many there are
        assert firing.fire_due() == 4
    assert Delivery.objects.count() == 4


@pytest.mark.django_db(transaction=True)
def test_several_beats_at_the_same_time_fire_each_tick_once(ada, make_rule, events_of, frozen_clock):
    for number in range(10):
        make_rule(ada, f"rule{number}", schedule_expression="rate(1 minute)")
    frozen_clock.advance(minutes=1)

    def beat():
        tick()
        connection.close()

    beats = [threading.Thread(target=beat) for _ in range(4)]
    for thread in beats:
        thread.start()
    for thread in beats:
        thread.join()

    assert len(events_of(ada)) == 10
    assert Firing.objects.count() == 10


# -- Scheduler -------------------------------------------------------------------------------------


def test_a_rate_without_a_start_begins_at_once(ada, make_schedule, events_of, frozen_clock):
    schedule = make_schedule(ada, expression="rate(5 minutes)")
    tick()
    [event] = events_of(ada)
    assert event["source"] == "aws.scheduler"
    assert event["detail"] == "{}"
    assert event["resources"] == [schedule.arn]
    assert selectors.next_times(schedule, count=2) == [NOON + timedelta(minutes=5), NOON + timedelta(minutes=10)]


def test_a_schedule_lives_between_its_dates(ada, make_schedule, events_of, frozen_clock):
    schedule = make_schedule(
        ada,
        expression="rate(1 minute)",
        starts_at=NOON + timedelta(minutes=10),
        ends_at=NOON + timedelta(minutes=12),
    )
    expected = [NOON + timedelta(minutes=minute) for minute in (10, 11, 12)]
    assert selectors.next_times(schedule) == expected
    for _ in range(20):
        frozen_clock.advance(minutes=1)
        tick()
    assert [event["time"] for event in events_of(ada)] == [f"2026-11-23T12:{m}:00Z" for m in (10, 11, 12)]


def test_one_time_is_one_time_on_the_clock_of_its_zone(ada, make_schedule, events_of, frozen_clock):
    schedule = make_schedule(ada, expression="at(2026-11-23T14:30:00)", zone="Europe/Berlin")
    assert selectors.next_times(schedule) == [datetime(2026, 11, 23, 13, 30, tzinfo=UTC)]
    frozen_clock.advance(minutes=91)
    tick()
    tick()
    assert len(events_of(ada)) == 1
    assert selectors.get_schedule(account=ada, name="nightly").state == "ENABLED"  # it stays, done, as on AWS


def test_a_schedule_may_go_when_it_is_done(ada, make_schedule, events_of, frozen_clock):
    make_schedule(ada, expression="at(2026-11-23T12:01:00)", action_after_completion="DELETE")
    frozen_clock.advance(minutes=1)
    tick()
    assert len(events_of(ada)) == 1
    with pytest.raises(ScheduleNotFound):
        selectors.get_schedule(account=ada, name="nightly")


def test_a_flexible_schedule_starts_within_its_window(ada, make_schedule, frozen_clock):
    make_schedule(ada, expression="at(2026-11-23T12:01:00)", window_minutes=15)
    frozen_clock.advance(minutes=1)
    firing.fire_due()
    due = Delivery.objects.get().due_at
    assert NOON + timedelta(minutes=1) <= due <= NOON + timedelta(minutes=16)


def test_context_attributes_are_put_into_the_input(ada, make_schedule, events_of, frozen_clock):
    text = '{"arn": "<aws.scheduler.schedule-arn>", "at": "<aws.scheduler.scheduled-time>", "try": "<aws.scheduler.attempt-number>"}'
    schedule = make_schedule(ada, target={"Input": text})
    tick()
    assert events_of(ada) == [{"arn": schedule.arn, "at": "2026-11-23T12:00:00Z", "try": "1"}]


def test_a_schedule_whose_role_may_not_invoke_is_dropped_with_the_reason(ada, make_schedule, frozen_clock):
    from accounts import iam

    trust = '{"Statement": {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}}'
    role = iam.create_role(account=ada, name="powerless", assume_role_policy=trust)
    schedule = make_schedule(ada, target={"RoleArn": role.arn})
    tick()
    delivery = selectors.last_deliveries(schedule)[0]
    assert delivery.state == Delivery.State.DROPPED
    assert "assumed-role/powerless/" in delivery.error_message
    assert "because no identity-based policy allows the lambda:InvokeFunction action" in delivery.error_message


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"expression": "rate(0 minutes)"}, "Invalid Schedule Expression rate\\(0 minutes\\)."),
        ({"zone": "Mars/Olympus"}, "Invalid Schedule Expression Timezone"),
        ({"starts_at": NOON, "ends_at": NOON + timedelta(seconds=-1)}, "EndDate"),
        ({"starts_at": NOON - timedelta(hours=1)}, "StartDate"),
        ({"target": {"RoleArn": "arn:aws:iam::123456789012:role/nobody"}}, "must allow AWS EventBridge Scheduler"),
        ({"target": {"Arn": "arn:aws:ecs:us-east-1:123456789012:cluster/x"}}, "not supported on this server"),
        ({"target": {"Input": "{no json"}}, "Invalid JSON in Input"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(ada, make_schedule, frozen_clock, given, message):
    with pytest.raises(InvalidSchedule, match=message):
        make_schedule(ada, **given)
    assert not Schedule.objects.exists()


def test_a_name_is_taken_unless_the_token_says_it_is_the_same_request(ada, make_schedule):
    first = make_schedule(ada, client_token="abc")
    assert make_schedule(ada, client_token="abc") == first
    with pytest.raises(ScheduleExists, match="Schedule nightly already exists"):
        make_schedule(ada)


def test_an_update_replaces_everything(ada, make_schedule, frozen_clock):
    schedule = make_schedule(ada, description="old", window_minutes=5)
    schedules.update_schedule(account=ada, name="nightly", expression="cron(0 0 * * ? *)", target=schedule.target)
    changed = selectors.get_schedule(account=ada, name="nightly")
    assert (changed.description, changed.window_minutes) == ("", None)
    assert selectors.next_times(changed, count=1) == [datetime(2026, 11, 24, tzinfo=UTC)]


def test_a_group_goes_with_its_schedules(ada, make_schedule):
    schedules.create_schedule_group(account=ada, name="lab")
    make_schedule(ada, group="lab")
    schedules.delete_schedule_group(account=ada, name="lab")
    assert not Schedule.objects.exists()
    assert not Timetable.objects.exists()


def test_a_schedule_of_somebody_else_is_not_there(ada, mallory, make_schedule):
    make_schedule(ada)
    with pytest.raises(ScheduleNotFound):
        schedules.delete_schedule(account=mallory, name="nightly")


# -- retries ---------------------------------------------------------------------------------------


def test_a_throttled_target_is_tried_again_and_not_for_ever(ada, make_schedule, frozen_clock, monkeypatch):
    from core.errors import TooManyRequests

    def refuse(**_):
        raise TooManyRequests

    monkeypatch.setattr(delivering, "invoke_async", refuse)
    retry = {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 3600}
    make_schedule(ada, expression="at(2026-11-23T12:00:01)", target={"RetryPolicy": retry})
    for _ in range(60):
        frozen_clock.advance(seconds=1)
        tick()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts, delivery.error_code) == ("dropped", 4, "TooManyRequestsException")


def test_pauses_grow_to_eight_minutes_at_most():
    assert delivering.pause(1) <= timedelta(seconds=1)
    assert timedelta(seconds=24) <= delivering.pause(6) <= timedelta(seconds=32)
    assert delivering.pause(1000) <= timedelta(minutes=8)
