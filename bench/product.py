"""What one user meets: the start, the rest, warm and cold invocations, accepted events."""

import time
from collections.abc import Callable, Iterator

from bench.load import at_once, invocation, one_after_another, percentile, run
from bench.processes import Process, memory_mb, processor_s, spent, spent_on_each, tree
from bench.table import Row, at_least, at_most
from tests.labs.hands import Boto3
from tests.live import Live, eventually

ECHO = "def lambda_handler(event, context):\n    return event\n"
WITH_BOTO3 = "import boto3\nclient = boto3.client('lambda')\n" + ECHO
SETTLE_S = 3
PARTS: dict[str, Callable[[Process], bool]] = {
    "api": lambda process: process.name == "api",
    "worker": lambda process: process.name == "worker",
    "redis": lambda process: process.name == "redis",
    "sandboxes": lambda process: process.sandboxed,
}
FIGURES: dict[str, float] = {}
"""What was measured of the product, for the ratios: milliseconds, or calls a second."""


def start(live: Live) -> Iterator[Row]:
    live.stop()
    begun = time.perf_counter()
    live.start()
    took = time.perf_counter() - begun
    yield Row("`make up`, data kept, to the sign-in link", f"{took:.1f} s", *at_most(took, 5, 5, "s"))


def rest(live: Live) -> Iterator[Row]:
    time.sleep(SETTLE_S)
    everything = tree(live.process.pid)
    ours = [process for process in everything if not process.sandboxed]
    begun = processor_s(everything)
    time.sleep(5)
    idle = (processor_s(everything) - begun) / 5 * 100
    sizes = {process.name: memory_mb(process) for process in ours}
    total = sum(sizes.values())
    detail = ", ".join(
        f"{name} {size:.0f}" for name, size in sorted(sizes.items(), key=lambda pair: -pair[1]) if size > 0.5
    )
    yield Row("memory at rest, all processes", f"{total:.0f} MB ({detail})", *at_most(total, 400, 250, "MB"))
    inside = [memory_mb(process, private=True) for process in everything if process.sandboxed]
    if inside:
        yield Row("  pre-started environments beside it", f"{sum(inside):.0f} MB in {len(inside)} processes")
    yield Row("processor at rest", f"{idle:.1f} % of one")


def warm(live: Live, suffix: str = "") -> Iterator[Row]:
    """``suffix`` tells the driver, where it is not the default one."""
    Boto3(live).create_function("warm", ECHO)
    request = invocation(live, "warm", {"key": "value"})
    run(one_after_another(live.api_port, request, count=300))
    took = run(one_after_another(live.api_port, request, count=2000))
    p50 = percentile(took, 50)
    shown = f"p50 {p50:.2f} ms, p95 {percentile(took, 95):.2f}, p99 {percentile(took, 99):.2f}"
    yield Row(f"warm invocation, one client{suffix}", shown, *at_most(p50, 4, 0.5, "ms", "p50"))
    run(at_once(live.api_port, request, clients=8, seconds=2))
    begun = spent(live.process.pid, PARTS)
    rate, took = run(at_once(live.api_port, request, clients=8, seconds=8))
    each = spent_on_each(live.process.pid, PARTS, begun, len(took))
    shown = f"{rate:.0f}/s, p50 {percentile(took, 50):.1f} ms, p99 {percentile(took, 99):.1f}"
    yield Row(f"warm invocations, eight clients{suffix}", shown, *at_least(rate, 700, 3500, "/s"))
    detail = ", ".join(f"{part} {ms:.2f}" for part, ms in each.items() if ms)
    yield Row("  processor time for each of them", f"{sum(each.values()):.2f} ms ({detail})")
    if not suffix:
        FIGURES.update(warm=p50, rate=rate)


def cold(live: Live, bar_ms: float = 250, suffix: str = "") -> Iterator[Row]:
    for label, code in (("plain", ECHO), ("with boto3", WITH_BOTO3)):
        took = [_cold(live, f"cold-{label[:5].strip()}-{number}", code) for number in range(12)]
        p50 = percentile(took, 50)
        shown = f"p50 {p50:.0f} ms, p95 {percentile(took, 95):.0f}"
        yield Row(f"cold start {label}, press to answer{suffix}", shown, *at_most(p50, bar_ms, 10, "ms"))
        if not suffix:
            FIGURES[f"cold {label}"] = p50


def _cold(live: Live, name: str, code: str) -> float:
    Boto3(live).create_function(name, code)
    time.sleep(1)  # one student's pace, not a burst
    return run(one_after_another(live.api_port, invocation(live, name), count=1))[0]


def environments(live: Live) -> Iterator[Row]:
    """After ``cold``: what the warm environments of the functions with boto3 hold."""
    time.sleep(SETTLE_S)
    sizes = [memory_mb(process, private=True) for process in tree(live.process.pid) if process.sandboxed]
    large = sorted(size for size in sizes if size > 1)
    if large:
        typical = percentile(large, 50)
        yield Row("an idle environment, private memory", f"{typical:.1f} MB", *at_most(typical, 45, 4, "MB"))


def accept(live: Live) -> Iterator[Row]:
    Boto3(live).create_function("events", ECHO)
    request = invocation(live, "events", {"key": "value"}, kind="Event")
    run(one_after_another(live.api_port, request, count=50))
    took = run(one_after_another(live.api_port, request, count=500))
    p50 = percentile(took, 50)
    shown = f"p50 {p50:.2f} ms, p99 {percentile(took, 99):.2f}"
    yield Row("asynchronous accept, durable before the 202", shown, *at_most(p50, 5, 1.5, "ms", "p50"))
    begun = time.perf_counter()
    eventually(lambda: _reports(live, "events"), lambda seen: seen >= 550, within_s=120, every_s=0.5)
    yield Row("  all 550 of them run and logged", f"{time.perf_counter() - begun:.1f} s after the last")
    FIGURES["accept"] = p50


def _reports(live: Live, name: str) -> int:
    pages = live.client("logs").get_paginator("filter_log_events")
    found = pages.paginate(logGroupName=f"/aws/lambda/{name}", filterPattern="REPORT")
    return sum(len(page["events"]) for page in found)
