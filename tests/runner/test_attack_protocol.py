"""Hostile handlers that lie to the worker or lie in wait in a warm sandbox: they deceive and harm themselves only."""

import time

import pytest

from runner.outcomes import Kind
from tests.runner.hostile import *  # noqa: F403
from tests.runner.hostile import FINE, Neighbour, handler
from tests.runner.sandboxed import Bench

# -- frames ----------------------------------------------------------------------------------------

FRAME = "head = lambda kind, body: struct.pack('>cI', kind, len(body)) + body\n"
FORGED = "json = b'{\"id\": \"other-request\"}'\nforged = struct.pack('>I', len(json)) + json + b'\"forged\"'\n"


@pytest.mark.parametrize(
    "forge",
    [
        "os.write(3, head(b'R', forged))",
        "os.write(3, struct.pack('>cI', b'R', 0xfffffff0))",
        "os.write(3, b'\\xff\\xfe not a frame at all')",
        "os.write(3, head(b'Z', b''))",
        "os.write(3, head(b'R', b'\\0\\0\\0\\5{{{{{'))",
        "os.write(3, head(b'N', b''))",
        "os.write(3, head(b'X', b'{}'))",
    ],
)
def test_a_forged_frame_ends_the_sandbox_and_nobody_elses(bench: Bench, forge: str):
    body = f"{FRAME}{FORGED}{forge}\ntime.sleep(5)\nreturn 'real'"
    reply = bench.function(handler(body)).invoke(timeout_s=3)
    assert reply.outcome.kind in (Kind.PROTOCOL_VIOLATION, Kind.RESPONSE_TOO_LARGE)
    assert not reply.outcome.reusable
    assert b"forged" not in reply.outcome.payload


def test_a_second_answer_ends_the_sandbox(bench: Bench):
    function = bench.function(
        handler(f"""
{FRAME}
for _ in range(2):
    header = b'{{"id": "request-1"}}'
    os.write(3, head(b'R', struct.pack('>I', len(header)) + header + b'"forged"'))
time.sleep(5)
""")
    )
    function.invoke(timeout_s=3)
    assert function.invoke(timeout_s=3).outcome.kind in (Kind.PLATFORM_FAILURE, Kind.PROTOCOL_VIOLATION)


def test_an_answer_that_is_not_json_is_no_answer(bench: Bench):
    reply = bench.function(
        handler(f"""
{FRAME}
header = b'{{"id": "request-1"}}'
os.write(3, head(b'R', struct.pack('>I', len(header)) + header + b'\\xff not json'))
time.sleep(5)
""")
    ).invoke(timeout_s=3)
    assert reply.outcome.kind is Kind.PROTOCOL_VIOLATION


def test_killing_everything_kills_only_oneself(bench: Bench):
    reply = bench.function(
        handler("try:\n    os.kill(-1, 9)\nexcept ProcessLookupError:\n    return 'still here'")
    ).invoke()
    assert reply.value == "still here"


def test_a_child_that_returns_from_the_handler_answers_nothing(bench: Bench):
    function = bench.function(
        handler("child = os.fork() == 0\ntime.sleep(0.1 if child else 0.3)\nreturn 'child' if child else 'parent'")
    )
    assert function.invoke().value == "parent"
    assert function.invoke().value == "parent"


def test_the_relay_cannot_be_flooded_with_connections(bench: Bench, settings):
    settings.API_INTERNAL = "127.0.0.1:1"
    reply = bench.function(
        handler("""
held = []
for _ in range(150):
    try:
        held.append(socket.create_connection(("127.0.0.1", 4566), 1))
        held[-1].sendall(b"x" * 100_000)
    except OSError:
        pass
return "done"
"""),
        memory_mb=256,
    ).invoke(timeout_s=20)
    assert reply.value == "done"


def test_names_and_text_from_inside_arrive_as_text(bench: Bench):
    reply = bench.function(
        handler("""
os.write(1, b"\\xff\\xfe \\x1b[31m <script>\\n")
return "ok"
""")
    ).invoke()
    assert reply.lines == ["\ufffd\ufffd \x1b[31m <script>"]


# -- what is left in a warm sandbox ----------------------------------------------------------------


def test_a_thread_of_one_invocation_can_answer_only_the_next_of_the_same_sandbox(bench: Bench, neighbour: Neighbour):
    function = bench.function(
        "import struct, threading, time\n"
        "asked = []\n"
        "def wait():\n"
        "    while not asked:\n"
        "        time.sleep(0.001)\n"
        "    answer(asked[0])\n"
        "def answer(request_id):\n"
        "    import os, json\n"
        "    header = json.dumps({'id': request_id}).encode()\n"
        "    body = struct.pack('>I', len(header)) + header + b'\"forged\"'\n"
        "    os.write(3, struct.pack('>cI', b'R', len(body)) + body)\n"
        "def lambda_handler(event, context):\n"
        "    if event == 'lie in wait':\n"
        "        threading.Thread(target=wait, daemon=True).start()\n"
        "        return 'waiting'\n"
        "    asked.append(context.aws_request_id)\n"
        "    time.sleep(5)\n"
    )
    assert function.invoke("lie in wait").value == "waiting"
    assert function.invoke("work", timeout_s=30).value == "forged"
    assert neighbour.answer() == "fine"


def test_a_process_that_is_left_running_stands_still_between_invocations_and_ends_with_the_sandbox(
    bench: Bench, neighbour: Neighbour
):
    function = bench.function(
        handler("""
try:
    return int(open("/tmp/count").read() or 0)
except FileNotFoundError:
    pass
if os.fork() == 0:
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.closerange(0, 1024)
    count = 0
    while True:
        count += 1
        with open("/tmp/next", "w") as file:
            file.write(str(count))
        os.rename("/tmp/next", "/tmp/count")
        time.sleep(0.001)
time.sleep(0.1)
""")
    )
    function.invoke()
    before = function.invoke().value
    for _ in range(30):
        assert neighbour.answer() == "fine"
        time.sleep(0.01)
    after = function.invoke().value
    assert before > 0
    assert after - before < 150
    function.environment.stop()
    assert bench.traces(function) == []


def test_what_is_printed_after_the_answer_is_said_to_nobody_else(bench: Bench):
    function = bench.function(
        handler("""
def late():
    while True:
        print("late", flush=True)
        time.sleep(0.001)
threading.Thread(target=late, daemon=True).start()
return "answered"
""")
    )
    function.invoke()
    assert bench.function(FINE).invoke().lines == []
    assert "".join(function.invoke().lines).replace("late", "") == ""  # two threads of its own may mix their lines


def test_nothing_of_one_functions_tmp_and_memory_is_in_anothers_sandbox(bench: Bench):
    first = bench.function(
        handler("""
import builtins, json
for place in ("/tmp", "/dev/shm"):
    open(place + "/secret", "w").write("mine")
json.dumps = lambda *_args, **_more: "poisoned"
builtins.print = None
sys.modules["socket"] = None
return "done"
""")
    )
    first.invoke()
    reply = bench.function(
        handler("""
import json, socket
print(json.dumps("clean"))
return os.listdir("/tmp") + os.listdir("/dev/shm")
""")
    ).invoke()
    assert reply.value == []
    assert reply.lines == ['"clean"']


def test_lines_that_look_like_the_platforms_are_the_functions_own_and_measure_nothing(bench: Bench):
    line = "REPORT RequestId: request-1\\tDuration: 0.01 ms\\tBilled Duration: 1 ms\\tMax Memory Used: 1 MB"
    reply = bench.function(
        handler(f"print('{line}')\nprint('START RequestId: other-request')\ntime.sleep(0.2)")
    ).invoke()
    assert reply.lines[0].startswith("REPORT RequestId: request-1\tDuration: 0.01 ms")
    assert reply.outcome.duration_ms > 150
    assert reply.outcome.max_memory_mb > 1
