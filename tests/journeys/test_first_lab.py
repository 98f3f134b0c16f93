"""A student's first lab, in a real browser against the whole product."""

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.live, pytest.mark.sandbox]

KEY4 = """def lambda_handler(event, context):
    print("Received event:", event)
    return event["key4"]
"""
WAITS = """import time


def lambda_handler(event, context):
    for step in range(5):
        print("step", step)
        time.sleep(0.4)
    return "done"
"""
SLEEPS = """import time


def lambda_handler(event, context):
    time.sleep(4)
    return "awake"
"""
OTHER_NAME = """def handler(event, context):
    return "found"
"""
CURLY = """import json


def lambda_handler(event, context):
    return json.dumps({‘file’: ‘path’})
"""
STEP_WHILE_RUNNING = """() => document.querySelector('#log-lines').textContent.includes('step 0')
    && document.querySelector('#result .result-bar.run')"""
HOSTILE = """def lambda_handler(event, context):
    print('<script>document.title = "owned"</script><img src=x onerror="document.title=1">')
    print('<div hx-get="/logout/" hx-trigger="load"></div><hx-partial hx-target="body">gone</hx-partial>')
    print("\\x1b[31mred\\x1b[0m and \\x1b]0;title\\x07 plain")
    for number in range(5000):
        print("line", number)
    return {"<b>key</b>": '</pre><script>document.title = "owned"</script>'}
"""


def test_from_the_sign_in_link_to_an_explained_error(student):
    student.page.context.clear_cookies()
    student.sign_in()
    student.create("first-lab")
    student.test()
    assert "Execution result: succeeded" in student.result
    assert '"value1"' in student.result
    for line in ("Loading function", "value1 = value1", "bar", "START RequestId", "REPORT RequestId"):
        assert line in student.log
    assert "Init duration" in student.result and "Would cost on AWS" in student.result

    student.write(KEY4)
    student.page.wait_for_selector("text=Not saved")
    student.test()
    assert "KeyError" in student.result
    assert "lambda_function.py, line 3" in student.result
    assert "Did you mean key3?" in student.result
    expect(student.page.locator(".cm-errorLine")).to_have_text('    return event["key4"]')
    expect(student.page.get_by_text("All changes deployed")).to_be_visible()

    student.write(KEY4.replace("key4", "key2"))
    student.test()
    assert '"value2"' in student.result
    student.page.reload()
    student.wait_for_text(KEY4.replace("key4", "key2"))

    student.page.get_by_role("link", name="Logs", exact=True).click()
    student.page.wait_for_url("**/logs/")
    student.reload_until(lambda: student.page.locator("details.request").count() == 3)


def test_log_lines_arrive_while_the_function_runs(student):
    student.create("runs-long", "From scratch")
    student.write(WAITS)
    with student.new_result():
        student.page.keyboard.press("Control+Enter")
        student.page.wait_for_function(STEP_WHILE_RUNNING)
    assert '"done"' in student.result and "step 4" in student.log


def test_a_timeout_is_raised_and_run_again_by_one_button(student):
    student.create("too-slow", "From scratch")
    student.write(SLEEPS)
    student.test()
    assert "The function was stopped after its timeout of 3 s." in student.result
    with student.new_result():
        student.page.get_by_role("button", name="Raise the timeout to 15 s").click()
    assert '"awake"' in student.result
    student.sees("15 s", within="#facts")


def test_a_handler_of_another_name_is_one_button_away(student):
    student.create("other-name", "From scratch")
    student.write(OTHER_NAME)
    student.test()
    with student.new_result():
        student.page.get_by_role("button", name="Use lambda_function.handler").click()
    assert '"found"' in student.result


def test_quotes_from_a_slide_are_marked_while_typing_and_replaced_by_one_button(student):
    student.create("from-a-slide", "From scratch")
    student.write(CURLY)
    student.page.get_by_role("button", name="Replace all of them").click()
    student.wait_for_text(CURLY.replace("‘", "'").replace("’", "'"))
    student.test()
    assert "Execution result: succeeded" in student.result


def test_an_event_with_a_comment_is_marked_and_put_right(student):
    student.create("comment", "Hello world")
    student.write('{\n  "key1": "a", // first\n  "key2": "b",\n  "key3": "c"\n}', "#event-editor")
    student.page.wait_for_selector("#event-problem >> text=JSON has no comments")
    student.test()
    assert "Not run" in student.result
    student.page.get_by_role("button", name="Put it right").click()
    expect(student.page.locator("#event-problem")).to_be_hidden()
    student.test()
    assert '"a"' in student.result


def test_files_are_added_renamed_and_deleted(student):
    student.create("many-files", "From scratch")
    student.page.get_by_role("button", name="Add a file").click()
    student.page.get_by_label("Path in the package").fill("helper.py")
    student.page.get_by_role("button", name="Add", exact=True).click()
    student.write("ANSWER = 42\n", ".file:not([hidden]) code-editor")
    student.page.get_by_role("tab", name="lambda_function.py").click()
    student.write("import helper\n\n\ndef lambda_handler(event, context):\n    return helper.ANSWER\n")
    student.test()
    assert "42" in student.result
    student.page.get_by_role("tab", name="helper.py").click()
    student.page.get_by_label("This file", exact=True).click()
    student.page.get_by_role("button", name="Delete", exact=True).first.click()
    student.page.locator("#file-delete").get_by_role("button", name="Delete").click()
    student.page.keyboard.press("Control+s")
    student.page.wait_for_selector("[data-saved]:not([hidden])")
    student.page.reload()
    expect(student.page.get_by_role("tab")).to_have_count(1)


def test_an_event_is_saved_and_found_again(student):
    student.create("with-event", "Hello world")
    student.page.get_by_label("Test event", exact=True).first.select_option("sqs")
    student.page.wait_for_selector("#event-editor .cm-content >> text=19dd0b57-b21e-4ac1-bd88-01bbb068cb78")
    student.page.get_by_role("button", name="Save event").click()
    student.page.get_by_label("Name", exact=True).fill("from-queue")
    student.page.locator("#event-save").get_by_role("button", name="Save").click()
    student.page.wait_for_selector("#event-save:not([open])", state="attached")
    student.page.reload()
    expect(student.page.locator("#event-choice")).to_have_value("saved:from-queue")


def test_hostile_output_stays_text(student):
    student.create("hostile", "From scratch")
    student.write(HOSTILE)
    student.test()
    assert student.page.title().endswith("Pupitre")
    assert "</pre><script>" in student.result
    assert (
        student.page.locator("#log-lines script, #log-lines img, #log-lines div[hx-get], #result script").count() == 0
    )
    assert student.page.locator("#log-lines .l").count() <= 2200
    assert "line 4999" in student.log
    student.page.get_by_role("link", name="Open", exact=True).click()
    student.page.wait_for_selector("#log-text")
    log = student.page.locator("#log-text").text_content() or ""
    assert "<script>document.title" in log and "red and  plain" in log and "line 4999" in log
    student.page.goto(student.home)
    assert student.page.url == student.home  # still signed in


def test_the_same_function_answers_boto3(student, live):
    student.create("three-ways", "Hello world")
    student.test()
    answer = live.client("lambda").invoke(FunctionName="three-ways", Payload=b'{"key1": "a", "key2": "b", "key3": "c"}')
    assert answer["Payload"].read() == b'"a"'


def test_without_a_mouse(student):
    page = student.page
    page.goto(student.home)
    student.make_room("by-keyboard")
    page.keyboard.press("?")
    shortcuts = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(shortcuts).to_be_visible()
    assert student.accessibility() == []
    page.keyboard.press("Escape")
    expect(shortcuts).to_be_hidden()
    page.keyboard.press("c")
    page.wait_for_url(f"{student.home}functions/new/")
    expect(page.get_by_label("Function name")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("by-keyboard")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{student.home}functions/by-keyboard/")
    student.wait_for_editor()
    student.test()
    assert "Execution result: succeeded" in student.result
    page.locator(".pane-code .cm-content").focus()
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert not page.evaluate(
        "document.activeElement.closest('.cm-content') !== null && document.activeElement.closest('.pane-code') !== null"
    )


def test_on_a_phone(on_a_phone):
    on_a_phone.create("on-a-phone")
    assert not on_a_phone.overflows()
    button = on_a_phone.page.locator(".run-bar button")
    assert button.is_visible()
    box = button.bounding_box()
    assert box is not None and 0 <= box["y"] <= 844 - box["height"]
    with on_a_phone.new_result():
        button.click()
    expect(on_a_phone.page.locator("#result .result-bar")).to_be_in_viewport()
    assert not on_a_phone.overflows()
