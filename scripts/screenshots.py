"""Take the console's screenshots into screenshots/: each scene in both themes, and on a telephone.

python scripts/screenshots.py                    starts the whole product for it, and stops it again
python scripts/screenshots.py --link URL         uses a running one, entered through this sign-in link
python scripts/screenshots.py --only function    the scenes with this in their name
"""

import argparse
import shutil
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from functions.zips import pack  # noqa: E402

OUT = ROOT / "screenshots"
ARGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZES = {"wide": (1440, 900), "phone": (390, 844)}
KEY_ERROR = """def lambda_handler(event, context):
    print("Received event:", event)
    name = event["key4"]
    return {"statusCode": 200, "body": name}
"""
TIMEOUT = """import time


def lambda_handler(event, context):
    for step in range(10):
        print("step", step, flush=True)
        time.sleep(0.8)
"""
NO_HANDLER = """def handler(event, context):
    return "hi"
"""
SYNTAX = """import json


def lambda_handler(event, context)
    return {"statusCode": 200}
"""
CURLY = """import boto3

client = boto3.client(‘lambda’)


def lambda_handler(event, context):
    return {"statusCode": 200}
"""
SLIDE = """import boto3
s3 client = boto3.client('s3')
                                                  Recebe o evento do S3
def lambda handler(event, context):
    print event
    return event['Records'][0]
"""
HELLO = """{
  "key1": "value1",
  "key2": "value2",
  "key3": "value3"
}"""
COMMENT = """{
  "key1": "value1", // this is the first
  "key2": "value2"
}"""


class Tour:
    """One browser page, signed in, and what there is to see."""

    def __init__(self, page: Page, link: str) -> None:
        self.page = page
        page.goto(link)
        page.locator("main button").click()
        page.wait_for_url("**/")
        self.home = page.url

    def open(self, path: str = "") -> None:
        self.page.goto(f"{self.home}{path}")

    def make(self, name: str, blueprint: str = "hello-world") -> None:
        self.open("functions/new/")
        self.page.fill("#id_name", name)
        self.page.check(f'input[name="start"][value="{blueprint}"]')
        self.page.click("#create button.primary")
        self.page.wait_for_url(f"**/functions/{name}/")

    def function(self, name: str, code: str = "", event: str = "") -> None:
        self.open(f"functions/{name}/")
        self.page.wait_for_selector(".pane-code code-editor[data-ready] .cm-content")
        if self.page.locator("#draft-drop").is_visible():  # what another scene left unsaved
            with self.page.expect_navigation():
                self.page.click("#draft-drop")
            self.page.wait_for_selector(".pane-code code-editor[data-ready] .cm-content")
        if code:
            self.type(".pane-code .cm-content", code)
        if code or event:
            self.type("#event-editor .cm-content", event or HELLO)

    def publish(self) -> None:
        """Two versions that differ, and an alias that shares between them."""
        for code in (KEY_ERROR, TIMEOUT):
            self.function("sum-two-numbers", code)
            self.page.click('[data-press="save"]')
            self.page.wait_for_selector("[data-saved]:not([hidden])")
            self.post("functions/sum-two-numbers/versions/", "publish/", description="As shown in the lecture")
        alias = {"alias": "live", "version": "1", "other": "2", "percent": "10", "description": "What the class calls"}
        self.post("functions/sum-two-numbers/versions/", "../aliases/save/", **alias)
        self.open("functions/sum-two-numbers/versions/")

    def make_layer(self) -> None:
        """One from a zip, and one of a package that no index has."""
        data = pack(
            {"python/greeting.py": b'HELLO = "hej"\n', "python/greeting-1.0.dist-info/METADATA": b"Name: greeting\n"}
        )
        self.open("layers/new/")
        self.page.fill("#id_name", "greeting")
        self.page.check('input[name="start"][value="upload"]')
        self.page.set_input_files("#id_zip", {"name": "greeting.zip", "mimeType": "application/zip", "buffer": data})
        self.page.click("#create button.primary")
        self.page.wait_for_url("**/layers/greeting/versions/1/")
        self.open("layers/new/")
        self.page.fill("#id_name", "libraries")
        self.page.fill("#id_packages", "no-package-has-this-name")
        self.page.click("#create button.primary")
        self.page.wait_for_selector("#build .result-bar.bad", timeout=120_000)

    def attach(self) -> None:
        self.open("functions/sum-two-numbers/configuration/layers/")
        self.page.click('button[value="add"]')
        self.page.wait_for_selector("text=/opt in this order")

    def palette(self) -> None:
        self.open("functions/sum-two-numbers/")
        self.page.keyboard.press("Control+k")
        self.page.wait_for_selector("#palette-list [role=option]")

    def post(self, page: str, address: str, **fields: str) -> None:
        """What a form of ``page`` would send, without its dialog."""
        self.open(page)
        token = self.page.locator("body").get_attribute("data-csrf") or ""
        self.page.request.post(
            f"{self.home}{page}{address}", form={**fields, "csrfmiddlewaretoken": token}, headers={"Referer": self.home}
        )

    def type(self, selector: str, text: str) -> None:
        self.page.evaluate(
            "([selector, text]) => { document.querySelector(selector).closest('code-editor').value = text; }",
            [selector, text],
        )

    def topic(self, name: str) -> None:
        """A topic that the function hears."""
        self.open("topics/")
        self.page.fill("#id_name", name)
        self.page.click("#create button.primary")
        self.page.wait_for_url(f"**/{name}/")
        self.page.select_option("#id_endpoint", label="sum-two-numbers")
        self.page.get_by_role("button", name="Subscribe").click()
        self.page.wait_for_selector("#subscribers td")

    def queue(self, name: str) -> None:
        """A queue with messages, some of them received."""
        self.open("queues/new/")
        self.page.fill("#id_name", name)
        self.page.click("#create button.primary")
        self.page.wait_for_url(f"**/queues/{name}/messages/")
        for number in range(3):
            self.post(f"queues/{name}/messages/", "send/", body=f'{{"order": {number}, "item": "<b>coffee</b>"}}')
        self.open(f"queues/{name}/messages/")
        self.page.locator("#received button").click()
        self.page.wait_for_selector(".message-body")

    def schedule(self, name: str) -> None:
        """A function that runs by the clock."""
        self.open("schedules/")
        self.page.fill("#id_name", name)
        self.page.select_option("#id_function", label="sum-two-numbers")
        self.page.fill("#id_expression", "cron(0 8 ? * MON-FRI *)")
        self.page.wait_for_selector("#next li, #next time")
        self.page.click("main .form-foot button.primary")
        self.page.wait_for_url(f"**/{name}/")

    def failed_event(self) -> None:
        """An event that failed and waits to be tried again."""
        self.function("sum-two-numbers", KEY_ERROR)
        self.page.get_by_label("Asynchronous").check()
        self.page.evaluate("document.querySelector('#run').click()")
        self.page.wait_for_selector("#result .result-bar.run")
        self.open("functions/sum-two-numbers/invocations/")
        self.page.locator("tbody a").first.click()
        self.page.wait_for_selector(".timeline li.pause")

    def test(self) -> None:
        self.page.evaluate("document.querySelector('#run').click()")
        self.page.wait_for_selector("#result .result-bar.ok, #result .result-bar.bad", timeout=60_000)


def scenes(tour: Tour) -> dict[str, Callable[[], None]]:
    """What each picture shows, in an order in which one makes the next."""

    def run(code: str = "", event: str = "") -> Callable[[], None]:
        def scene() -> None:
            tour.function("sum-two-numbers", code, event)
            tour.test()

        return scene

    def conflict() -> None:
        tour.function("sum-two-numbers", KEY_ERROR.replace("key4", "key2"))
        other = tour.page.context.new_page()
        other.goto(tour.page.url)
        other.wait_for_selector(".pane-code code-editor[data-ready]")
        other.evaluate("document.querySelector('.pane-code code-editor').value = 'x = 1\\n'")
        other.locator("[data-press=save]").click()
        other.wait_for_selector("[data-saved]:not([hidden])")
        other.close()
        tour.page.locator("[data-press=save]").click()
        tour.page.wait_for_selector("#conflict[open]")

    def later() -> None:
        tour.function("sum-two-numbers", KEY_ERROR)
        tour.page.get_by_label("Asynchronous").check()
        tour.page.evaluate("document.querySelector('#run').click()")
        tour.page.wait_for_selector("#result .result-bar")  # waiting, or failed already and waiting for its retry

    return {
        "list-empty": lambda: tour.open(),
        "create": lambda: tour.open("functions/new/"),
        "function": lambda: tour.make("sum-two-numbers") or run()(),
        "error-keyerror": run(KEY_ERROR),
        "error-timeout": run(TIMEOUT),
        "error-no-handler": run(NO_HANDLER),
        "error-syntax": run(SYNTAX),
        "error-event": run("", COMMENT),
        "lint-curly": lambda: (
            tour.function("sum-two-numbers", CURLY) or tour.page.wait_for_selector(".cm-lint-marker-error")
        ),
        "lint-slide": lambda: (
            tour.function("sum-two-numbers", SLIDE) or tour.page.wait_for_selector(".cm-lint-marker-error")
        ),
        "conflict": conflict,
        "asynchronous": later,
        "failed-event": tour.failed_event,
        "save-event": lambda: tour.function("sum-two-numbers") or tour.page.click("[data-dialog=event-save]"),
        "invocations": lambda: tour.open("functions/sum-two-numbers/invocations/"),
        "invocation": lambda: (
            tour.open("functions/sum-two-numbers/invocations/") or tour.page.locator("tbody a").first.click()
        ),
        "monitor": lambda: tour.open("functions/sum-two-numbers/monitor/"),
        "logs": lambda: tour.open("functions/sum-two-numbers/logs/"),
        "topic": lambda: tour.topic("orders"),
        "topics": lambda: tour.open("topics/"),
        "schedules-empty": lambda: tour.open("schedules/"),
        "schedule": lambda: tour.schedule("every-morning"),
        "schedules": lambda: tour.open("schedules/"),
        "events": lambda: tour.open("events/"),
        "queues-empty": lambda: tour.open("queues/"),
        "queue-new": lambda: tour.open("queues/new/"),
        "queue": lambda: tour.queue("deliveries"),
        "queues": lambda: tour.open("queues/"),
        **{
            f"queue-{page}": lambda page=page: tour.open(f"queues/deliveries/{page}/")
            for page in ("monitor", "configuration", "dead-letters", "access", "tags")
        },
        "log-groups": lambda: tour.open("logs/"),
        "log-group": lambda: tour.open("logs/group/?name=/aws/lambda/sum-two-numbers"),
        "log-live": lambda: tour.open("logs/group/?name=/aws/lambda/sum-two-numbers&view=live"),
        "configuration": lambda: tour.open("functions/sum-two-numbers/configuration/general/"),
        "environment": lambda: tour.open("functions/sum-two-numbers/configuration/environment/"),
        **{
            f"configuration-{section}": lambda section=section: tour.open(
                f"functions/sum-two-numbers/configuration/{section}/"
            )
            for section in ("triggers", "permissions", "asynchronous", "concurrency", "layers", "tags")
        },
        "permissions-asked": lambda: tour.open(
            "functions/sum-two-numbers/configuration/permissions/?action=rds:CreateDBInstance&on=*"
        ),
        "versions-empty": lambda: tour.open("functions/sum-two-numbers/versions/"),
        "versions": tour.publish,
        "version": lambda: tour.open("functions/sum-two-numbers/versions/1/?file=lambda_function.py"),
        "compare": lambda: tour.open("functions/sum-two-numbers/versions/compare/?left=1&right=2"),
        "layers-empty": lambda: tour.open("layers/"),
        "layer-new": lambda: tour.open("layers/new/"),
        "layer-build": tour.make_layer,
        "layers": lambda: tour.open("layers/"),
        "layer": lambda: tour.open("layers/greeting/versions/"),
        "layer-version": lambda: tour.open("layers/greeting/versions/1/?file=python/greeting.py"),
        "configuration-attached": tour.attach,
        "palette": tour.palette,
        "account": lambda: tour.open("account/"),
        "connect": lambda: tour.open("connect/"),
        "list": lambda: tour.open(),
        "not-found": lambda: tour.open("functions/nothing/"),
        "login": lambda: tour.page.context.clear_cookies(name="sessionid") or tour.page.goto(tour.home),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Take the console's screenshots.")
    parser.add_argument("--link", default="", help="sign-in link of a running instance")
    parser.add_argument("--only", default="", help="part of a scene's name")
    given = parser.parse_args()
    OUT.mkdir(exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("There is no Chromium on this machine: apt-get install chromium")
    with ExitStack() as stack:
        link = given.link or _start(stack)
        browser = stack.enter_context(sync_playwright()).chromium.launch(executable_path=chromium, args=ARGS)
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        tour = Tour(page, link)
        failed = [name for name, scene in scenes(tour).items() if given.only in name and not took(page, name, scene)]
        browser.close()
    if failed:
        raise SystemExit(f"Not taken: {', '.join(failed)}")


def _start(stack: ExitStack) -> str:
    from tests.live import Live

    return stack.enter_context(Live()).printed.sign_in_link


def took(page: Page, name: str, scene: Callable[[], None]) -> bool:
    """Whether there is a picture; the others are taken all the same."""
    try:
        scene()
        take(page, name)
    except PlaywrightError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return False
    return True


def take(page: Page, name: str) -> None:
    """The same moment in both themes and both sizes."""
    page.wait_for_timeout(600)
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        for theme in ("light", "dark"):
            page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
            page.wait_for_timeout(150)
            page.screenshot(path=OUT / f"{name}-{size}-{theme}.png", full_page=size == "phone")
    page.set_viewport_size({"width": 1440, "height": 900})
    print(name, flush=True)


if __name__ == "__main__":
    main()
