"""Writing and testing in a real browser: nothing typed is lost, and every mistake has its button."""

import json
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import EDITOR
from tests.live import ROOT, eventually, free_port

pytestmark = [pytest.mark.browser, pytest.mark.live, pytest.mark.sandbox]

HANDLER = "def lambda_handler(event, context):\n    {}\n"
RUNS_LONG = """import time


def lambda_handler(event, context):
    for step in range(8):
        print("step", step, flush=True)
        time.sleep(0.5)
    return "done"
"""
EATS = """def lambda_handler(event, context):
    eaten = b"x" * (150 * 1024 * 1024)
    return len(eaten)
"""
LISTS = """import boto3

client = boto3.client("lambda")


def lambda_handler(event, context):
    return len(client.list_functions()["Functions"])
"""
CODE = ".pane-code .file:not([hidden]) .cm-content"


def press(student, name):
    """A button of the result that runs the test again."""
    with student.new_result():
        student.page.locator("#result").get_by_role("button", name=name).click()


def save(student):
    """With the keyboard; the page then says that it is saved."""
    student.page.wait_for_selector("[data-unsaved]:not([hidden])")
    student.page.keyboard.press("Control+s")
    student.page.wait_for_selector("[data-saved]:not([hidden])")


def unsaved(student):
    student.page.wait_for_selector("[data-unsaved]:not([hidden])")


def test_the_first_thing_there_is_runs_and_its_curl_command_does_the_same(student, live):
    student.page.get_by_role("link", name="hello-world", exact=True).click()
    student.wait_for_editor()
    student.test()
    assert '"value1"' in student.result
    if shutil.which("curl") is None:
        pytest.skip("There is no curl on this machine: apt-get install curl")
    command = student.page.locator("#result").get_by_role("button", name="curl").get_attribute("data-text")
    environment = live.client_environment()
    answer = subprocess.run(command, shell=True, env=environment, capture_output=True, text=True)
    assert json.loads(answer.stdout) == "value1", answer


def test_a_blueprint_brings_its_language_and_its_event(student):
    student.create("streams", "Stream an answer")
    student.sees("Node.js", within="#facts")
    student.create("sums", "Sum two numbers from a queue")
    student.test()
    assert "5" in student.result and "2 + 3 = 5" in student.log


def test_mistakes_are_mended_by_their_buttons(student):
    student.create("mistakes", "From scratch")
    student.write("def lambda_handler(event, context)\n    return event['key4']\n")
    student.test()
    assert "Runtime.UserCodeSyntaxError" in student.result
    press(student, "Add the colon")
    assert "KeyError" in student.result
    press(student, "Write key")
    assert "Execution result: succeeded" in student.result
    student.page.locator(CODE).click()
    student.page.keyboard.press("Control+z")
    expect(student.page.locator(CODE)).to_contain_text("key4")
    student.write(EATS)
    student.test()
    assert "Runtime.OutOfMemory" in student.result
    press(student, "Raise the memory to 256 MB")
    assert "Execution result: succeeded" in student.result


def test_each_of_several_problems_can_be_looked_at(student, function):
    student.open(function("several", HANDLER.format("return ‘a’")))
    problem = student.page.locator("#code-problem")
    expect(problem).to_contain_text("1/2")
    problem.get_by_role("button", name="Next problem").click()
    expect(problem).to_contain_text("2/2")


def test_the_keys_of_the_chosen_event_and_the_context_are_offered_while_typing(student):
    student.create("offered", "From scratch")
    student.write('{"Records": [{"body": "hello"}]}', editor="#event-editor")
    student.write("def lambda_handler(event, context):\n    ")
    offered = student.page.locator(".cm-tooltip-autocomplete [role=option]")
    for typed, key in (('return event["', "Records"), ('[0]["', "body"), (", context.aws_re", "aws_request_id")):
        student.page.keyboard.type(typed)
        expect(offered).to_have_text([re.compile(key)])
        offered.click()  # Enter counts only when the list has been there for a moment
        student.page.keyboard.press("End")
    expect(student.page.locator(CODE)).to_contain_text('return event["Records"][0]["body"], context.aws_request_id')


def test_a_permission_that_is_missing_is_added_by_a_button(student, live):
    student.create("may-not", "From scratch")
    live.client("lambda").update_function_configuration(
        FunctionName="may-not", Role="arn:aws:iam::000000000000:role/AWSLambdaBasicWithS3ReadOnly", Timeout=30
    )
    student.page.reload()
    student.wait_for_editor()
    student.write(LISTS)
    student.test()
    assert "AccessDenied" in student.result
    press(student, "Add this permission: lambda:ListFunctions")
    assert "Execution result: succeeded" in student.result


def test_the_second_of_two_tabs_is_told_and_chooses(student):
    student.create("two-tabs", "From scratch")
    first = student.page
    second = first.context.new_page()
    second.goto(first.url)
    second.wait_for_selector(EDITOR)
    student.write(HANDLER.format('return "first"'))
    save(student)

    student.page = second
    student.write(HANDLER.format('return "second"'))
    second.keyboard.press("Control+s")
    second.wait_for_selector("#conflict[open]")
    differences = second.locator("#conflict").inner_text()
    assert '+    return "second"' in differences and '-    return "first"' in differences
    assert student.accessibility() == []
    second.get_by_role("button", name="Take the other version").click()
    student.wait_for_text(HANDLER.format('return "first"'))
    second.locator(CODE).click()
    second.keyboard.press("Control+z")
    student.wait_for_text(HANDLER.format('return "second"'))
    save(student)

    student.page = first
    student.write(HANDLER.format('return "third"'))
    with student.new_result():
        first.keyboard.press("Control+Enter")
        first.wait_for_selector("#conflict[open]")
        first.get_by_role("button", name="Keep mine").click()
    assert '"third"' in student.result
    second.close()


def test_what_is_typed_outlives_the_session_and_a_reload(student, live):
    student.create("typed", "From scratch")
    page, there = student.page, student.page.url
    student.write(HANDLER.format('return "typed"'))
    unsaved(student)
    page.context.clear_cookies(name="sessionid")
    page.keyboard.press("Control+s")
    page.wait_for_url("**/login/**")
    page.goto(live.sign_in_link())
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(student.home)
    page.goto(there)
    student.wait_for_editor()
    student.wait_for_text(HANDLER.format('return "typed"'))
    unsaved(student)
    page.reload()
    page.wait_for_selector("#draft-note:not([hidden])")
    assert student.accessibility() == []
    student.test()
    assert '"typed"' in student.result
    page.reload()
    student.wait_for_editor()
    assert page.locator("#draft-note").is_hidden()
    student.sees('"typed"', within="#result")  # the last run is there again


def test_two_tabs_keep_what_is_typed_in_each_and_a_closed_one_s_is_found_again(student):
    student.create("two-drafts", "From scratch")
    first = student.page
    second = first.context.new_page()
    second.goto(first.url)
    second.wait_for_selector(EDITOR)
    for page, word in ((first, "first"), (second, "second")):
        student.page = page
        student.write(HANDLER.format(f'return "{word}"'))
        unsaved(student)
    for page, word in ((first, "first"), (second, "second")):
        student.page = page
        page.reload()
        student.wait_for_text(HANDLER.format(f'return "{word}"'))
    student.page = first
    save(student)
    second.close()
    first.reload()
    student.wait_for_text(HANDLER.format('return "second"'))
    first.wait_for_selector("#draft-note:not([hidden])")


def test_a_test_goes_on_through_a_reload_and_in_another_console_process(student, live):
    student.create("goes-on", "From scratch")
    live.client("lambda").update_function_configuration(FunctionName="goes-on", Timeout=60)
    port = free_port()
    command = (sys.executable, "-m", "uvicorn", "--port", str(port), "--log-level", "warning", "console.asgi:console")
    other = subprocess.Popen(command, cwd=ROOT, env=live.environment | {"PUPITRE_CONSOLE_PORT": str(port)})
    try:
        eventually(lambda: answers(port), bool, every_s=0.3)
        student.page.reload()
        student.wait_for_editor()
        student.write(RUNS_LONG)
        student.page.keyboard.press("Control+Enter")
        student.page.wait_for_selector("#log-lines >> text=step 0")
        here = student.page.url
        beside = student.page.context.new_page()
        beside.goto(here.replace(f":{live.console_port}/", f":{port}/"))
        student.page.reload()
        for page in (beside, student.page):
            page.wait_for_selector("#result .result-bar.ok")
            expect(page.locator("#log-lines")).to_contain_text("step 0")
            expect(page.locator("#log-lines >> text=step 7")).to_have_count(1)
            expect(page.locator("#result")).to_contain_text('"done"')
        beside.close()
    finally:
        other.terminate()
        other.wait()


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_health") as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def test_an_asynchronous_test_is_accepted_and_followed_to_its_end(student):
    student.create("later", "Hello world")
    student.page.get_by_label("Asynchronous").check()
    student.test()
    assert "accepted with 202, executed 1 time" in student.result
    assert "value1 = value1" in student.log and "REPORT RequestId" in student.log


def test_files_are_uploaded_and_shared_events_are_marked(student):
    student.create("uploads", "From scratch")
    page = student.page
    page.locator("#file-upload").set_input_files(
        [
            {"name": "helper.py", "mimeType": "text/x-python", "buffer": b"ANSWER = 42\n"},
            {"name": "logo.png", "mimeType": "image/png", "buffer": b"\x89PNG\0\xff"},
        ]
    )
    page.wait_for_selector("[role=tab] >> text=logo.png")
    page.get_by_role("tab", name="lambda_function.py").click()
    student.write("import helper\n\n\ndef lambda_handler(event, context):\n    return helper.ANSWER\n")
    student.test()
    assert "42" in student.result
    page.get_by_role("button", name="Save event").click()
    page.get_by_label("Name", exact=True).fill("for-all")
    page.get_by_text("Shareable").click()
    page.locator("#event-save").get_by_role("button", name="Save").click()
    page.wait_for_selector('#event-choice option[value="shared:for-all"]', state="attached")
    page.reload()
    expect(page.get_by_role("tab", name="logo.png")).to_have_count(1)
    assert student.accessibility() == []


def test_what_is_typed_before_the_editor_has_come_is_in_it(student):
    student.create("early")
    came = []
    student.page.route("**/console/editor*.js", lambda route: came.append(route))
    student.page.reload(wait_until="commit")
    student.page.locator(".pane-code textarea").press("Control+Home")
    student.page.keyboard.type("# early\n")
    for route in came:
        route.continue_()
    student.wait_for_editor()
    student.page.keyboard.type("# late\n")
    student.page.wait_for_function(
        "editor => document.querySelector(editor).value.startsWith('# early\\n# late\\n')", arg=EDITOR
    )
    unsaved(student)


def test_tabs_are_changed_on_the_same_page_and_lose_nothing(student):
    page = student.page
    student.create("tabbed")
    page.evaluate("() => { window.isSame = true; }")
    page.locator(CODE).click()
    page.keyboard.press("Control+Home")
    page.keyboard.type("# not saved\n")
    unsaved(student)
    for name in ("Logs", "Configuration", "Versions and aliases", "Monitor", "Invocations"):
        page.get_by_role("link", name=name, exact=True).first.click()
        expect(page.locator("nav.tabs [aria-current]")).to_have_text(name)
        expect(page).to_have_title(f"tabbed: {name} · Pupitre")
    page.go_back()
    expect(page).to_have_title("tabbed: Monitor · Pupitre")
    page.get_by_role("link", name="Code", exact=True).first.click()
    student.wait_for_editor()
    student.sees("Unsaved changes of yours are back on screen.")
    page.wait_for_function("editor => document.querySelector(editor).value.startsWith('# not saved\\n')", arg=EDITOR)
    student.test()
    student.sees("Execution result: succeeded", within="#result")
    assert page.evaluate("() => window.isSame")
