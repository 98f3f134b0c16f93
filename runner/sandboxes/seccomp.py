"""Which system calls code inside may make: one list, from which both forms of the filter are generated.

``bpf`` gives the raw program that bubblewrap loads, ``docker_profile`` the JSON that a container engine takes. What is
not allowed here answers EPERM; what programs probe for and fall back from answers ENOSYS. ``syscalls.json`` holds the
numbers of the names, for each architecture.
"""

import functools
import json
import platform
import struct
from pathlib import Path
from typing import Any

from runner.sandboxes.base import SandboxUnavailable

# By what they are for. Left out on purpose: mounts, namespaces, modules, kexec, bpf, perf, keys, ptrace and its kin,
# clocks, reboot, swap, quotas, NUMA policy, memfd_secret, modify_ldt, vmsplice, io ports, kernel log, handles to files.
ALLOWED = """
read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 lseek sendfile splice tee copy_file_range
open openat openat2 creat close close_range stat fstat lstat newfstatat statx access faccessat faccessat2 readlink
readlinkat getdents getdents64 getcwd chdir fchdir rename renameat renameat2 mkdir mkdirat rmdir link linkat unlink
unlinkat symlink symlinkat mknod mknodat chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat umask utime utimes
futimesat utimensat truncate ftruncate fallocate fadvise64 readahead flock fsync fdatasync sync syncfs sync_file_range
statfs fstatfs fcntl dup dup2 dup3 pipe pipe2 cachestat
setxattr lsetxattr fsetxattr getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr removexattr lremovexattr
fremovexattr
poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd eventfd2
signalfd signalfd4 timerfd_create timerfd_settime timerfd_gettime inotify_init inotify_init1 inotify_add_watch
inotify_rm_watch io_setup io_destroy io_getevents io_submit io_cancel
mmap mprotect munmap brk mremap msync mincore madvise mlock mlock2 munlock mlockall munlockall memfd_create membarrier
pkey_mprotect pkey_alloc pkey_free
connect accept accept4 sendto recvfrom sendmsg recvmsg sendmmsg recvmmsg shutdown bind listen getsockname getpeername
socketpair setsockopt getsockopt
fork vfork execve execveat exit exit_group wait4 waitid kill tkill tgkill pidfd_open pidfd_send_signal getpid getppid
gettid getpgid getpgrp setpgid getsid setsid getuid geteuid getgid getegid getgroups getresuid getresgid setuid setgid
setreuid setregid setresuid setresgid setfsuid setfsgid capget prctl arch_prctl seccomp landlock_create_ruleset
landlock_add_rule landlock_restrict_self set_tid_address set_robust_list get_robust_list rseq futex futex_waitv
futex_wake futex_wait futex_requeue process_mrelease restart_syscall
rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigqueueinfo rt_tgsigqueueinfo rt_sigsuspend
sigaltstack pause alarm getitimer setitimer timer_create timer_settime timer_gettime timer_getoverrun timer_delete
nanosleep clock_nanosleep clock_gettime clock_getres gettimeofday time times
sched_yield sched_setparam sched_getparam sched_setscheduler sched_getscheduler sched_get_priority_max
sched_get_priority_min sched_rr_get_interval sched_setaffinity sched_getaffinity sched_setattr sched_getattr getpriority
setpriority getrlimit setrlimit prlimit64 getrusage sysinfo uname getcpu getrandom
semget semop semctl semtimedop shmget shmat shmctl shmdt msgget msgsnd msgrcv msgctl mq_open mq_unlink mq_timedsend
mq_timedreceive mq_notify mq_getsetattr
""".split()  # noqa: SIM905

NOT_THERE = "clone3 io_uring_setup io_uring_enter io_uring_register userfaultfd".split()  # noqa: SIM905
SOCKET_FAMILIES = (1, 2, 10, 16)  # UNIX, INET, INET6, NETLINK (the C library lists interfaces with it)
NAMESPACE_FLAGS = 0x7E020080  # CLONE_NEW{NS,CGROUP,UTS,IPC,USER,PID,NET,TIME}
TERMINAL_INJECTION = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX
PERSONALITIES = (0, 0xFFFFFFFF)  # the default, and "which one is it?"

EPERM, ENOSYS, EAFNOSUPPORT = 1, 38, 97
_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_DOCKER_ARCH = {"x86_64": "SCMP_ARCH_X86_64", "aarch64": "SCMP_ARCH_AARCH64"}
_X32_BIT = 0x40000000

# classic BPF: load word, jump if equal / greater-or-equal / any bit set, return
_LD, _JEQ, _JGE, _JSET, _RET = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER, _ARCH, _ARG0, _ARG1 = 0, 4, 16, 24  # offsets in struct seccomp_data; arguments: the low word


@functools.cache
def _numbers(machine: str) -> dict[str, int]:
    tables: dict[str, dict[str, int]] = json.loads((Path(__file__).parent / "syscalls.json").read_text())
    if machine not in tables:
        raise SandboxUnavailable(f"No system call table for {machine}; known: {', '.join(tables)}.")
    return tables[machine]


class _Program:
    def __init__(self) -> None:
        self.code: list[bytes] = []

    def add(self, code: int, value: int, if_true: int = 0, if_false: int = 0) -> None:
        self.code.append(struct.pack("<HBBI", code, if_true, if_false, value))

    def answer(self, number: int, verdict: int) -> None:
        """Call ``number`` gets ``verdict``."""
        self.add(_JEQ, number, 0, 1)
        self.add(_RET, verdict)

    def by_argument(self, number: int, offset: int, values: tuple[int, ...], found: int, otherwise: int) -> None:
        """Call ``number`` gets ``found`` when the argument at ``offset`` is one of ``values``."""
        self.add(_JEQ, number, 0, 2 + 2 * len(values))
        self.add(_LD, offset)
        for value in values:
            self.answer(value, found)
        self.add(_RET, otherwise)


def bpf(machine: str = "") -> bytes:
    """The filter as a raw BPF program for ``machine`` (default: this one)."""
    machine = machine or platform.machine()
    numbers, program = _numbers(machine), _Program()
    program.add(_LD, _ARCH)
    program.add(_JEQ, _AUDIT_ARCH[machine], 1, 0)
    program.add(_RET, _KILL)
    program.add(_LD, _NUMBER)
    program.add(_JGE, _X32_BIT, 0, 1)
    program.add(_RET, _ERRNO | ENOSYS)
    for name in NOT_THERE:
        program.answer(numbers[name], _ERRNO | ENOSYS)
    program.add(_JEQ, numbers["clone"], 0, 4)
    program.add(_LD, _ARG0)
    program.add(_JSET, NAMESPACE_FLAGS, 0, 1)
    program.add(_RET, _ERRNO | EPERM)
    program.add(_RET, _ALLOW)
    program.by_argument(numbers["socket"], _ARG0, SOCKET_FAMILIES, _ALLOW, _ERRNO | EAFNOSUPPORT)
    program.by_argument(numbers["ioctl"], _ARG1, TERMINAL_INJECTION, _ERRNO | EPERM, _ALLOW)
    program.by_argument(numbers["personality"], _ARG0, PERSONALITIES, _ALLOW, _ERRNO | EPERM)
    for name in ALLOWED:
        if name in numbers:
            program.answer(numbers[name], _ALLOW)
    program.add(_RET, _ERRNO | EPERM)
    return b"".join(program.code)


def docker_profile() -> dict[str, Any]:
    """The same filter as a container engine's seccomp profile."""
    rules: list[dict[str, Any]] = [
        {"names": ALLOWED, "action": "SCMP_ACT_ALLOW"},
        {"names": NOT_THERE, "action": "SCMP_ACT_ERRNO", "errnoRet": ENOSYS},
        _docker_rule("clone", 0, NAMESPACE_FLAGS, "SCMP_CMP_MASKED_EQ"),
        # One rule cannot exclude two values of one argument; TIOCLINUX needs a virtual console, which nobody has here.
        _docker_rule("ioctl", 1, TERMINAL_INJECTION[0], "SCMP_CMP_NE"),
    ]
    rules += [_docker_rule("socket", 0, family, "SCMP_CMP_EQ") for family in SOCKET_FAMILIES]
    rules += [_docker_rule("personality", 0, value, "SCMP_CMP_EQ") for value in PERSONALITIES]
    return {
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": EPERM,
        "archMap": [{"architecture": name, "subArchitectures": []} for name in _DOCKER_ARCH.values()],
        "syscalls": rules,
    }


def _docker_rule(name: str, index: int, value: int, operator: str) -> dict[str, Any]:
    argument = {"index": index, "value": value, "valueTwo": 0, "op": operator}
    return {"names": [name], "action": "SCMP_ACT_ALLOW", "args": [argument]}
