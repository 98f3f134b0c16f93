"""What a class does to one server: two hundred functions tested at once, a thousand callers that wait."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.load import Connection, invocation, percentile, run
from bench.processes import memory_mb, tree
from bench.table import Row, Target, at_most
from tests.labs.hands import Boto3
from tests.live import Live

STUDENTS, WITHIN_S = 200, 10.0
CALLERS, HELD_S = 1000, 12.0
OWN = "def lambda_handler(event, context):\n    return {0}\n"
HELD = "import time\ndef lambda_handler(event, context):\n    time.sleep(max(0, event - time.time()))\n"


def students(live: Live, bar_ms: float | None = 3000, goal_ms: float = 500, suffix: str = "") -> Iterator[Row]:
    names = [f"student-{number}" for number in range(STUDENTS)]
    with ThreadPoolExecutor(4) as pool:
        hands = [Boto3(live) for _ in range(4)]
        list(
            pool.map(
                lambda number: hands[number % 4].create_function(names[number], OWN.format(number)), range(STUDENTS)
            )
        )
    took, errors = run(_pressed(live, names))
    shown = f"p50 {percentile(took, 50):.0f} ms, p95 {percentile(took, 95):.0f}, {sum(errors.values())} errors"
    if errors:
        shown += f" ({'; '.join(errors)[:200]})"
    bar, goal = at_most(percentile(took, 95), bar_ms, goal_ms, "ms, 0 errors", "p95")
    bar = bar or Target("0 errors", True)
    targets = [target and Target(target.words, target.met and not errors) for target in (bar, goal)]
    yield Row(f"{STUDENTS} functions tested within {WITHIN_S:.0f} s{suffix}", shown, *targets)


async def _pressed(live: Live, names: list[str]) -> tuple[list[float], Counter[str]]:
    """Everybody presses once, evenly in time, on a connection of their own."""
    begun = time.perf_counter()
    errors: Counter[str] = Counter()

    async def press(number: int) -> float:
        await asyncio.sleep(max(0.0, begun + number * WITHIN_S / len(names) - time.perf_counter()))
        pressed = time.perf_counter()
        try:
            connection = await Connection.to(live.api_port)
            await asyncio.wait_for(connection.ask(invocation(live, names[number])), 120)
            connection.close()
        except (RuntimeError, OSError, EOFError, TimeoutError) as error:
            errors[str(error) or type(error).__name__] += 1
        return (time.perf_counter() - pressed) * 1000

    return list(await asyncio.gather(*(press(number) for number in range(len(names))))), errors


def waiting(live: Live) -> Iterator[Row]:
    """The functions' memory is so large that few run: nearly all callers wait for as long as the first ones sleep."""
    Boto3(live).create_function("held", HELD, timeout=300)
    live.client("lambda").update_function_configuration(FunctionName="held", MemorySize=3008)
    live.client("lambda").get_waiter("function_updated_v2").wait(FunctionName="held")
    api = next(process for process in tree(live.process.pid) if process.name == "api")
    run(_held(live, api.pid, callers=20, for_s=0.1))
    before = memory_mb(api)
    during, threads, answered, took = run(_held(live, api.pid, callers=CALLERS, for_s=HELD_S))
    grown = during - before
    shown = (
        f"{answered} of {CALLERS} answered, {grown:+.0f} MB, {threads} threads, all {took:.1f} s after the first could"
    )
    good = answered == CALLERS and grown <= 50 and threads < 100
    yield Row(f"{CALLERS} waiting invocations held by one process", shown, Target("all answered, ≤ 50 MB", good))


async def _held(live: Live, pid: int, *, callers: int, for_s: float) -> tuple[float, int, int, float]:
    """Memory and threads of the endpoint while all wait, how many were answered, and how long after the end."""
    until = time.time() + for_s
    request = invocation(live, "held", until)
    connections = [await Connection.to(live.api_port) for _ in range(callers)]
    asked = [asyncio.ensure_future(connection.ask(request)) for connection in connections]
    await asyncio.sleep(max(0.0, until - time.time() - 1))
    process = next(process for process in tree(live.process.pid) if process.pid == pid)
    during, threads = memory_mb(process), len(list(Path(f"/proc/{pid}/task").iterdir()))
    results = await asyncio.gather(*asked, return_exceptions=True)
    for connection in connections:
        connection.close()
    failed = Counter(str(result)[:100] for result in results if isinstance(result, BaseException))
    if failed:
        print(json.dumps(failed))
    return during, threads, len(results) - failed.total(), time.time() - until
