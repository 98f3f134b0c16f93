"""The clock of an account at the browser: seen on every page, set by its owner, and by the teacher for a class."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client

from accounts import clocks
from accounts.services import create_user
from console import clockface, timeline
from core.timeline import REAL
from runner.models import InvocationType, State
from tests.conftest import NOON
from tests.console.conftest import HTMX, person, text
from triggers import delivering, firing
from triggers.services import adding

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen_clock")]

CLOCK = "/ada/clock/"


@pytest.fixture
def teacher(grace):
    client = Client()
    client.force_login(person(grace, "teacher", is_staff=True))
    return client


def sets(client, do, **given):
    answer = client.post(CLOCK, {"do": do, **given})
    assert answer.status_code == 302, text(answer)


def shows(account):
    return clocks.read(account.pk).shown(NOON)


# -- setting ---------------------------------------------------------------------------------------


def test_real_time_says_nothing_on_the_pages_and_is_on_the_clocks_page(ada, at_browser):
    browser = at_browser(ada)
    assert "clock-banner" not in text(browser.get("/ada/schedules/"))
    page = text(browser.get(CLOCK))
    assert "real time" in page and "2026-11-23 12:00:00 UTC" in page
    assert CLOCK in text(browser.get("/ada/schedules/")) and CLOCK in text(browser.get("/ada/account/"))


def test_a_person_makes_the_time_of_their_own_account_pass_faster(ada, at_browser, frozen_clock):
    browser = at_browser(ada)
    sets(browser, "rate-60")
    frozen_clock.advance(minutes=1)
    page = text(browser.get("/ada/schedules/"))
    assert "2026-11-23 13:00:00 UTC" in page and "×60" in page and "Set the clock" in page


def test_a_clock_is_paused_and_goes_on(ada, at_browser, frozen_clock):
    browser = at_browser(ada)
    sets(browser, "pause")
    frozen_clock.advance(hours=1)
    page = text(browser.get("/ada/connect/"))
    assert "paused" in page and "2026-11-23 12:00:00 UTC" in page
    sets(browser, "resume")
    assert not clocks.read(ada.pk).is_paused


@pytest.mark.parametrize(
    ("do", "given", "shown"),
    [
        ("minute", {}, "2026-11-23 12:01:00 UTC"),
        ("six", {}, "2026-11-23 18:00:00 UTC"),
        ("midnight", {}, "2026-11-24 00:00:00 UTC"),
        ("to", {"to": "2026-11-30T23:59:30"}, "2026-11-30 23:59:30 UTC"),
        ("to", {"to": "2026-11-30T23:59"}, "2026-11-30 23:59:00 UTC"),
    ],
)
def test_a_clock_is_moved_on(do, given, shown, ada, at_browser):
    browser = at_browser(ada)
    sets(browser, do, **given)
    assert shown in text(browser.get(CLOCK))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"to": "2026-11-23T11:00"}, "A clock is moved forward only."),
        ({"to": "2027-11-23T11:00"}, "At most 31 days at once"),
        ({"to": ""}, "Which moment?"),
        ({"to": "noon"}, "valid date"),
    ],
)
def test_a_moment_that_cannot_be_is_told_and_nothing_changes(given, said, ada, at_browser):
    answer = at_browser(ada).post(CLOCK, {"do": "to", **given})
    assert answer.status_code == 422 and said in text(answer)
    assert clocks.read(ada.pk) == REAL


def test_what_is_no_button_is_refused(ada, at_browser):
    assert at_browser(ada).post(CLOCK, {"do": "rate-1000"}).status_code == 400


def test_back_to_real_time(ada, at_browser):
    browser = at_browser(ada)
    sets(browser, "day")
    sets(browser, "real")
    assert clocks.read(ada.pk).is_real
    page = text(browser.get(CLOCK))
    assert "clock-banner" not in page
    assert "moved on by 1 day, 0:00:00" in page and "put back" in page and "ada-person" in page


def test_the_banner_goes_on_by_itself_and_away_when_the_time_is_real(ada, at_browser, frozen_clock):
    browser = at_browser(ada)
    sets(browser, "rate-60")
    frozen_clock.advance(seconds=5)
    assert "2026-11-23 12:05:00 UTC" in text(browser.get(f"{CLOCK}banner/", headers=HTMX))
    sets(browser, "real")
    assert text(browser.get(f"{CLOCK}banner/", headers=HTMX)).strip() == ""


# -- who may ---------------------------------------------------------------------------------------


def test_nobody_sees_or_sets_the_clock_of_another_account(ada, mallory, at_browser):
    browser = at_browser(mallory)
    assert browser.get(CLOCK).status_code == 404
    assert browser.post(CLOCK, {"do": "pause"}).status_code == 404
    assert shows(ada) == NOON


def test_students_who_share_an_account_see_its_clock_and_leave_it_to_the_teacher(ada, at_browser, teacher):
    browser = at_browser(ada)
    create_user(account=ada, username="another")
    assert browser.post(CLOCK, {"do": "rate-60"}).status_code == 403
    sets(teacher, "rate-60")
    page = text(browser.get("/ada/schedules/"))
    assert "×60" in page and "Set the clock" not in page
    assert "the teacher’s to set" in text(browser.get(CLOCK))


def test_a_student_never_sets_the_clock_of_the_class(ada, mallory, at_browser):
    assert at_browser(ada).post(CLOCK, {"do": "pause", "everybody": "1"}).status_code == 403
    assert not clocks.read(mallory.pk).is_paused and not clocks.read(ada.pk).is_paused


def test_a_teacher_sets_the_clocks_of_the_whole_class(ada, mallory, grace, teacher):
    assert "For all 3 accounts" in text(teacher.get(CLOCK))
    sets(teacher, "rate-60", everybody="1")
    assert [clocks.read(account.pk).rate for account in (ada, mallory, grace)] == [60, 60, 60]
    assert "Mallory" in text(teacher.get(CLOCK))
    sets(teacher, "real", everybody="1")
    assert all(clocks.read(account.pk).is_real for account in (ada, mallory, grace))


def test_an_account_that_is_ahead_already_does_not_keep_the_class_from_moving_on(ada, mallory, teacher):
    clocks.jump(account=mallory, forward=timedelta(days=2))
    sets(teacher, "to", to="2026-11-24T00:00:00", everybody="1")
    assert shows(ada) == NOON + timedelta(hours=12)
    assert shows(mallory) == NOON + timedelta(days=2)


# -- what other pages say --------------------------------------------------------------------------


def test_next_times_are_the_accounts_with_the_real_ones_beside_them(ada, at_browser, make_function):
    make_function(ada)
    clocks.jump(account=ada, forward=timedelta(days=1))
    clocks.set_rate(account=ada, rate=60)
    rule = adding.add_schedule(
        account=ada, name="hourly", expression="rate(1 hour)", zone="UTC", function="hello", event=""
    )
    browser = at_browser(ada)
    page = text(browser.get(f"/ada/schedules/rules/default/rule/{rule.name}/"))
    assert "2026-11-24 13:00:00 UTC" in page and "really 2026-11-23 12:01:00 UTC" in page
    preview = text(browser.get("/ada/schedules/preview/?expression=rate(5 minutes)", headers=HTMX))
    assert "2026-11-24 12:05:00 UTC" in preview


def test_a_firing_says_the_accounts_time_and_the_real_one(ada, at_browser, make_function, frozen_clock):
    make_function(ada)
    rule = adding.add_schedule(
        account=ada, name="nightly", expression="cron(0 0 * * ? *)", zone="UTC", function="hello", event=""
    )
    clocks.jump(account=ada, forward=timedelta(hours=13))
    clocks.settle()
    firing.fire_due()
    delivering.deliver_due()
    page = text(at_browser(ada).get(f"/ada/schedules/rules/default/rule/{rule.name}/"))
    assert "2026-11-24 00:00:00 UTC" in page and "really 2026-11-23 12:00:00 UTC" in page


def test_an_invocation_tells_what_its_pauses_were_by_the_clock(make_function, make_invocation, ada, frozen_clock):
    row = make_invocation(
        make_function(ada),
        invocation_type=InvocationType.EVENT,
        state=State.QUEUED,
        asked_at=NOON,
        finished_at=None,
        started_at=None,
    )
    row.due_at, row.due_aged = NOON + timedelta(seconds=3), NOON + timedelta(minutes=3)
    fast = REAL.changed(NOON, rate=60)
    frozen_clock.advance(seconds=1)
    [step] = timeline.steps(row, [], by=fast)
    assert step.note == "due at 12:03:00 by the account’s clock, really 12:00:03 UTC"

    row.due_at = None
    [step] = timeline.steps(row, [], by=fast.changed(NOON + timedelta(seconds=1), is_paused=True))
    assert step.note == "until the account’s clock goes on"


def test_an_event_that_grew_too_old_tells_its_age_by_the_clock(make_function, make_invocation, ada):
    row = make_invocation(
        make_function(ada),
        invocation_type=InvocationType.EVENT,
        state=State.DISCARDED,
        reason="EventAgeExceeded",
        asked_at=NOON,
        started_at=None,
        finished_at=NOON + timedelta(minutes=6),
    )
    steps = timeline.steps(row, [], by=REAL.changed(NOON, rate=60))
    assert steps[-1].note == "the event became too old · 6:00:00 by the account’s clock"


def test_changes_are_told_in_words():
    line = REAL.changed(NOON, rate=60, is_paused=True).changed(NOON, is_paused=False).changed(NOON, rate=60)
    face = clockface.Face(account=None, user=None, timeline=line, now=NOON)
    assert [change.words for change in face.changes()] == ["×60", "goes on", "paused · ×60"]


# -- the command -----------------------------------------------------------------------------------


def test_the_command_sets_one_clock_and_says_what_it_shows(ada, mallory, capsys):
    call_command("clock", "ada", rate=60, forward="6h")
    assert capsys.readouterr().out == "ada: 2026-11-23 18:00:00 UTC, ×60\n"
    assert clocks.read(mallory.pk) == REAL


def test_the_command_sets_the_clocks_of_all(ada, mallory, capsys):
    call_command("clock", all=True, pause=True)
    assert capsys.readouterr().out.splitlines() == [
        "ada: 2026-11-23 12:00:00 UTC, paused",
        "mallory: 2026-11-23 12:00:00 UTC, paused",
    ]
    call_command("clock", all=True, resume=True, real=True)
    assert clocks.read(ada.pk).is_real


def test_the_command_needs_an_account_and_a_sensible_length(ada):
    for given in (
        {},
        {"account": "nobody"},
        {"account": "ada", "forward": "soon"},
        {"account": "ada", "forward": "99d"},
    ):
        with pytest.raises(CommandError):
            call_command("clock", *filter(None, [given.pop("account", "")]), **given)
