"""Workers die at every possible moment; no accepted event may be lost, and none may end twice."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from core import clock, failpoints
from functions.models import EventInvokeConfig
from runner import services
from runner.models import Invocation, State

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def start_worker(
    transactional_db: None, messenger: None, tmp_path: Path
) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start worker processes on this test's database and Redis; whatever is left is killed at the end."""
    started: list[subprocess.Popen[str]] = []

    def start(fail_at: str = "") -> subprocess.Popen[str]:
        (tmp_path / "fail-at").write_text(fail_at)
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "console.settings",
            "PYTHONPATH": str(ROOT),
            "PUPITRE_DATA_DIR": str(tmp_path),
            "PUPITRE_DATABASE_PATH": str(connection.settings_dict["NAME"]),
            "PUPITRE_DATABASE_NAME": str(connection.settings_dict["NAME"]),
            "PUPITRE_REDIS_URL": settings.REDIS_URL,
            "PUPITRE_EVENT_LEASE_S": "1",
            "PUPITRE_WORKER_CONCURRENCY": "8",
            "PUPITRE_PRESTARTED_ENVIRONMENTS": "0",
            "PUPITRE_FAIL_AT": str(tmp_path / "fail-at"),
            "PUPITRE_LOG_LEVEL": "ERROR",
        }
        worker = subprocess.Popen(
            [sys.executable, "-m", "tests.runner.worker_process", str(tmp_path / "executions")],
            env=environment,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(worker)
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
        return worker

    yield start
    for worker in started:
        worker.kill()
        worker.communicate()


def accept(account, count):
    return {
        services.invoke_async(account=account, reference="hello", payload=b"{}", source="test").pk for _ in range(count)
    }


def hundredths(count):
    """Pauses of a hundredth of a second."""
    import threading

    for _ in range(count):
        yield threading.Event().wait(0.01)


def wait_until_all_ended(accepted, seconds=240):
    end = clock.monotonic() + seconds
    while Invocation.objects.filter(pk__in=accepted, state__in=(State.QUEUED, State.RUNNING)).exists():
        assert clock.monotonic() < end, Counter(Invocation.objects.values_list("state", flat=True))
        list(hundredths(5))


def test_events_survive_workers_that_are_killed(start_worker, ada, make_function, code_dir, tmp_path):
    version = make_function(ada)
    listener = make_function(ada, "listener")
    EventInvokeConfig.objects.create(function=version.function, on_success=listener.function.arn)
    accepted = accept(ada, 300)
    for _ in range(3):
        worker = start_worker()
        list(hundredths(15))
        worker.kill()
        worker.wait()
    start_worker()
    wait_until_all_ended(accepted)
    states = Counter(Invocation.objects.filter(pk__in=accepted).values_list("state", flat=True))
    assert states == {State.SUCCEEDED: 300}
    assert Invocation.objects.filter(function_name="listener").count() == 300  # each ended exactly once
    executions = Counter((tmp_path / "executions").read_text().split())
    assert {str(pk) for pk in accepted} <= executions.keys()


@pytest.mark.parametrize("point", ["claim-start:2:1", "answer-commit:2:1"], ids=["claimed", "answered"])
def test_an_event_survives_a_death_at_the_worst_moment(start_worker, ada, make_function, point):
    make_function(ada)
    worker = start_worker(point)
    accepted = accept(ada, 20)
    assert worker.wait(timeout=30) == failpoints.EXIT_STATUS
    start_worker()
    wait_until_all_ended(accepted)
    assert Invocation.objects.filter(pk__in=accepted, state=State.SUCCEEDED).count() == 20
