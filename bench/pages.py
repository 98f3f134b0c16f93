"""The console as a person at a browser has it: what its pages weigh, and how long they take."""

import http.cookiejar
import re
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from bench import product
from bench.load import percentile
from bench.processes import Process, spent, spent_on_each
from bench.table import Row, Target, at_most
from tests.journeys.conftest import ARGS, find_chromium
from tests.labs.hands import Boto3
from tests.live import Live

PAGE = "a-page"  # the first in the list, however many the bench has made before
ROUNDS = 7
STUDENTS = 30
CODE = "def lambda_handler(event, context):\n    print('step', {number})\n    return {number}\n"
WIDE = {"width": 1440, "height": 900}
TABS = {"Logs": "/logs/", "Configuration": "/configuration/", "Versions and aliases": "/versions/"}
WATCH = """(() => {
  const now = () => performance.timeOrigin + performance.now();
  const seen = window.seen = { painted: 0, ready: 0, shift: 0, busy: 0 };
  const watch = (type, take) => new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true });
  watch("paint", (entry) => { seen.painted = performance.timeOrigin + entry.startTime; });
  watch("layout-shift", (entry) => { if (!entry.hadRecentInput) seen.shift += entry.value; });
  watch("longtask", (entry) => { seen.busy = Math.max(seen.busy, entry.duration); });
  let editor = null;
  new MutationObserver(() => {
    const found = document.querySelector(".pane-code code-editor");
    if (found && found !== editor && seen.painted) requestAnimationFrame(() => setTimeout(() => { seen.painted = now(); }));
    editor = found;
    if (!seen.ready && found?.matches("[data-ready]")) seen.ready = now();
  }).observe(document, { subtree: true, attributes: true, childList: true });
  addEventListener("click", () => {
    sessionStorage.clicked = now();
    seen.ready = 0;
  }, true);
})();"""
PARTS: dict[str, Callable[[Process], bool]] = {
    "console": lambda process: process.name == "console",
    **{name: product.PARTS[name] for name in ("worker", "sandboxes", "redis")},
}
CLICKED = "sessionStorage.clicked"
EDITOR = ".pane-code code-editor[data-ready]"
ENDED = "#result .result-bar.ok, #result .result-bar.bad"


def pages(live: Live) -> Iterator[Row]:
    """Weights and times of the console, medians of some rounds; and thirty students who press Test together."""
    chromium = find_chromium()
    if chromium is None:
        yield Row("the console's pages", "not measured: there is no Chromium")
        return
    Boto3(live).create_function(PAGE, CODE.format(number=0))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGS)
        state = _sign_in(browser, live)
        yield from _weights(browser, state, live)
        yield from _times(browser, state, live)
        browser.close()
    yield from _together(live)


def _sign_in(browser: Browser, live: Live) -> object:
    context = browser.new_context()
    page = context.new_page()
    page.goto(live.sign_in_link())
    page.locator("main button").first.click()
    page.wait_for_url("**/teacher/")
    return context.storage_state()


def _weights(browser: Browser, state: object, live: Live) -> Iterator[Row]:
    shifts, busy = [0.0], [0.0]
    for label, path, limit in (("list", "", 90), ("function", f"functions/{PAGE}/", 250)):
        first, again = [], []
        for _ in range(ROUNDS):
            context = browser.new_context(storage_state=state, viewport=WIDE)  # type: ignore[arg-type]
            context.add_init_script(WATCH)
            page = context.new_page()
            first.append(_load(page, lambda page, path=path: page.goto(f"{live.console}/teacher/{path}")))
            page.goto(f"{live.console}/teacher/{'layers/' if label == 'list' else ''}")
            page.wait_for_load_state("networkidle")  # somebody looks at the list for half a second
            link = page.locator(f'a[href="/teacher/{path}"]').first
            again.append(_load(page, lambda page, link=link: link.click(), CLICKED))
            context.close()
        shifts += [load.shift for load in first + again]
        busy += [load.busy for load in first + again]
        cold, warm = (percentile([load.weight for load in loads], 50) for loads in (first, again))
        yield Row(f"page weight, {label}", f"{cold:.0f} kB", *at_most(cold, limit, limit, "kB"))
        yield Row(f"page weight, {label}, seen before", f"{warm:.1f} kB", *at_most(warm, None, 15, "kB"))
    for what, read, bar in (
        ("can be typed into", lambda load: load.painted, 500),
        ("has all it does", lambda load: load.ready, None),
    ):
        cold, warm = (percentile([read(load) for load in loads], 50) for loads in (first, again))
        yield Row(f"the editor {what}", f"{cold:.0f} ms", *at_most(cold, bar, 500, "ms"))
        yield Row(f"the editor {what}, seen before", f"{warm:.0f} ms", *at_most(warm, None, 150, "ms"))
    yield Row("layout shift while a page loads, the worst", f"{max(shifts):.3f}", *at_most(max(shifts), None, 0.02, ""))
    yield Row("the longest task of the browser while a page loads", f"{max(busy):.0f} ms")


@dataclass(frozen=True, slots=True)
class Load:
    """One page that was loaded: kilobytes, milliseconds since its address was asked for or its link pressed, and how calm it was."""

    weight: float
    painted: float
    ready: float
    shift: float
    busy: float


def _load(page: Page, go: Callable[[Page], object], begun: str = "performance.timeOrigin") -> Load:
    session: CDPSession = page.context.new_cdp_session(page)
    session.send("Network.enable")
    received = [0.0]
    session.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    before = page.url
    go(page)
    page.wait_for_url(lambda url: url != before)
    page.wait_for_load_state("networkidle")
    if "/functions/" in page.url:
        page.wait_for_selector(EDITOR)
    seen, since = page.evaluate(f"() => [window.seen, Number({begun})]")
    session.detach()
    return Load(sum(received) / 1000, seen["painted"] - since, seen["ready"] - since, seen["shift"], seen["busy"])


def _times(browser: Browser, state: object, live: Live) -> Iterator[Row]:
    context = browser.new_context(storage_state=state, viewport=WIDE)  # type: ignore[arg-type]
    context.add_init_script(WATCH)
    page = context.new_page()
    page.goto(f"{live.console}/teacher/functions/{PAGE}/")
    page.wait_for_selector(EDITOR)
    edited = [_press(page, number, ENDED) for number in range(1, ROUNDS * 2 + 1)]
    p50 = percentile(edited, 50)
    shown = f"p50 {p50:.0f} ms, p95 {percentile(edited, 95):.0f}"
    yield Row("edited code to its result, in the browser", shown, *at_most(p50, 400, 400, "ms", "p50"))
    again = [_press(page, None, ENDED) for _ in range(ROUNDS * 2)]
    p50 = percentile(again, 50)
    shown = f"p50 {p50:.0f} ms, p95 {percentile(again, 95):.0f}"
    yield Row("the same code again to its result", shown, *at_most(p50, 100, 100, "ms", "p50"))
    lines = [_press(page, None, "#log-lines .l") for _ in range(ROUNDS)]
    p50 = percentile(lines, 50)
    yield Row("pressing Test to the first log line", f"p50 {p50:.0f} ms", *at_most(p50, 150, 150, "ms", "p50"))
    tabs = [_go(page, name) for _ in range(ROUNDS) for name in ("Logs", "Configuration", "Versions and aliases")]
    p95 = percentile(tabs, 95)
    shown = f"p50 {percentile(tabs, 50):.0f} ms, p95 {p95:.0f}"
    yield Row("from tab to tab", shown, *at_most(p95, None, 100, "ms", "p95"))
    context.close()


def _press(page: Page, number: int | None, until: str) -> float:
    """Milliseconds from pressing Test until something can be seen; with other code before, when there is a number."""
    if number is not None:
        page.evaluate(
            "text => { document.querySelector('.pane-code code-editor').value = text; }", CODE.format(number=number)
        )
    page.evaluate(
        "() => { document.querySelector('#log-lines').replaceChildren();"
        " document.querySelector('#result').replaceChildren(); }"
    )
    page.locator("#run").click()
    took = _since_click(page, until)
    page.wait_for_selector(ENDED)
    return took


def _go(page: Page, name: str) -> float:
    page.get_by_role("link", name=name, exact=True).first.click()
    return _since_click(page, f'nav.tabs a[aria-current="page"][href*="{TABS[name]}"]')


def _since_click(page: Page, until: str) -> float:
    """Milliseconds from the click to the frame that shows it, by the browser's own clock."""
    shown = page.wait_for_function(
        "until => document.querySelector(until)?.getClientRects().length && performance.timeOrigin + performance.now()",
        arg=until,
    )
    return float(shown.json_value()) - float(page.evaluate("() => Number(sessionStorage.clicked)"))


# -- thirty at once --------------------------------------------------------------------------------


class Student:
    """Somebody signed in, without a browser: what a browser sends when Test is pressed, and what it reads."""

    def __init__(self, live: Live, name: str, cookies: http.cookiejar.CookieJar) -> None:
        self.live, self.path = live, f"/teacher/functions/{name}/"
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(cookies))
        if not cookies:
            link = urllib.parse.urlsplit(live.sign_in_link()).path
            self.ask(link, {"csrfmiddlewaretoken": self._token(self.ask(link))})
        self.token = self._token(self.ask(self.path))

    def _token(self, page: str) -> str:
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert found is not None, page[:400]
        return found[1]

    def ask(self, path: str, form: dict[str, str] | None = None, **headers: str) -> str:
        data = urllib.parse.urlencode(form).encode() if form is not None else None
        request = urllib.request.Request(f"{self.live.console}{path}", data=data, headers=headers)
        with self.opener.open(request, timeout=60) as answer:
            return str(answer.read().decode())

    def test(self, number: int) -> float:
        """Press Test with other code than before and wait for the result: milliseconds."""
        form = {
            "csrfmiddlewaretoken": self.token,
            "file:lambda_function.py": CODE.format(number=number),
            "event": "{}",
        }
        begun = time.perf_counter()
        running = self.ask(f"{self.path}test/", form, **{"HX-Request": "true", "HX-Target": "section#result"})
        stream = re.search(r'hx-sse:connect="([^"]+)"', running)
        ended = self.ask(stream[1]) if stream else running  # the first answer is the last, where the test was quick
        assert "result-bar ok" in ended, ended[-600:]
        return (time.perf_counter() - begun) * 1000


def _together(live: Live) -> Iterator[Row]:
    for number in range(STUDENTS):
        Boto3(live).create_function(f"student-{number}", CODE.format(number=0))
    with ThreadPoolExecutor(STUDENTS) as threads:
        cookies = http.cookiejar.CookieJar()
        students = [Student(live, f"student-{number}", cookies) for number in range(STUDENTS)]
        barrier = threading.Barrier(STUDENTS)

        def press(student: Student, number: int) -> float:
            barrier.wait()
            return student.test(number)

        begun = spent(live.process.pid, PARTS)
        took = [each for turn in (1, 2, 3) for each in threads.map(press, students, repeat(turn))]
        each = spent_on_each(live.process.pid, PARTS, begun, len(took))
    p95 = percentile(took, 95)
    shown = f"p50 {percentile(took, 50):.0f} ms, p95 {p95:.0f}, 0 errors"
    target = Target("p95 ≤ 1 s", p95 <= 1000)
    yield Row(f"{STUDENTS} students press Test at once, each with new code", shown, target, target)
    detail = ", ".join(f"{part} {ms:.0f}" for part, ms in each.items())
    yield Row("  processor time for each of them", f"{sum(each.values()):.0f} ms ({detail})")
