"""What the product has in the end, read from its database from outside, and the invariants that must hold there."""

import contextlib
import itertools
import json
import sqlite3
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from tests.faults.history import History, Outcome, Verdict
from tests.live import Live, eventually

ENDED = {"succeeded", "dead-letter", "discarded"}
SETTLES_WITHIN_S = 300


@dataclass(frozen=True, slots=True)
class Event:
    """An asynchronous invocation's row."""

    id: str
    function: str
    state: str
    reason: str
    payload: bytes
    attempt: int
    infra_attempts: int


@dataclass(frozen=True, slots=True)
class Execution:
    """One execution as its log tells it, in epoch milliseconds; ``end`` is None when no REPORT line followed."""

    request_id: str
    start: int
    end: int | None


class Ledger:
    """Reads a product's database, with a new connection each time: the database may be killed in between."""

    def __init__(self, live: Live) -> None:
        self.live = live

    # -- reading -----------------------------------------------------------------------------------

    def rows(self, sql: str, *parameters: object) -> list[Sequence[Any]]:
        with self._connection() as connection:
            if isinstance(connection, sqlite3.Connection):
                return connection.execute(sql, parameters).fetchall()
            return connection.execute(sql.replace("?", "%s"), parameters).fetchall()

    @contextlib.contextmanager
    def _connection(self) -> Iterator[Any]:
        settings = self.live.environment
        if settings.get("PUPITRE_DATABASE") == "postgresql":
            with psycopg.connect(
                host=settings["PUPITRE_DATABASE_HOST"],
                user=settings["PUPITRE_DATABASE_USER"],
                dbname=settings["PUPITRE_DATABASE_NAME"],
            ) as connection:
                yield connection
        else:
            path = settings.get("PUPITRE_DATABASE_PATH", str(self.live.data_dir / "pupitre.sqlite3"))
            with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as connection:
                yield connection

    def events(self, function: str) -> list[Event]:
        found = self.rows(
            "SELECT id, function_name, state, reason, payload, attempt, infra_attempts"
            " FROM runner_invocation WHERE function_name = ? AND invocation_type = 'Event'",
            function,
        )
        return [Event(_id(row[0]), *row[1:4], bytes(row[4] or b""), *row[5:]) for row in found]

    def unsettled(self, function: str) -> dict[str, int]:
        """How many of its events have not ended, by state."""
        found = self.rows(
            "SELECT state, count(*) FROM runner_invocation WHERE function_name = ? AND state IN ('queued', 'running')"
            " GROUP BY state",
            function,
        )
        return dict(found)

    def settle(self, *functions: str) -> None:
        """Wait until every event of these functions has ended."""
        for function in functions:
            eventually(
                lambda name=function: self.unsettled(name),
                lambda left: not left,
                within_s=SETTLES_WITHIN_S,
                every_s=0.2,
            )

    def executions(self, function: str) -> dict[str, list[Execution]]:
        """By request id, in the order they began."""
        lines = self.rows(
            "SELECT e.request_id, e.stream_id, e.timestamp, e.message FROM logs_logevent e"
            " JOIN logs_logstream s ON s.id = e.stream_id JOIN logs_loggroup g ON g.id = s.group_id"
            " WHERE g.name = ? AND e.source = 'p' ORDER BY e.stream_id, e.id",
            f"/aws/lambda/{function}",
        )
        found: defaultdict[str, list[Execution]] = defaultdict(list)
        for request_id, _stream, at, message in lines:
            if message.startswith("START "):
                found[_id(request_id)].append(Execution(_id(request_id), at, None))
            elif message.startswith("REPORT ") and found[_id(request_id)]:  # alone it counts for none
                began = found[_id(request_id)].pop()
                found[_id(request_id)].append(Execution(began.request_id, began.start, at))
        return found

    def messages_in(self, queue: str) -> int:
        """How many messages the queue holds, visible or in flight or delayed."""
        sql = "SELECT count(*) FROM queues_message m JOIN queues_queue q ON q.id = m.queue_id WHERE q.name = ?"
        return int(self.rows(sql, queue)[0][0])

    def bodies_in(self, queue: str) -> list[str]:
        """What its messages say, in the order in which they came."""
        sql = "SELECT m.body FROM queues_message m JOIN queues_queue q ON q.id = m.queue_id WHERE q.name = ? ORDER BY m.id"
        return [row[0] for row in self.rows(sql, queue)]

    def ticks(self, schedules: str) -> list[Sequence[Any]]:
        """Every tick of the schedules with names like this one: which timetable, and what became of it."""
        sql = (
            "SELECT f.timetable_id, f.state FROM triggers_firing f JOIN triggers_timetable t ON t.id = f.timetable_id"
            " JOIN triggers_schedule s ON s.id = t.schedule_id WHERE s.name LIKE ?"
        )
        return self.rows(sql, schedules)

    def strays(self) -> int:
        """Log lines of requests that do not exist (I11)."""
        return int(
            self.rows(
                "SELECT count(*) FROM logs_logevent e WHERE e.request_id IS NOT NULL"
                " AND NOT EXISTS (SELECT 1 FROM runner_invocation i WHERE i.id = e.request_id)"
            )[0][0]
        )


def _id(value: object) -> str:
    return str(value if isinstance(value, uuid.UUID) else uuid.UUID(str(value)))


# -- the invariants --------------------------------------------------------------------------------


def judged(name: str, history: History, came_out: Iterable[int]) -> Verdict:
    """Every operation classified, which is printed, and sound."""
    verdict = history.judge(came_out)
    attempts = ", ".join(f"{history.count(outcome)} {outcome.value}" for outcome in Outcome)
    print(f"{name}: {verdict}; attempts: {attempts}")
    assert verdict.is_sound, verdict
    return verdict


def check(
    ledger: Ledger, history: History, function: str, *, listener: str = "", reserved: int | None = None
) -> Verdict:
    """Assert everything that must hold once all of ``function``'s events have ended; what became of the values."""
    events = ledger.events(function)
    executions = ledger.executions(function)
    verdict = judged(function, history, (json.loads(event.payload)["n"] for event in events))
    _each_is_in_one_final_state(events, history)
    _none_was_executed_too_often(events, executions)
    _no_two_executions_overlap(executions)
    if listener:
        _each_was_told_of_once(events, ledger.events(listener))
    if reserved is not None:
        assert most_at_once(executions) <= reserved  # I10
    assert ledger.strays() == 0  # I11
    return verdict


def check_dead_letters(ledger: Ledger, history: History, function: str, *, queue: str) -> Verdict:
    """I1 and I8 for a function that always fails: every event ended as a dead letter, and each is in the queue once."""
    events = ledger.events(function)
    numbers = Counter(json.loads(event.payload)["n"] for event in events)
    verdict = judged(function, history, numbers.elements())
    assert Counter(event.state for event in events) == {"dead-letter": len(events)}
    assert {event.id for event in events} >= set(history.acknowledged())
    assert Counter(json.loads(body)["n"] for body in ledger.bodies_in(queue)) == numbers
    return verdict


def _each_is_in_one_final_state(events: list[Event], history: History) -> None:
    """I1: the acknowledged id is the row's key, so it is there at most once; and it has succeeded."""
    states = {event.id: event.state for event in events}
    became = Counter(states.get(reference, "missing") for reference in history.acknowledged())
    assert became == {"succeeded": len(history.acknowledged())}
    assert {event.state for event in events} <= ENDED


def _none_was_executed_too_often(events: list[Event], executions: dict[str, list[Execution]]) -> None:
    """I2 and I4: one answer counted, and no more executions than that and those which the platform lost."""
    for event in events:
        assert event.attempt == 1, event
        assert 1 <= len(executions[event.id]) <= event.attempt + event.infra_attempts, event


def _no_two_executions_overlap(executions: dict[str, list[Execution]]) -> None:
    """I3, as far as the log tells: an execution begins when the one before it has ended."""
    for runs in executions.values():
        runs.sort(key=lambda run: run.start)
        for before, after in itertools.pairwise(runs):
            assert before.end is not None and before.end <= after.start, runs


def _each_was_told_of_once(events: list[Event], told: list[Event]) -> None:
    """I2 and I8: the destination, written with the end of the event, heard of every end exactly once."""
    heard = Counter(json.loads(one.payload)["requestContext"]["requestId"] for one in told)
    assert heard == Counter(event.id for event in events)


def most_at_once(executions: dict[str, list[Execution]]) -> int:
    """How many ran at the same moment at most; one that ends in the millisecond in which another begins made room."""
    moments = [
        moment
        for runs in executions.values()
        for run in runs
        if run.end is not None
        for moment in ((run.start, 1), (run.end, -1))
    ]
    running = most = 0
    for _at, change in sorted(moments):
        running += change
        most = max(most, running)
    return most
