"""``make bench``: start the product, measure, and print the table of ``docs/performance.md``.

``python -m bench warm accept`` measures only what is named.
"""

import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial

from bench import crowd, events, pages, peers, product, queues, refusals
from bench.table import HEAD, Row
from tests.live import Live

type Measure = Callable[[Live], Iterator[Row]]

EMBEDDED: dict[str, Measure] = {
    "start": product.start,
    "rest": product.rest,
    "warm": product.warm,
    "accept": product.accept,
    "cold": product.cold,
    "environments": product.environments,
    "waiting": crowd.waiting,
    "pages": pages.pages,
    "queues": queues.queues,
    "refusals": refusals.refusals,
    "sends": events.sends,
    "schedules": events.schedules,
    "bottleneck": events.bottleneck,
    "beside": events.beside,
    "peers": peers.peers,
}
CROWD: dict[str, Measure] = {"students": crowd.students}
DOCKER: dict[str, Measure] = {
    "docker-warm": partial(product.warm, suffix=", Docker"),
    "docker-cold": partial(product.cold, bar_ms=100, suffix=", Docker"),
    "docker-students": partial(crowd.students, bar_ms=None, goal_ms=3000, suffix=", Docker"),
}


def engine() -> str:
    """The container engine that answers and has the runtimes' images, or why there is none: then it begins with ``no``."""
    url = os.environ.get("PUPITRE_ENGINE_URL", "unix:///var/run/docker.sock")
    try:
        asked = ("docker", "-H", url, "images", "-q", "pupitre-runtime")
        found = subprocess.run(asked, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return "no container engine answers"
    if found.returncode:
        return "no container engine answers"
    return url if found.stdout.strip() else "no images of the runtimes are in the engine"


def measure(live: Live, wanted: dict[str, Measure]) -> Iterator[Row]:
    """Everything that is wanted of one running product; what goes wrong is a row too."""
    for name, take in wanted.items():
        try:
            yield from take(live)
        except Exception as error:  # whatever it is, the others are measured
            print(live.logs(), file=sys.stderr)
            yield Row(name, f"not measured: {' '.join(str(error).split())[:200]}")


def rows(names: list[str]) -> Iterator[Row]:
    def of(table: dict[str, Measure]) -> dict[str, Measure]:
        return {name: take for name, take in table.items() if not names or name in names}

    for table in (EMBEDDED, CROWD):
        if wanted := of(table):
            with Live() as live:
                yield from measure(live, wanted)
    if wanted := of(DOCKER):
        url = engine()
        if url.startswith("no"):
            yield Row("Docker", f"not measured: {url}")
            return
        with Live(SANDBOX_DRIVER="docker", ENGINE_URL=url) as live:
            yield from measure(live, wanted)


def main() -> None:
    begun = time.perf_counter()
    print(f"{platform.machine()}, {os.cpu_count()} processors, {platform.system()} {platform.release()}, ", end="")
    print(f"Python {platform.python_version()}, load {os.getloadavg()[0]:.1f} before\n\n{HEAD}", flush=True)
    missed = 0
    for row in rows(sys.argv[1:]):
        missed += row.bar is not None and not row.bar.met
        print(row, flush=True)
    print(f"\n{time.perf_counter() - begun:.0f} s, {missed} under the first bar.", file=sys.stderr)


if __name__ == "__main__":
    main()
