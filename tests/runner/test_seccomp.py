"""The system call filter: both forms of it say the same, on both architectures."""

import json
import struct

import pytest

from runner.sandboxes import seccomp
from runner.sandboxes.base import SandboxUnavailable

MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ALLOW, KILL = 0x7FFF0000, 0x80000000


def verdict(machine: str, number: int, *arguments: int, arch: int | None = None) -> int:
    """Run the program as the kernel would."""
    data = struct.pack("<IIQ6Q", number, MACHINES[machine] if arch is None else arch, 0, *(arguments + (0,) * 6)[:6])
    program = list(struct.iter_unpack("<HBBI", seccomp.bpf(machine)))
    at = accumulator = 0
    while True:
        code, if_true, if_false, value = program[at]
        at += 1
        if code == 0x20:
            (accumulator,) = struct.unpack_from("<I", data, value)
        elif code == 0x06:
            return value
        else:
            holds = {0x15: accumulator == value, 0x35: accumulator >= value, 0x45: bool(accumulator & value)}[code]
            at += if_true if holds else if_false


def number(machine: str, name: str) -> int:
    return seccomp._numbers(machine)[name]


@pytest.fixture(params=MACHINES)
def machine(request: pytest.FixtureRequest) -> str:
    return request.param


def test_what_programs_need_is_allowed_and_what_is_not_listed_is_refused(machine: str):
    for name in ("read", "openat", "execve", "futex", "getrandom", "statx"):
        assert verdict(machine, number(machine, name)) == ALLOW
    for unlisted in ("mount", "bpf", "ptrace", "keyctl", "setns", "unshare"):
        assert unlisted not in seccomp._numbers(machine)
    assert verdict(machine, 9999) == 0x50001


def test_what_programs_fall_back_from_is_said_not_to_exist(machine: str):
    for name in seccomp.NOT_THERE:
        assert verdict(machine, number(machine, name)) == 0x50000 | 38


def test_clone_makes_threads_and_no_namespaces(machine: str):
    assert verdict(machine, number(machine, "clone"), 0x3D0F00) == ALLOW
    for flag in (0x10000000, 0x40000000, 0x20000, 0x80):
        assert verdict(machine, number(machine, "clone"), flag | 17) == 0x50001


def test_sockets_are_of_known_families_only(machine: str):
    assert verdict(machine, number(machine, "socket"), 2) == ALLOW
    for family in (15, 17, 38, 40, 44):
        assert verdict(machine, number(machine, "socket"), family) == 0x50000 | 97


def test_nothing_can_be_typed_into_a_terminal(machine: str):
    assert verdict(machine, number(machine, "ioctl"), 1, 0x5401) == ALLOW
    assert verdict(machine, number(machine, "ioctl"), 1, 0x5412) == 0x50001


def test_another_architecture_is_killed_and_x32_refused():
    assert verdict("x86_64", 0, arch=0x40000003) == KILL
    assert verdict("x86_64", 0x40000000) == 0x50000 | 38


def test_an_unknown_machine_is_refused():
    with pytest.raises(SandboxUnavailable):
        seccomp.bpf("sparc")


def test_the_container_profile_allows_the_same_names():
    profile = json.loads(json.dumps(seccomp.docker_profile()))
    allowed = {name for rule in profile["syscalls"] if rule["action"] == "SCMP_ACT_ALLOW" for name in rule["names"]}
    assert allowed == {*seccomp.ALLOWED, "clone", "socket", "ioctl", "personality"}
    assert profile["defaultAction"] == "SCMP_ACT_ERRNO"


def test_every_listed_name_has_a_number_where_the_architecture_has_the_call():
    assert set(seccomp.ALLOWED) | set(seccomp.NOT_THERE) <= set(seccomp._numbers("x86_64"))
