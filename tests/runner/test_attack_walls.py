"""Hostile handlers that try to get out, to look around, or to reach somebody: they find walls."""

import os
from pathlib import Path

import pytest

from tests.runner.hostile import *  # noqa: F403
from tests.runner.hostile import handler
from tests.runner.sandboxed import CANARY, Bench

# -- the kernel ------------------------------------------------------------------------------------

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
        handler("""
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
        handler("""
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
        handler("""
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


def test_odd_socket_families_are_refused(bench: Bench):
    reply = bench.function(
        handler("""
opened = []
for name in event:
    try:
        socket.socket(getattr(socket, name), socket.SOCK_SEQPACKET if name == "AF_ALG" else socket.SOCK_STREAM).close()
        opened.append(name)
    except (OSError, AttributeError):
        pass
return opened
""")
    ).invoke(["AF_PACKET", "AF_VSOCK", "AF_ALG", "AF_BLUETOOTH", "AF_CAN", "AF_TIPC", "AF_NETLINK"])
    assert set(reply.value) <= {"AF_NETLINK"}  # it tells of an empty namespace


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


def test_the_host_and_other_functions_are_not_to_be_seen(bench: Bench):
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
        handler("""
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


def test_there_is_no_terminal_to_type_into(bench: Bench):
    reply = bench.function(
        handler("""
import fcntl, termios
done = []
for name in ("/dev/tty", "/dev/console", "/dev/pts/0", "/dev/ptmx"):
    try:
        fd = os.open(name, os.O_RDWR)
        fcntl.ioctl(fd, termios.TIOCSTI, b"x")
        done.append(name)
    except OSError:
        pass
for fd in range(4):
    try:
        fcntl.ioctl(fd, termios.TIOCSTI, b"x")
        done.append(fd)
    except OSError:
        pass
return [done, [fd for fd in range(4) if os.isatty(fd)], os.getsid(0) == os.getsid(1) or os.getsid(1) == 0]
""")
    ).invoke()
    assert reply.value[:2] == [[], []]


# -- secrets ---------------------------------------------------------------------------------------

SEARCH = """
import os
def pieces(path):
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return
    kept = b""
    try:
        for _ in range(256):
            data = os.read(fd, 1 << 16)
            if not data:
                return
            yield kept + data
            kept = data[-64:]
    except OSError:
        return
    finally:
        os.close(fd)
def memory(pid):
    with open("/proc/%s/maps" % pid) as maps, open("/proc/%s/mem" % pid, "rb", 0) as mem:
        for line in maps:
            first, last = (int(end, 16) for end in line.split()[0].split("-"))
            if line.split()[1][0] == "r" and last - first < 64 << 20:
                try:
                    mem.seek(first)
                    yield mem.read(last - first)
                except (OSError, ValueError, OverflowError):
                    continue
def holds(data, start, end):  # the secret is not put together here, or it would be found here
    at = data.find(start)
    while at >= 0:
        if data.startswith(end, at + len(start)):
            return True
        at = data.find(start, at + 1)
    return False
SKIPPED = ("/usr", "/lib", "/lib64", "/var/lang", "/var/runtime", "/var/rapid/lang", "/proc/sys", "/sys")
def lambda_handler(event, context):
    start, end = (text.encode() for text in event)
    found, looked = [], 0
    for folder, folders, files in os.walk("/"):
        if folder.startswith(SKIPPED) or "/task/" in folder:
            folders.clear()
            continue
        for name in files:
            path = os.path.join(folder, name)
            if name in ("kmsg", "kcore", "mem", "pagemap", "clear_refs"):
                continue
            looked += 1
            found += [path] * any(holds(data, start, end) for data in pieces(path))
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            found += ["memory of " + pid] * any(holds(data, start, end) for data in memory(pid))
            looked += 1
        except OSError:
            pass
    found += [name for name in os.environ if holds(os.environ[name].encode(), start, end)]
    return [found, looked]
"""


def test_a_secret_of_the_worker_is_nowhere_inside(bench: Bench, tmp_path: Path):
    assert os.environ["PUPITRE_TEST_CANARY"] == CANARY
    function = bench.function(SEARCH, memory_mb=512)
    found, looked = function.invoke([CANARY[:5], CANARY[5:]], timeout_s=120).value
    assert found == []
    assert looked > 100


def test_the_search_for_a_secret_finds_one_that_is_there(bench: Bench):
    function = bench.function({"lambda_function.py": SEARCH, "kept": CANARY}, memory_mb=512)
    found, _looked = function.invoke([CANARY[:5], CANARY[5:]], timeout_s=120).value
    assert "/var/task/kept" in found
