"""Hostile handlers: for each, the safe outcome. What a handler does to itself is its own affair; what it does to the
worker, to its neighbours or to the host must not happen.
"""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.outcomes import Kind
from runner.sandboxes.base import SandboxDriver
from tests.engine import engine_with_images, shared_broker
from tests.runner.sandboxed import Bench, Function, bubblewrap, containers, opened

__all__ = ["engine_with_images", "shared_broker"]

FINE = "def lambda_handler(event, context): return 'fine'"


@pytest.fixture(
    scope="module",
    params=[pytest.param("bubblewrap", marks=pytest.mark.sandbox), pytest.param("docker", marks=pytest.mark.engine)],
)
def driver(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxDriver]:
    if request.param == "docker":
        with containers(request.getfixturevalue("shared_broker")) as made:
            yield made
    else:
        with bubblewrap(tmp_path_factory.mktemp("data")) as made:
            yield made


@pytest.fixture
def bench(driver: SandboxDriver, tmp_path: Path) -> Iterator[Bench]:
    with opened(driver, tmp_path) as made:
        yield made


@pytest.fixture
def neighbour(bench: Bench) -> Iterator[Function]:
    """Another account's function, warm; it must answer after the attack as before."""
    function = bench.function(FINE)
    yield function
    assert function.invoke().value == "fine"


def _handler(body: str) -> str:
    lines = "\n".join(f"    {line}" for line in body.strip("\n").splitlines())
    return f"import ctypes, errno, os, signal, socket, struct, sys, threading, time\ndef lambda_handler(event, context):\n{lines}\n"


# -- resources -------------------------------------------------------------------------------------


def test_a_fork_bomb_ends_with_its_invocation(bench: Bench, neighbour: Function):
    function = bench.function(
        _handler("""
while True:
    try:
        os.fork()
    except OSError:
        pass
""")
    )
    reply = function.invoke(timeout_s=1.5)
    assert reply.outcome.kind in (Kind.TIMEOUT, Kind.OUT_OF_MEMORY, Kind.EXIT, Kind.PLATFORM_FAILURE)
    assert not reply.outcome.reusable
    assert bench.traces(function) == []


def test_a_thread_bomb_meets_the_limit(bench: Bench, neighbour: Function):
    reply = bench.function(
        _handler("""
threading.stack_size(65536)
count = 0
try:
    while True:
        threading.Thread(target=time.sleep, args=(99,), daemon=True).start()
        count += 1
except RuntimeError:
    return count
"""),
        memory_mb=512,
    ).invoke()
    assert reply.outcome.kind is Kind.OK
    assert reply.value < 1024


@pytest.mark.parametrize(
    "grab",
    [
        "mmap.mmap(-1, 64 << 30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000)",  # MAP_NORESERVE
        "mmap.mmap(-1, 2 << 30)",
    ],
    ids=["reserved beyond all memory", "shared"],
)
def test_a_memory_bomb_of_any_kind_is_out_of_memory(bench: Bench, neighbour: Function, grab: str):
    source = f"""
import mmap
def lambda_handler(event, context):
    held = {grab}
    at = 0
    while True:
        held[at] = 1
        at += 4096
"""
    outcome = bench.function(source).invoke(timeout_s=20).outcome
    refused = outcome.error_message == "[Errno 12] Cannot allocate memory" and not bench.driver.cgroups
    assert outcome.kind is Kind.OUT_OF_MEMORY or refused


def test_files_in_memory_meet_the_limit_on_file_sizes(bench: Bench, neighbour: Function):
    reply = bench.function(
        _handler("""
fd, written = os.memfd_create("bomb"), 0
try:
    while True:
        written += os.write(fd, bytes(1 << 20))
except OSError as error:
    return [written >> 20, errno.errorcode[error.errno]]
""")
    ).invoke(timeout_s=20)
    assert reply.outcome.kind is Kind.OUT_OF_MEMORY or reply.value == [512, "EFBIG"]


@pytest.mark.parametrize("place", ["/dev/shm", "/dev", "/dev/mqueue", "/", "/var/task", "/opt", "/etc", "/usr", "/run"])
def test_nothing_but_tmp_and_shared_memory_can_be_filled(bench: Bench, place: str):
    reply = bench.function(
        _handler("""
written = 0
try:
    with open(event + "/filling", "wb") as file:
        while written < 64 << 20:
            written += file.write(b"x" * (1 << 20))
except OSError:
    pass
return written
""")
    ).invoke(place)
    assert reply.value <= (16 << 20 if place == "/dev/shm" else 0)


def test_a_million_empty_files_do_not_outlive_their_sandbox(bench: Bench, neighbour: Function):
    reply = bench.function(
        _handler("""
count = 0
while True:
    os.close(os.open(f"/tmp/{count}", os.O_CREAT | os.O_WRONLY))
    count += 1
""")
    ).invoke(timeout_s=2)
    assert reply.outcome.kind in (Kind.TIMEOUT, Kind.OUT_OF_MEMORY, Kind.FUNCTION_ERROR)


@pytest.mark.parametrize("make", ["os.dup(1)", "os.pipe()", "socket.socketpair()"])
def test_descriptors_run_out_inside_only(bench: Bench, neighbour: Function, make: str):
    reply = bench.function(
        _handler(f"""
held = []
try:
    while True:
        held.append({make})
except OSError as error:
    result = [len(held), errno.errorcode[error.errno]]
    held.clear()
    return result
""")
    ).invoke()
    assert reply.value[0] < 1024
    assert reply.value[1] == "EMFILE"


def test_inotify_instances_run_out_for_one_user_only(bench: Bench):
    hoard = _handler("""
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


def test_endless_output_is_cut_and_the_worker_stays_small(bench: Bench, neighbour: Function):
    before = _own_memory_kb()
    reply = bench.function(
        _handler("""
while True:
    os.write(1, b"A" * 65536)
""")
    ).invoke(timeout_s=1.5)
    assert reply.outcome.kind is Kind.TIMEOUT
    assert sum(map(len, reply.lines)) <= 256 * 1024
    assert reply.outcome.log_dropped > 0
    assert _own_memory_kb() - before < 64 * 1024


@pytest.mark.parametrize("result", ["'x' * (8 << 20)", "deep(100_000)", "{str(n): n for n in range(1_000_000)}"])
def test_monstrous_answers_become_errors(bench: Bench, neighbour: Function, result: str):
    source = f"""
import sys
def deep(levels):
    value = []
    for _ in range(levels):
        value = [value]
    return value
def lambda_handler(event, context):
    return {result}
"""
    reply = bench.function(source, memory_mb=1024).invoke()
    assert reply.outcome.kind in (Kind.RESPONSE_TOO_LARGE, Kind.FUNCTION_ERROR, Kind.EXIT, Kind.PROTOCOL_VIOLATION)


def test_a_handler_that_ignores_signals_or_stops_itself_is_killed_at_its_deadline(bench: Bench, neighbour: Function):
    for act in ("signal.signal(signal.SIGTERM, signal.SIG_IGN)", "os.kill(os.getpid(), signal.SIGSTOP)"):
        reply = bench.function(_handler(f"{act}\ntime.sleep(99)")).invoke(timeout_s=0.7)
        assert reply.outcome.kind is Kind.TIMEOUT
        assert reply.outcome.duration_ms < 2000


def test_an_init_that_eats_memory_is_out_of_memory(bench: Bench):
    began = bench.prepare("x = [bytearray(1 << 20) for _ in range(1000)]").init()
    assert began.outcome.kind is Kind.OUT_OF_MEMORY


def test_a_daemon_does_not_outlive_its_sandbox(bench: Bench):
    function = bench.function(
        _handler("""
if os.fork() == 0:
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.closerange(0, 1024)
    while True:
        time.sleep(1)
return os.getpid()
""")
    )
    assert function.invoke().outcome.ok
    function.environment.stop()
    assert bench.traces(function) == []


# -- escape and snooping ---------------------------------------------------------------------------

CALLS_X86_64 = {
    "mount": 165, "umount2": 166, "pivot_root": 155, "chroot": 161, "setns": 308, "bpf": 321, "perf_event_open": 298,
    "userfaultfd": 323, "io_uring_setup": 425, "keyctl": 250, "add_key": 248, "open_by_handle_at": 304,
    "kexec_load": 246, "init_module": 175, "finit_module": 313, "reboot": 169, "swapon": 167, "acct": 163,
    "settimeofday": 164, "iopl": 172, "syslog": 103, "process_vm_readv": 310, "kcmp": 312, "fanotify_init": 300,
    "clone3": 435, "fsopen": 430, "open_tree": 428, "move_mount": 429, "mount_setattr": 442, "pidfd_getfd": 438,
    "memfd_secret": 447, "modify_ldt": 154, "vmsplice": 278, "ptrace": 101, "quotactl": 179, "mbind": 237,
}  # fmt: skip


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="numbers of x86-64")
def test_dangerous_system_calls_are_refused(bench: Bench):
    reply = bench.function(
        _handler("""
libc = ctypes.CDLL(None, use_errno=True)
allowed = []
for name, number in event.items():
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), 0, 0, 0, 0, 0, 0)
    if result >= 0 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS):
        allowed.append([name, result, ctypes.get_errno()])
return allowed
""")
    ).invoke(CALLS_X86_64)
    assert reply.value == []


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="numbers of x86-64")
def test_no_further_namespaces_can_be_made(bench: Bench):
    reply = bench.function(
        _handler("""
libc = ctypes.CDLL(None, use_errno=True)
made = []
for flag in (0x10000000, 0x20000, 0x40000000, 0x20000000, 0x8000000, 0x4000000, 0x2000000, 0x80):
    if libc.unshare(flag) == 0:
        made.append(["unshare", flag])
    pid = libc.syscall(56, flag | signal.SIGCHLD, 0, 0, 0, 0)
    if pid == 0:
        os._exit(0)
    if pid > 0:
        made.append(["clone", flag])
return made
""")
    ).invoke()
    assert reply.value == []


def test_pid_one_cannot_be_looked_into_or_harmed(bench: Bench):
    function = bench.function(
        _handler("""
opened = []
for name in ("mem", "environ", "fd", "maps", "root", "cwd", "exe"):
    path = "/proc/1/" + name
    try:
        if name in ("root", "cwd", "exe"):
            os.readlink(path)
        elif name == "fd":
            os.listdir(path)
        else:
            open(path, "rb").read(1)
        opened.append(path)
    except OSError:
        pass
for number in (9, 15, 2, 1, 19):
    os.kill(1, number)
return opened
""")
    )
    assert function.invoke().value == []
    assert function.invoke().value == []


@pytest.mark.parametrize("family", ["AF_PACKET", "AF_VSOCK", "AF_ALG", "AF_BLUETOOTH", "AF_CAN", "AF_TIPC"])
def test_odd_socket_families_are_refused(bench: Bench, family: str):
    reply = bench.function(
        _handler("""
try:
    socket.socket(getattr(socket, event), socket.SOCK_STREAM if event != "AF_ALG" else socket.SOCK_SEQPACKET).close()
    return "open"
except (OSError, AttributeError):
    return "refused"
""")
    ).invoke(family)
    assert reply.value == "refused"


def test_raw_sockets_privileges_and_clocks_are_out_of_reach(bench: Bench):
    reply = bench.function("""
        import os, resource, socket, time
        def lambda_handler(event, context):
            acts = {
                "raw": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
                "root": lambda: os.setuid(0),
                "nice": lambda: os.nice(-10),
                "fifo": lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50)),
                "files": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (1 << 16, 1 << 16)),
                "clock": lambda: time.clock_settime(time.CLOCK_REALTIME, 0),
                "host name": lambda: socket.sethostname("pwned"),
                "device": lambda: os.mknod("/tmp/disk", 0o60600, os.makedev(254, 0)),
                "chroot": lambda: os.chroot("/tmp"),
            }
            done = []
            for name, act in acts.items():
                try:
                    act()
                    done.append(name)
                except (OSError, ValueError):
                    pass
            return done
        """).invoke()
    assert reply.value == []


def test_a_setuid_program_gives_nothing(bench: Bench):
    reply = bench.function("""
        import os, shutil, subprocess
        def lambda_handler(event, context):
            shutil.copy("/usr/bin/id", "/tmp/id")
            os.chmod("/tmp/id", 0o4755)
            return subprocess.run(["/tmp/id", "-u"], capture_output=True, text=True).stdout.strip() == str(os.getuid())
        """).invoke()
    assert reply.value is True


def test_the_kernels_switches_cannot_be_written(bench: Bench):
    reply = bench.function("""
        import os
        def lambda_handler(event, context):
            written = []
            for top in ("/proc/sys", "/sys"):
                for folder, _folders, files in os.walk(top):
                    for name in files:
                        path = os.path.join(folder, name)
                        own = ("shm", "msg", "sem", "auto_msgmni", "ns_last_pid", "pid_max")
                        if path.startswith(tuple("/proc/sys/kernel/" + name for name in own) + ("/proc/sys/fs/mqueue",)):
                            continue  # of its own IPC and PID namespaces, and nobody else's
                        try:
                            os.close(os.open(path, os.O_WRONLY))
                            written.append(path)
                        except OSError:
                            pass
            for path in ("/proc/sysrq-trigger", "/proc/kcore", "/proc/kmsg", "/dev/mem", "/dev/kmsg"):
                try:
                    os.close(os.open(path, os.O_RDWR))
                    written.append(path)
                except OSError:
                    pass
            return written
        """).invoke()
    assert reply.value == []


def test_the_host_and_other_functions_are_not_to_be_seen(bench: Bench, neighbour: Function):
    reply = bench.function("""
        import os, stat
        def look_into(folder):
            try:
                return [os.path.join(folder, name) for name in os.listdir(folder)]
            except OSError:
                return []
        def lambda_handler(event, context):
            seen = [path for folder in ("/home", "/root", "/srv", "/mnt", "/boot", "/media") for path in look_into(folder)]
            seen += [path for path in ("/var/run/docker.sock", "/run/docker.sock") if os.path.exists(path)]
            seen += [path for path in ("/etc/shadow", "/proc/kcore") if os.access(path, os.R_OK)]
            for folder, _folders, files in os.walk("/run"):
                seen += [name for name in files if stat.S_ISSOCK(os.lstat(os.path.join(folder, name)).st_mode)]
            pids = [name for name in os.listdir("/proc") if name.isdigit()]
            return [seen, os.listdir("/var/task"), len(pids)]
        """).invoke()
    seen, task, processes = reply.value
    assert seen == []
    assert task == ["lambda_function.py"]
    assert processes == 2


def test_the_functions_own_code_cannot_be_poisoned(bench: Bench):
    reply = bench.function(
        _handler("""
done = []
for act in (lambda: open("/var/task/lambda_function.py", "a"), lambda: os.chmod("/var/task/lambda_function.py", 0o777),
            lambda: os.unlink("/var/task/lambda_function.py"), lambda: os.rename("/var/task", "/tmp/task"),
            lambda: open("/var/rapid/init.py", "a"), lambda: os.link("/var/task/lambda_function.py", "/tmp/x")):
    try:
        act()
        done.append(1)
    except OSError:
        pass
return done
""")
    ).invoke()
    assert reply.value == []


# -- the protocol ----------------------------------------------------------------------------------

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
def test_a_forged_frame_ends_the_sandbox_and_nobody_elses(bench: Bench, neighbour: Function, forge: str):
    body = f"{FRAME}{FORGED}{forge}\ntime.sleep(5)\nreturn 'real'"
    reply = bench.function(_handler(body)).invoke(timeout_s=3)
    assert reply.outcome.kind in (Kind.PROTOCOL_VIOLATION, Kind.RESPONSE_TOO_LARGE)
    assert not reply.outcome.reusable
    assert b"forged" not in reply.outcome.payload


def test_a_second_answer_ends_the_sandbox(bench: Bench, neighbour: Function):
    function = bench.function(
        _handler(f"""
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
        _handler(f"""
{FRAME}
header = b'{{"id": "request-1"}}'
os.write(3, head(b'R', struct.pack('>I', len(header)) + header + b'\\xff not json'))
time.sleep(5)
""")
    ).invoke(timeout_s=3)
    assert reply.outcome.kind is Kind.PROTOCOL_VIOLATION


def test_closing_every_descriptor_is_an_exit(bench: Bench, neighbour: Function):
    reply = bench.function(_handler("os.closerange(0, 1024)\ntime.sleep(5)")).invoke(timeout_s=3)
    assert reply.outcome.kind is Kind.EXIT
    assert reply.outcome.error_type == "Runtime.ExitError"


def test_killing_everything_kills_only_oneself(bench: Bench, neighbour: Function):
    reply = bench.function(
        _handler("try:\n    os.kill(-1, 9)\nexcept ProcessLookupError:\n    return 'still here'")
    ).invoke()
    assert reply.value == "still here"


def test_a_child_that_returns_from_the_handler_answers_nothing(bench: Bench):
    function = bench.function(
        _handler("child = os.fork() == 0\ntime.sleep(0.1 if child else 0.3)\nreturn 'child' if child else 'parent'")
    )
    assert function.invoke().value == "parent"
    assert function.invoke().value == "parent"


def test_the_relay_cannot_be_flooded_with_connections(bench: Bench, neighbour: Function, settings):
    settings.API_INTERNAL = "127.0.0.1:1"
    reply = bench.function(
        _handler("""
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
        _handler("""
os.write(1, b"\\xff\\xfe \\x1b[31m <script>\\n")
return "ok"
""")
    ).invoke()
    assert reply.lines == ["\ufffd\ufffd \x1b[31m <script>"]


def _own_memory_kb() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def test_many_sandboxes_at_once_all_answer(bench: Bench):
    functions = [bench.function(FINE) for _ in range(6)]
    answers: list[object] = []
    threads = [threading.Thread(target=lambda one=one: answers.append(one.invoke().value)) for one in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == ["fine"] * 6
