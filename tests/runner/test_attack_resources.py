"""Hostile handlers that take whatever there is to take: each meets a limit of its own, and nobody else notices."""

from pathlib import Path

import pytest

from core import limits
from runner.outcomes import Kind
from runner.sandboxes.base import SandboxDriver
from runner.sandboxes.bubblewrap import Bubblewrap
from tests.runner.hostile import *  # noqa: F403
from tests.runner.hostile import handler
from tests.runner.sandboxed import Bench

KILLED = (Kind.TIMEOUT, Kind.OUT_OF_MEMORY, Kind.EXIT, Kind.PLATFORM_FAILURE)


def limited(driver: SandboxDriver) -> bool:
    """Whether the kernel holds sandboxes to their share of memory and processor."""
    return not isinstance(driver, Bubblewrap) or driver.cgroups is not None


# -- processes and threads -------------------------------------------------------------------------


def test_a_fork_bomb_ends_with_its_invocation(bench: Bench):
    function = bench.function(
        handler("""
while True:
    try:
        os.fork()
    except OSError:
        pass
""")
    )
    reply = function.invoke(timeout_s=1.5)
    assert reply.outcome.kind in KILLED
    assert not reply.outcome.reusable
    assert bench.traces(function) == []


def test_a_thread_bomb_meets_the_limit_and_the_function_goes_on(bench: Bench):
    function = bench.function(
        handler("""
threading.stack_size(65536)
over, held = threading.Event(), []
try:
    while True:
        held.append(threading.Thread(target=over.wait, daemon=True))
        held[-1].start()
except RuntimeError:
    held.pop()
    over.set()
    for thread in held:
        thread.join()
    return len(held)
"""),
        memory_mb=512,
    )
    for _again in range(2):
        reply = function.invoke(timeout_s=60)
        assert reply.outcome.kind is Kind.OK
        assert 100 < reply.value < limits.PROCESSES_PER_SANDBOX


def test_eight_processes_have_one_functions_share_of_the_processor(bench: Bench):
    reply = bench.function(
        handler("""
end = time.monotonic() + 1.5
children = []
for _ in range(8):
    child = os.fork()
    if child == 0:
        while time.monotonic() < end:
            pass
        os._exit(0)
    children.append(child)
for child in children:
    os.waitpid(child, 0)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
return (used.ru_utime + used.ru_stime) / (time.monotonic() - end + 1.5)
""")
    ).invoke(timeout_s=60)
    assert reply.outcome.kind is Kind.OK
    if limited(bench.driver):
        assert reply.value < 0.6  # the share of 128 MB is a quarter of a processor; two would be 2.0


# -- memory ----------------------------------------------------------------------------------------

GRABS = {
    "heap": "held = [bytearray(1 << 20) for _ in range(100_000)]",
    "reserved beyond all memory": "touch(mmap.mmap(-1, 64 << 30, flags=0x4022))",  # MAP_NORESERVE
    "shared with nobody": "touch(mmap.mmap(-1, 2 << 30))",
    "children": "children()",
}


@pytest.mark.parametrize("grab", GRABS.values(), ids=GRABS)
def test_a_memory_bomb_of_any_kind_is_out_of_memory(bench: Bench, grab: str):
    source = f"""
import mmap, os, time
def touch(held):
    for at in range(0, len(held), 4096):
        held[at] = 1
def children():
    for _ in range(6):
        if os.fork() == 0:
            held = bytearray(60 << 20)
            time.sleep(60)
    time.sleep(60)
def lambda_handler(event, context):
    {grab}
"""
    outcome = bench.function(source).invoke(timeout_s=60).outcome
    refused = outcome.error_message == "[Errno 12] Cannot allocate memory" and not limited(bench.driver)
    assert outcome.kind is Kind.OUT_OF_MEMORY or refused
    assert refused or outcome.error_type == "Runtime.OutOfMemory"


def test_memory_that_belongs_to_no_process_is_the_sandboxs_own(bench: Bench):
    reply = bench.function(
        handler("""
libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
libc.shmat.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
libc.shmget.argtypes = [ctypes.c_int, ctypes.c_size_t, ctypes.c_int]
held = 0
for _ in range(64):
    segment = libc.shmget(0, 64 << 20, 0o1666)
    place = libc.shmat(segment, None, 0) if segment >= 0 else None
    if place in (None, ctypes.c_void_p(-1).value):
        break
    ctypes.memset(place, 1, 64 << 20)
    libc.shmdt(ctypes.c_void_p(place))
    held += 64
return held
""")
    ).invoke(timeout_s=60)
    assert reply.outcome.kind is Kind.OUT_OF_MEMORY or not limited(bench.driver)


def test_files_in_memory_meet_the_limit_on_file_sizes(bench: Bench):
    reply = bench.function(
        handler("""
fd, written = os.memfd_create("bomb"), 0
try:
    while True:
        written += os.write(fd, bytes(1 << 20))
except OSError as error:
    return [written >> 20, errno.errorcode[error.errno]]
""")
    ).invoke(timeout_s=60)
    assert reply.outcome.kind is Kind.OUT_OF_MEMORY or reply.value == [512, "EFBIG"]


# -- files and descriptors -------------------------------------------------------------------------


def test_tmp_is_full_at_its_size_and_takes_nothing_from_the_hosts_disk(bench: Bench):
    reply = bench.function(
        handler("""
written = 0
try:
    for number in range(10):
        with open(f"/tmp/{number}", "wb") as file:
            for _ in range(60):
                written += file.write(bytes(1 << 20))
except OSError as error:
    kind = next(line.split()[2] for line in open("/proc/mounts") if line.split()[1] == "/tmp")
    return [written >> 20, errno.errorcode[error.errno], kind]
""")
    ).invoke(timeout_s=60)
    assert reply.value == [512, "ENOSPC", "tmpfs"]


def test_nothing_but_tmp_and_shared_memory_can_be_filled(bench: Bench):
    reply = bench.function(
        handler("""
filled = {}
for place in event:
    filled[place] = 0
    try:
        with open(place + "/filling", "wb") as file:
            while filled[place] < 64:
                filled[place] += file.write(bytes(1 << 20)) >> 20
    except OSError:
        pass
return filled
""")
    ).invoke(["/dev/shm", "/dev", "/dev/mqueue", "/", "/var/task", "/opt", "/etc", "/usr", "/run"], timeout_s=60)
    filled = reply.value
    assert filled.pop("/dev/shm") <= 16
    assert set(filled.values()) == {0}


def test_a_million_empty_files_do_not_outlive_their_sandbox(bench: Bench):
    function = bench.function(
        handler("""
count = 0
while True:
    os.close(os.open(f"/tmp/{count}", os.O_CREAT | os.O_WRONLY))
    count += 1
""")
    )
    reply = function.invoke(timeout_s=2)
    assert reply.outcome.kind in (Kind.TIMEOUT, Kind.OUT_OF_MEMORY, Kind.FUNCTION_ERROR)
    function.environment.stop()
    assert bench.traces(function) == []


def test_descriptors_run_out_inside_only(bench: Bench):
    reply = bench.function(
        handler("""
ends = []
for make in (lambda: os.dup(1), os.pipe, socket.socketpair):
    held = []
    try:
        while True:
            held.append(make())
    except OSError as error:
        ends.append([len(held), errno.errorcode[error.errno]])
    for one in held:
        for end in one if isinstance(one, tuple) else [one]:
            end.close() if isinstance(end, socket.socket) else os.close(end)
return ends
""")
    ).invoke(timeout_s=60)
    assert [end[1] for end in reply.value] == ["EMFILE"] * 3
    assert all(count < limits.FILE_DESCRIPTORS_PER_SANDBOX for count, _name in reply.value)


def test_inotify_instances_run_out_for_one_user_only(bench: Bench):
    hoard = handler("""
libc = ctypes.CDLL(None)
count = 0
while count < 2000 and libc.inotify_init() >= 0:
    count += 1
return count
""")
    first = bench.function(hoard)
    count = first.invoke().value
    if not bench.own_users:
        pytest.skip("users of their own need root")
    assert bench.function(hoard).invoke().value == count


# -- output and answers ----------------------------------------------------------------------------


@pytest.mark.parametrize("written", ['b"A" * 65536', 'b"line\\n" * 10000'], ids=["one line without end", "many lines"])
def test_endless_output_is_cut_and_the_worker_stays_small(bench: Bench, written: str):
    function = bench.function(handler(f"while True:\n    os.write(1, {written})"))
    before = _own_memory_kb()
    reply = function.invoke(timeout_s=1.5)
    assert reply.outcome.kind is Kind.TIMEOUT
    assert sum(map(len, reply.lines)) <= 256 * 1024
    assert reply.outcome.log_dropped > 0
    assert _own_memory_kb() - before < 64 * 1024


@pytest.mark.parametrize("result", ["'x' * (8 << 20)", "deep(100_000)", "{str(n): n for n in range(1_000_000)}"])
def test_monstrous_answers_become_errors(bench: Bench, result: str):
    source = f"""
def deep(levels):
    value = []
    for _ in range(levels):
        value = [value]
    return value
def lambda_handler(event, context):
    return {result}
"""
    reply = bench.function(source, memory_mb=1024).invoke(timeout_s=60)
    assert reply.outcome.kind in (Kind.RESPONSE_TOO_LARGE, Kind.FUNCTION_ERROR, Kind.EXIT, Kind.PROTOCOL_VIOLATION)


# -- time ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "act", ["signal.signal(signal.SIGTERM, signal.SIG_IGN)", "os.kill(os.getpid(), signal.SIGSTOP)", "pass"]
)
def test_a_handler_that_will_not_end_is_killed_at_its_deadline(bench: Bench, act: str):
    function = bench.function(handler(f"{act}\ntime.sleep(99)"))
    reply = function.invoke(timeout_s=0.7)
    assert reply.outcome.kind is Kind.TIMEOUT
    assert reply.value["errorMessage"].endswith(" Task timed out after 0.70 seconds")
    assert reply.outcome.duration_ms < 99_000
    assert bench.traces(function) == []


@pytest.mark.parametrize(
    "act", ["os._exit(0)", "os.abort()", "ctypes.string_at(0)", "os.closerange(0, 1024); time.sleep(5)"]
)
def test_a_runtime_that_ends_itself_is_an_exit_and_its_sandbox_is_not_used_again(bench: Bench, act: str):
    function = bench.function(handler(act))
    reply = function.invoke(timeout_s=30)
    assert reply.outcome.kind is Kind.EXIT
    assert reply.outcome.error_type == "Runtime.ExitError"
    assert not reply.outcome.reusable
    assert bench.traces(function) == []


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("while True: pass", Kind.INIT_TIMEOUT),
        ("x = [bytearray(1 << 20) for _ in range(1000)]", Kind.OUT_OF_MEMORY),
        ("raise ValueError('early')", Kind.INIT_ERROR),
    ],
)
def test_an_init_that_does_not_end_well_ends(bench: Bench, source: str, kind: Kind):
    began = bench.prepare(source).init(timeout_s=1.0 if kind is Kind.INIT_TIMEOUT else 60)
    assert began.outcome.kind is kind
    assert not began.outcome.reusable


def _own_memory_kb() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
