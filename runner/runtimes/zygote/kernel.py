"""What is asked of the kernel in order to hold a process: mounts, namespaces, capabilities, system calls.

Each function raises OSError, with what it was about, when the kernel refuses. Standard library only, from Python 3.9.
"""

import ctypes
import fcntl
import os
import socket
import struct

LIBC = ctypes.CDLL(None, use_errno=True)
NEWNS, NEWCGROUP, NEWUTS, NEWIPC = 0x00020000, 0x02000000, 0x04000000, 0x08000000
NEWUSER, NEWPID, NEWNET = 0x10000000, 0x20000000, 0x40000000
NAMESPACES = NEWUSER | NEWNS | NEWPID | NEWNET | NEWIPC | NEWUTS | NEWCGROUP  # a sandbox's
NOSUID, NODEV, NOEXEC, BIND, REC = 2, 4, 8, 4096, 16384
READ_ONLY, NO_SUID, NO_DEVICES = 1, 2, 4  # attributes of mounts
PRIVATE = 1 << 18
DETACH = 2
CLOSE_RANGE, MOUNT_SETATTR = 436, 442  # the same on every architecture
AT_FDCWD, AT_RECURSIVE = -100, 0x8000
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_CAPBSET_DROP = 1, 4, 22, 24
PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 38, 47
PR_CAP_AMBIENT_CLEAR_ALL = 4
SECCOMP_MODE_FILTER = 2
LINUX_CAPABILITY_VERSION_3 = 0x20080522
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
INSTRUCTION = 8  # bytes of one of a filter's


def checked(result, about):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), about)


def mount(source, target, kind, flags, data=""):
    checked(LIBC.mount(source.encode(), target.encode(), kind.encode(), flags, data.encode()), target)


def bind(source, target):
    """``source`` and what is mounted below it, at ``target``."""
    mount(source, target, "", BIND | REC)


def bind_to_read(source, target):
    """As ``bind``; nothing there can be written to, is a device, or makes anybody somebody else."""
    bind(source, target)
    restrict(target, READ_ONLY | NO_SUID | NO_DEVICES)


def restrict(target, attributes, *, below=True):
    """Give the mount ``target``, and those ``below`` it, more attributes, which nobody inside can take away again."""
    attributes = struct.pack("=QQQQ", attributes, 0, 0, 0)
    result = LIBC.syscall(
        ctypes.c_long(MOUNT_SETATTR),
        ctypes.c_int(AT_FDCWD),
        target.encode(),
        ctypes.c_uint(AT_RECURSIVE if below else 0),
        attributes,
        ctypes.c_size_t(len(attributes)),
    )
    checked(result, target)


def change_root(new_root):
    """``new_root``, a mount, becomes ``/``; what was there before cannot be reached any more."""
    os.chdir(new_root)
    checked(LIBC.pivot_root(b".", b"."), "pivot_root")
    checked(LIBC.umount2(b".", DETACH), "the root before")
    os.chdir("/")


def unshare(flags):
    checked(LIBC.unshare(flags), "unshare")


def close_from(number):
    """Close every descriptor from ``number`` on, also those above a limit that was set since."""
    result = LIBC.syscall(
        ctypes.c_long(CLOSE_RANGE), ctypes.c_uint(number), ctypes.c_uint(0xFFFFFFFF), ctypes.c_uint(0)
    )
    checked(result, "close_range")


def prctl(option, *arguments):
    numbers = [ctypes.c_ulong(argument) for argument in (*arguments, 0, 0, 0, 0)[:4]]
    checked(min(LIBC.prctl(option, *numbers), 0), "prctl %d" % option)


def map_user(user, group, outside_user, outside_group):
    """In a new user namespace: be ``user`` and ``group``, and let there be nobody else."""
    for name, text in (
        ("setgroups", "deny"),
        ("gid_map", "%d %d 1" % (group, outside_group)),
        ("uid_map", "%d %d 1" % (user, outside_user)),
    ):
        with open("/proc/self/" + name, "w") as file:
            file.write(text)


def bring_up_loopback():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(sock, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))


def set_hostname(name):
    checked(LIBC.sethostname(name.encode(), len(name)), "sethostname")


def drop_capabilities():
    """Every capability, of this process and of whatever it will execute."""
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    with open("/proc/sys/kernel/cap_last_cap") as file:
        last = int(file.read())
    for number in range(last + 1):
        prctl(PR_CAPBSET_DROP, number)
    header = struct.pack("=Ii", LINUX_CAPABILITY_VERSION_3, 0)
    checked(LIBC.capset(header, bytes(24)), "capset")


def filter_system_calls(program):
    """Let ``program`` (instructions as the kernel has them) judge every system call from now on."""

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]

    prctl(PR_SET_NO_NEW_PRIVS, 1)
    filtering = Program(len(program) // INSTRUCTION, program)
    checked(min(LIBC.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(filtering), 0, 0), 0), "seccomp")
