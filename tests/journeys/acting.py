"""What students do again and again where functions run by themselves."""

from playwright.sync_api import Locator, expect

from tests.journeys.conftest import Student


def add_trigger(student: Student, function: str, kind: str) -> Locator:
    """The form for a trigger of this kind, by way of the function's page."""
    page = student.page
    page.goto(f"{student.home}functions/{function}/")
    page.get_by_role("link", name="Add trigger").first.click()
    page.wait_for_url("**/configuration/triggers/")
    form = page.locator("details.policy", has=page.locator("summary b", has_text=kind))
    # in one step: what was typed before opens it by itself, when the page has come
    form.locator("summary").evaluate("summary => summary.parentElement.open || summary.click()")
    return form


def make_queue(student: Student, name: str) -> None:
    """On the page for it; it leads to the queue's own."""
    page = student.page
    page.goto(f"{student.home}queues/new/")
    page.get_by_label("Queue name").fill(name)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/queues/{name}/messages/")


def send(student: Student, queue: str, body: str) -> None:
    """A message, from the queue's page."""
    page = student.page
    page.goto(f"{student.home}queues/{queue}/messages/")  # afresh: what is said of an earlier one is gone
    page.get_by_label("Message body").fill(body)
    page.locator("#send").get_by_role("button", name="Send").click()
    student.sees("The message is sent.", within="#send")


def receive(student: Student, queue: str) -> str:
    """The body of the only message in it, as soon as the page says that it is there."""
    page = student.page
    page.goto(f"{student.home}queues/{queue}/messages/")
    expect(page.locator("#depth dd").first).to_have_text("1")
    page.locator("#received").get_by_role("button", name="Receive").click()
    return page.locator(".message-body").inner_text()


def is_empty(student: Student, queue: str) -> None:
    """Nothing is available, in flight or delayed, in the end."""
    page = student.page
    page.goto(f"{student.home}queues/{queue}/messages/")
    expect(page.locator("#depth dd")).to_have_text(["0", "0", "0"])


def open_newest_run(student: Student, function: str, by: str = "") -> None:
    """The page of the function's newest invocation (called ``by`` this service), as soon as there is one that has ended."""
    page = student.page
    page.goto(f"{student.home}functions/{function}/invocations/")
    ended = page.locator("tbody tr", has_text=by, has_not=page.locator(".state.run"))
    student.reload_until(lambda: ended.count() > 0)
    ended.locator("a").first.click()
    page.wait_for_selector("#log-text")
