"""A browser, and what is watched while a person uses it."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from tests.live import Live

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
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


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


def find_chromium() -> str | None:
    """The browser of this machine."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="session")
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

    def _note(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != f"127.0.0.1:{self.live.console_port}":
            self.elsewhere.append(url)

    def sign_in(self) -> None:
        self.page.goto(self.live.sign_in_link())
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(self.home)

    def create(self, name: str, blueprint: str = "Hello world") -> None:
        self.page.goto(f"{self.home}functions/new/")
        self.page.get_by_label("Function name").fill(name)
        self.page.get_by_label(blueprint).check()
        self.page.get_by_role("button", name="Create function").click()
        self.page.wait_for_url(f"{self.home}functions/{name}/")
        self.page.wait_for_selector(".pane-code code-editor[data-ready]")

    def write(self, text: str, editor: str = ".pane-code code-editor[data-ready]") -> None:
        """Paste over everything, as a student does with a slide."""
        self.page.locator(f"{editor} .cm-content").first.click()
        self.page.keyboard.press("Control+a")
        self.page.evaluate("text => navigator.clipboard.writeText(text)", text)
        self.page.keyboard.press("Control+v")

    def test(self) -> None:
        self.page.evaluate("document.querySelector('#result').dataset.old = '1'")
        self.page.keyboard.press("Control+Enter")
        self.wait_for_result()

    def wait_for_result(self) -> None:
        self.page.wait_for_selector(
            "#result:not([data-old]) .result-bar.ok, #result:not([data-old]) .result-bar.bad", timeout=60_000
        )

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

    def accessibility(self) -> list[str]:
        """What axe finds wrong, in words."""
        self.page.evaluate(AXE)
        found: Any = self.page.evaluate("tags => axe.run({runOnly: tags})", WCAG)
        return [
            f"{violation['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:300]}"
            for violation in found["violations"]
            for node in violation["nodes"]
        ]

    def overflows(self) -> bool:
        """Whether the page can be pushed sideways."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))

    def check(self) -> None:
        assert self.violations == []
        assert self.elsewhere == []
        assert self.errors == []


@pytest.fixture
def student(browser: Browser, live: Live) -> Iterator[Student]:
    """Signed in, and watched: no request leaves this host, no rule of the page's policy is broken, no script fails."""
    context = browser.new_context(
        viewport={"width": 1440, "height": 900},
        locale="en-GB",
        reduced_motion="reduce",
        permissions=["clipboard-read", "clipboard-write"],
    )
    page = context.new_page()
    page.set_default_timeout(20_000)
    person = Student(page, live)
    person.watch()
    person.sign_in()
    yield person
    person.check()
    context.close()


@pytest.fixture
def on_a_phone(student: Student) -> Student:
    student.page.set_viewport_size({"width": 390, "height": 844})
    return student
