"""A browser, and what is watched while a person uses it."""

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from tests.journeys import belongings
from tests.labs.hands import Boto3
from tests.live import Live

PATIENCE_MS = 90_000  # a machine that does much else at the same time is slow, not broken
EDITOR = ".pane-code .file:not([hidden]) code-editor[data-ready]"
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
READS = "def lambda_handler(event, context):\n    print('GOT', event)\n    return 'fine'\n"
OF_COLOURS = ["color-contrast", "link-in-text-block"]
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


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """Not for the whole run: as long as it is there, no other test of its process can have an event loop."""
    with sync_playwright() as running:
        yield running


def find_chromium() -> str | None:
    """The browser of this machine."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="package")
def browser(playwright: Playwright) -> Iterator[Browser]:
    chromium = find_chromium()
    if chromium is None:
        pytest.skip("There is no Chromium on this machine: apt-get install chromium")
    running = playwright.chromium.launch(executable_path=chromium, args=ARGS)
    yield running
    running.close()


@dataclass
class Student:
    """Somebody with a browser. ``check`` fails on what a person would not see but must not be there."""

    page: Page
    live: Live
    violations: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def home(self) -> str:
        return f"{self.live.console}/teacher/"

    def watch(self) -> None:
        self.page.add_init_script(
            "document.addEventListener('securitypolicyviolation', e => console.error('CSP ' + e.violatedDirective + ' ' + e.sourceFile + ':' + e.lineNumber + ' ' + (e.target.outerHTML ?? '').slice(0, 200)))"
        )
        self.page.on("console", lambda said: self.violations.append(said.text) if "CSP " in said.text else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self._note(request.url))

    def forget(self) -> None:
        """What was wrong until now is not wrong with what comes next."""
        for found in (self.violations, self.elsewhere, self.errors):
            found.clear()

    def _note(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != f"127.0.0.1:{self.live.console_port}":
            self.elsewhere.append(url)

    def sign_in(self) -> None:
        self.page.goto(self.live.sign_in_link())
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(self.home)

    def make_room(self, name: str) -> None:
        """There is no function of this name, nor its log: neither from another test nor from a first try of this one."""
        with suppress(ClientError):
            self.live.client("lambda").delete_function(FunctionName=name)
        with suppress(ClientError):
            self.live.client("logs").delete_log_group(logGroupName=f"/aws/lambda/{name}")

    def create(self, name: str, blueprint: str = "Hello world") -> None:
        self.make_room(name)
        self.page.goto(f"{self.home}functions/new/")
        self.page.get_by_label("Function name").fill(name)
        self.page.get_by_label(blueprint).check()
        self.page.get_by_role("button", name="Create function").click()
        self.page.wait_for_url(f"{self.home}functions/{name}/")
        self.wait_for_editor()

    def open(self, name: str) -> None:
        """A function's page, ready to be typed into."""
        self.page.goto(f"{self.home}functions/{name}/")
        self.wait_for_editor()

    def wait_for_editor(self) -> None:
        self.page.wait_for_selector(EDITOR)

    def write(self, text: str, editor: str = EDITOR) -> None:
        """Paste over everything, as a student does with a slide."""
        self.page.locator(f"{editor} .cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.evaluate("text => navigator.clipboard.writeText(text)", text)
        self.page.keyboard.press("Control+v")
        self.wait_for_text(text, editor)

    def wait_for_text(self, text: str, editor: str = EDITOR) -> None:
        """The editor has just this in it."""
        self.page.wait_for_function(
            "([editor, text]) => document.querySelector(editor)?.value === text", arg=[editor, text]
        )

    def test(self) -> None:
        with self.new_result():
            self.page.keyboard.press("Control+Enter")

    @contextmanager
    def new_result(self) -> Iterator[None]:
        """Whatever is done within leads to a result, which is there at the end; the one before does not count."""
        self.page.evaluate("document.querySelector('#result').dataset.old = '1'")
        yield
        self.page.wait_for_selector("#result:not([data-old]) .result-bar:is(.ok, .bad)")

    def sees(self, words: str, *, within: str = "body") -> None:
        """These words come to be there, if they are not yet."""
        expect(self.page.locator(within).first).to_contain_text(words)

    def reload_until(self, holds: Callable[[], bool]) -> None:
        """For what the worker stores a moment after it has answered: load the page again, as a person would."""
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while not holds():
            assert time.monotonic() < deadline, self.page.locator("main").inner_text()
            self.page.reload()

    @property
    def result(self) -> str:
        return self.page.locator("#result").inner_text()

    @property
    def log(self) -> str:
        return self.page.locator("#log-lines").inner_text()

    def set_theme(self, theme: str) -> None:
        self.page.evaluate(
            """theme => { document.documentElement.dataset.theme = theme;
            return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))) }""",
            theme,
        )

    def accessibility(self, rules: Sequence[str] = WCAG) -> list[str]:
        """What axe finds wrong by these tags or rules, in words."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE)
        look = "async rules => (await axe.run({runOnly: rules, resultTypes: ['violations']})).violations"
        found: Any = self.page.evaluate(look, rules)
        return [
            f"{violation['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:300]}"
            for violation in found
            for node in violation["nodes"]
        ]

    def accessibility_in_both_themes(self) -> list[str]:
        """All of it in the light one; in the dark one what depends on colours, which is all that differs."""
        found = []
        for theme, rules in (("light", WCAG), ("dark", OF_COLOURS)):
            self.set_theme(theme)
            found += [f"{theme}: {violation}" for violation in self.accessibility(rules)]
        return found

    def overflows(self) -> bool:
        """Whether the page can be pushed sideways."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))

    def seen(self) -> str:
        """What was on screen, for the report of a test that failed."""
        try:
            words = self.page.locator("body").inner_text(timeout=5_000)
        except PlaywrightError as error:
            words = str(error)
        found = {"violations": self.violations, "elsewhere": self.elsewhere, "errors": self.errors}
        return f"{self.page.url}\n{found}\n{words[:4000]}"

    def check(self) -> None:
        assert self.violations == []
        assert self.elsewhere == []
        assert self.errors == []


@pytest.fixture(scope="package")
def once() -> Callable[[str, Live, Callable[[], Any]], Any]:
    """Something that is made once for a product: anew only when that began again with nothing in it."""
    kept: dict[tuple[str, str], Any] = {}

    def make_or_take(what: str, live: Live, make: Callable[[], Any]) -> Any:
        key = (what, live.secret_access_key)
        if key not in kept:
            kept[key] = make()
        return kept[key]

    return make_or_take


@pytest.fixture
def signed_in(browser: Browser, live: Live, once: Callable[..., Any]) -> Any:
    """What a browser keeps of somebody who has signed in."""

    def sign_in() -> Any:
        context = new_context(browser)
        Student(context.new_page(), live).sign_in()
        state = context.storage_state()
        context.close()
        return state

    return once("signed in", live, sign_in)


def new_context(browser: Browser, **options: Any) -> BrowserContext:
    """Somebody's browser, with nothing of anybody else in it."""
    expect.set_options(timeout=PATIENCE_MS)
    context = browser.new_context(
        viewport={"width": 1440, "height": 900},
        locale="en-GB",
        reduced_motion="reduce",
        permissions=["clipboard-read", "clipboard-write"],
        **options,
    )
    context.set_default_timeout(PATIENCE_MS)
    return context


@pytest.fixture
def student(browser: Browser, live: Live, signed_in: Any) -> Iterator[Student]:
    """Signed in, and watched: no request leaves this host, no rule of the page's policy is broken, no script fails."""
    context = new_context(browser, storage_state=signed_in)
    person = Student(context.new_page(), live)
    person.watch()
    person.page.goto(person.home)
    try:
        yield person
        person.check()
    finally:
        context.close()


@pytest.fixture
def function(student: Student) -> Callable[..., str]:
    """``function("name", code, timeout=3)``: there already, so that a journey is about what runs it."""

    def make(name: str, code: str = READS, timeout: int = 3) -> str:
        student.make_room(name)
        Boto3(student.live).create_function(name, code, timeout=timeout)
        return name

    return make


@pytest.fixture
def left_as_found(live: Live) -> Iterator[None]:
    """For journeys whose functions and queues have the names that the lectures give them: labs by client have them, too."""
    before = belongings.found(live)
    yield
    belongings.remove_what_came(live, before)


@pytest.fixture
def teacher_moves_the_clock(live: Live) -> Iterator[Callable[[str], str]]:
    """``teacher_moves_the_clock("60s")``: on, for the class; it shows real time again when the journey is over."""
    yield lambda by: live.manage("clock", "teacher", "--forward", by)
    live.manage("clock", "teacher", "--real")


@pytest.fixture
def on_a_phone(student: Student) -> Student:
    student.page.set_viewport_size({"width": 390, "height": 844})
    return student


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """A journey that fails says where it had come to."""
    report: Any = yield
    people = [one for one in getattr(item, "funcargs", {}).values() if isinstance(one, Student)]
    if report.when == "call" and report.failed and people:
        report.sections.append(("on screen", people[0].seen()))
    return report
