"""Configuring, publishing and finding one's way, in a real browser against the whole product."""

import pytest
from playwright.sync_api import expect

from functions.zips import pack
from tests.journeys.conftest import EDITOR

pytestmark = [pytest.mark.browser, pytest.mark.live, pytest.mark.sandbox]

READS = """import os


def lambda_handler(event, context):
    return os.environ["TABLE"]
"""
USES_LAYER = """import greeting


def lambda_handler(event, context):
    return greeting.HELLO
"""
LAYER = pack({"python/greeting.py": b'HELLO = "hej from the layer"\n'})


def say(student, words: str) -> None:
    student.page.wait_for_selector(f"#toasts >> text={words}")


def save_code(student, name: str, code: str) -> None:
    student.open(name)
    student.write(code)
    student.test()


def test_a_variable_is_added_and_the_next_run_has_it(student):
    page = student.page
    student.create("has-variable", "From scratch")
    page.goto(f"{student.home}functions/has-variable/configuration/environment/")
    page.get_by_label("Name").first.fill("TABLE")
    page.get_by_label("Value").first.fill("orders")
    expect(page.locator("#env-used")).to_have_text("18")
    page.get_by_role("button", name="Save").click()
    say(student, "Saved.")
    save_code(student, "has-variable", READS)
    assert '"orders"' in student.result


def test_an_env_file_pasted_into_a_field_becomes_rows(student):
    page = student.page
    student.create("pasted-env", "From scratch")
    page.goto(f"{student.home}functions/pasted-env/configuration/environment/")
    page.get_by_label("Name").first.click()
    page.evaluate("navigator.clipboard.writeText('# local\\nTABLE=orders\\nSTAGE=\"test\"\\n')")
    page.keyboard.press("Control+v")
    page.wait_for_selector("text=2 variables are laid out below")
    expect(page.locator("#env-rows input").nth(2)).to_have_value("STAGE")
    page.get_by_role("button", name="Save").click()
    say(student, "Saved.")


def test_a_value_that_cannot_be_stays_typed_and_is_explained(student):
    page = student.page
    page.goto(f"{student.home}functions/hello-world/configuration/environment/")
    page.get_by_label("Name").first.fill("AWS_REGION")
    page.get_by_role("button", name="Save").click()
    page.wait_for_selector("text=reserved keys")
    expect(page.get_by_label("Name").first).to_have_value("AWS_REGION")
    assert student.accessibility() == []


def test_a_form_keeps_what_was_typed_when_the_session_ends_meanwhile(student):
    page = student.page
    student.create("typed-form", "From scratch")
    there = f"{student.home}functions/typed-form/configuration/environment/"
    page.goto(there)
    page.get_by_label("Name").first.fill("TABLE")
    page.get_by_label("Value").first.fill("orders")
    page.get_by_role("button", name="Add a variable").click()
    page.get_by_label("Name").nth(1).fill("STAGE")
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/login/**")

    student.sign_in()
    page.goto(there)
    student.sees("What you typed here before is back.", within="#section")
    expect(page.get_by_label("Value").first).to_have_value("orders")
    expect(page.get_by_label("Name").nth(1)).to_have_value("STAGE")
    assert student.accessibility() == []
    page.get_by_role("button", name="Save").click()
    say(student, "Saved.")
    page.goto(there)
    expect(page.get_by_label("Value").first).to_have_value("orders")
    expect(page.get_by_text("What you typed here before is back.")).to_have_count(0)


def test_two_versions_are_published_compared_and_share_an_alias(student):
    page = student.page
    student.create("published", "From scratch")
    for step in ("first", "second"):
        save_code(student, "published", f"def lambda_handler(event, context):\n    return '{step}'\n")
        page.goto(f"{student.home}functions/published/versions/#publish")
        page.get_by_label("Description").first.fill(step)
        page.get_by_role("button", name="Publish", exact=True).click()
        say(student, "Published version")
    page.get_by_role("link", name="Compare", exact=True).click()
    page.locator("#left").select_option("1")
    page.locator("#right").select_option("2")
    page.wait_for_selector("tr.in >> text=second")
    student.sees("first", within="tr.out")
    assert student.accessibility() == []
    page.get_by_role("link", name="All versions").click()
    page.get_by_label("Alias", exact=True).fill("live")
    page.locator("#id_version").select_option("1")
    page.locator("#id_other").select_option("2")
    page.locator("#id_percent").fill("25")
    page.get_by_role("button", name="Save alias").click()
    say(student, "live points at version 1")
    student.sees("75 %", within=".routes")
    student.sees("25 %", within=".routes")
    page.get_by_role("link", name="1", exact=True).click()
    page.get_by_role("link", name="lambda_function.py").click()
    student.sees("return 'first'", within=".file-text")


def test_a_layer_is_made_attached_and_used(student):
    page = student.page
    student.create("uses-layer", "From scratch")
    page.goto(f"{student.home}layers/new/?for=uses-layer")
    page.get_by_label("Layer name").fill("greeting")
    page.get_by_label("Upload a zip").check()
    page.get_by_label("Layer (.zip)").set_input_files(
        {"name": "greeting.zip", "mimeType": "application/zip", "buffer": LAYER}
    )
    page.get_by_role("button", name="Make the layer").click()
    say(student, "The layer is published.")
    page.goto(f"{student.home}functions/uses-layer/configuration/layers/")
    page.get_by_role("button", name="Attach").click()
    page.wait_for_selector("text=unpacked to /opt")
    save_code(student, "uses-layer", USES_LAYER)
    assert "hej from the layer" in student.result


def test_packages_that_cannot_be_had_are_explained_while_one_waits(student):
    page = student.page
    page.goto(f"{student.home}layers/new/")
    page.get_by_label("Layer name").fill("never")
    page.get_by_label("Python packages").last.fill("no-package-has-this-name-at-all")
    page.get_by_role("button", name="Make the layer").click()
    page.wait_for_selector("#build .result-bar")
    page.wait_for_selector("#build .result-bar.bad", timeout=240_000)
    student.sees("Try again", within="#build")
    assert student.accessibility() == []


def test_a_question_to_the_role_is_answered_in_place(student):
    page = student.page
    page.goto(f"{student.home}functions/hello-world/configuration/permissions/")
    page.locator("#id_action").fill("s3:GetObject")
    page.get_by_role("button", name="Ask").click()
    page.wait_for_selector("#answer >> text=Allowed by")
    page.locator("#id_action").fill("rds:CreateDBInstance")
    page.keyboard.press("Enter")
    page.wait_for_selector("#answer >> text=No policy of the role allows")
    assert student.accessibility() == []


def test_the_palette_goes_anywhere_by_keyboard_alone(student):
    page = student.page
    student.create("found-by-name", "From scratch")
    page.locator(f"{EDITOR} .cm-content").click()
    page.keyboard.press("Control+k")
    page.wait_for_selector("#palette-list [role=option][aria-selected=true]")
    assert student.accessibility() == []
    page.keyboard.type("found-by-name environ")
    page.wait_for_selector("#palette-list [aria-selected=true] >> text=Environment variables")
    page.keyboard.press("Enter")
    page.wait_for_url("**/found-by-name/configuration/environment/")
    page.keyboard.press("Control+k")
    page.wait_for_selector("#palette-list [role=option]")
    page.keyboard.type("dark")
    page.wait_for_selector("#palette-list [aria-selected=true] >> text=Dark")
    page.keyboard.press("Enter")
    page.wait_for_function("document.documentElement.dataset.theme === 'dark'")
    page.keyboard.press("Control+k")
    page.keyboard.type("no such thing anywhere")
    page.wait_for_selector("text=Nothing here has that in its name.")
    page.keyboard.press("Escape")
    expect(page.locator("dialog#palette")).to_be_hidden()


def test_a_function_is_throttled_and_tagged_without_a_mouse_on_a_phone(on_a_phone):
    student, page = on_a_phone, on_a_phone.page
    student.create("throttled", "From scratch")
    page.goto(f"{student.home}functions/throttled/configuration/concurrency/")
    page.get_by_role("button", name="Throttle").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Nothing can invoke this function")
    assert not student.overflows()
    page.goto(f"{student.home}functions/throttled/configuration/tags/")
    page.get_by_label("Name").first.focus()
    page.keyboard.type("course")
    page.keyboard.press("Tab")
    page.keyboard.type("cloud")
    page.keyboard.press("Enter")
    say(student, "Saved.")
