"""Control groups of version 2: what is written where; and on a real hierarchy, where there is one, the end of a group."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from core import limits
from runner.sandboxes import cgroups
from runner.sandboxes.cgroups import Version2


@pytest.fixture
def hierarchy(tmp_path: Path) -> Path:
    """A folder with the files that the kernel would put at the top of the hierarchy."""
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io memory pids")
    (tmp_path / "cgroup.subtree_control").write_text("")
    return tmp_path


@pytest.fixture
def groups(hierarchy: Path) -> Version2:
    made = Version2(hierarchy)
    made.prepare()
    return made


def written(groups: Version2, name: str, file: str) -> str:
    return (Path(groups.directories(name)[0]) / file).read_text()


def test_the_controllers_are_handed_down_to_our_groups(groups: Version2):
    for parent in (groups.root, groups.root / cgroups.NAME):
        assert (parent / "cgroup.subtree_control").read_text() == "+memory +pids +cpu"


def test_a_new_group_has_its_bound_of_processes_and_one_file_to_join_it(groups: Version2):
    join = groups.create("one")

    assert join == [str(groups.root / cgroups.NAME / "one" / "cgroup.procs")]
    assert written(groups, "one", "pids.max") == str(limits.PROCESSES_PER_SANDBOX)


def test_memory_is_bounded_and_never_swapped(groups: Version2):
    groups.create("one")
    groups.limit_memory("one", 128 * limits.MIB)

    assert written(groups, "one", "memory.max") == str(128 * limits.MIB)
    assert written(groups, "one", "memory.swap.max") == "0"


@pytest.mark.parametrize(("cores", "quota"), [(0.25, "25000 100000"), (1.0, "100000 100000"), (1.5, "150000 100000")])
def test_the_share_of_the_processor_is_a_quota_in_a_period(groups: Version2, cores: float, quota: str):
    groups.create("one")
    groups.limit_cpu("one", cores)

    assert written(groups, "one", "cpu.max") == quota


def test_kills_for_want_of_memory_are_read_from_the_groups_events(groups: Version2):
    groups.create("one")
    assert groups.oom_kills("one") == 0
    (Path(groups.directories("one")[0]) / "memory.events").write_text("low 0\nhigh 0\nmax 7\noom 3\noom_kill 2\n")

    assert groups.oom_kills("one") == 2


def test_groups_are_found_by_the_beginning_of_their_names(groups: Version2):
    for name in ("a-1", "a-2", "b-1"):
        groups.create(name)

    assert groups.names("a-") == {"a-1", "a-2"}


def test_a_group_that_holds_somebody_is_told_to_kill_them_all(groups: Version2, monkeypatch: pytest.MonkeyPatch):
    groups.create("one")  # its files, which a real one would take along, keep the folder as processes would
    monkeypatch.setattr(cgroups, "REMOVAL_S", 0)

    assert not groups.remove("one")
    assert written(groups, "one", "cgroup.kill") == "1"


def test_version_2_is_found_where_version_1_is_not(hierarchy: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cgroups, "ROOT", hierarchy)
    monkeypatch.setattr(cgroups, "REMOVAL_S", 0)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    found, said = cgroups.find()

    assert found is not None and found.version == 2
    assert said == "version 2"


def test_a_hierarchy_that_is_not_ours_to_divide_is_said_to_be_so(hierarchy: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cgroups, "ROOT", hierarchy)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    (hierarchy / "cgroup.subtree_control").unlink()
    (hierarchy / "cgroup.subtree_control").mkdir()
    found, said = cgroups.find()

    assert found is None
    assert said.startswith("version 2 is not delegated to this process")


@pytest.mark.parametrize(("user", "said"), [(1000, "not running as root"), (0, "no control groups are mounted")])
def test_without_control_groups_the_reason_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user, said):
    monkeypatch.setattr(cgroups, "ROOT", tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: user)

    assert cgroups.find() == (None, said)


# -- on a real hierarchy ---------------------------------------------------------------------------


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Version2]:
    """Version 2 as this kernel has it mounted, be it beside version 1 and without controllers."""
    mounts = (line.split() for line in Path("/proc/mounts").read_text().splitlines())
    root = next((Path(mount[1]) for mount in mounts if mount[2] == "cgroup2"), None)
    if root is None or not os.access(root, os.W_OK):
        pytest.skip("no control groups of version 2 are mounted for us to use")
    made = Version2(root)
    name = f"test-{os.getpid()}"
    try:
        Path(made.directories(name)[0]).mkdir(parents=True)
    except OSError as error:
        pytest.skip(f"no groups can be made in {root}: {error.strerror}")
    yield made
    made.remove(name)
    with suppress(OSError):  # others may be using it
        Path(made.directories(name)[0]).parent.rmdir()


def test_a_group_ends_with_everybody_in_it_whatever_they_ignore(real: Version2):
    name = f"test-{os.getpid()}"
    join = Path(real.directories(name)[0]) / "cgroup.procs"
    script = "echo 0 > \"$0\"; trap '' TERM HUP; sleep 1000 & sleep 1000 & setsid sleep 1000 & echo started; wait"
    leader = subprocess.Popen(("sh", "-c", script, str(join)), stdout=subprocess.PIPE)
    assert leader.stdout and leader.stdout.readline() == b"started\n"
    members = join.read_text().split()
    assert len(members) >= 3

    assert real.remove(name)
    assert leader.wait() == -9
    assert not join.parent.exists()
    assert name not in real.names("test-")
