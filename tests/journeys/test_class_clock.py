"""A lesson about schedules: a minute takes a second, and everybody sees that it does."""

import uuid

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.live, pytest.mark.sandbox]


@pytest.fixture
def clock(student):
    """The page of the clock; the time is real again afterwards."""
    yield f"{student.home}clock/"
    student.page.goto(f"{student.home}clock/")
    back = student.page.get_by_role("button", name="Back to real time")
    if back.is_enabled():
        back.click()
        student.page.wait_for_selector("#clock-banner", state="detached")


def test_a_schedule_of_each_minute_fires_within_seconds_at_sixty_times_the_speed(student, clock):
    page = student.page
    student.create("by-the-clock")
    page.goto(f"{student.home}schedules/")
    page.get_by_label("Name", exact=True).fill(f"each-minute-{uuid.uuid4().hex[:6]}")
    page.get_by_label("Function", exact=True).select_option("by-the-clock")
    page.get_by_label("Schedule", exact=True).fill("rate(1 minute)")
    page.get_by_role("button", name="Make the schedule").click()
    student.sees("The schedule is on.")
    schedule = page.url

    page.goto(clock)
    page.get_by_role("button", name="×60").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#clock-banner")
    found = []
    for theme in ("light", "dark"):
        student.set_theme(theme)
        found += student.accessibility()
    assert found == []

    page.goto(schedule)
    student.sees("Fired", within="#happened")
    student.sees("Delivered", within="#happened")
    student.sees("really", within="#happened")
    page.get_by_role("button", name="Delete").click()
    student.check()
