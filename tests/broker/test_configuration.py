"""What a sandbox's container may and may not: the engine is told all of it, whatever a worker asks for."""

from core import limits
from runner.broker.containers import Order, configuration

ORDER = Order(
    image="sha256:1",
    config="{}",
    source="/srv/slots/abc",
    slot=7,
    user=2_000_000_007,
    memory_mb=720,
    ephemeral_mb=512,
    cores=0.5,
    install="test",
)


def test_a_container_has_no_network_no_capabilities_and_no_way_to_gain_any():
    host = configuration(ORDER)["HostConfig"]
    assert configuration(ORDER)["NetworkDisabled"] and host["NetworkMode"] == "none"
    assert host["CapDrop"] == ["ALL"]
    assert not host["Privileged"]
    assert "no-new-privileges" in host["SecurityOpt"]
    assert any(option.startswith("seccomp={") for option in host["SecurityOpt"])


def test_nothing_in_it_can_be_written_but_a_bounded_tmp():
    host = configuration(ORDER)["HostConfig"]
    assert host["ReadonlyRootfs"]
    assert all(mount["ReadOnly"] for mount in host["Mounts"])
    assert list(host["Tmpfs"]) == ["/tmp"]
    assert "size=512m" in host["Tmpfs"]["/tmp"] and "nr_inodes=" in host["Tmpfs"]["/tmp"]


def test_it_sees_only_its_own_slot_of_the_host():
    sources = {mount["Source"] for mount in configuration(ORDER)["HostConfig"]["Mounts"]}
    assert sources == {
        f"/srv/slots/abc/{name}" for name in ("task", "opt", "wire", "passwd", "group", "hosts", "resolv.conf")
    }


def test_it_runs_as_a_user_of_its_own():
    assert configuration(ORDER)["User"] == "2000000007:2000000007"


def test_it_cannot_swap_and_has_bounded_processes_and_files():
    host = configuration(ORDER)["HostConfig"]
    assert host["Memory"] == host["MemorySwap"] == 720 * limits.MIB
    assert host["PidsLimit"] == limits.PROCESSES_PER_SANDBOX
    assert {"Name": "nofile", "Soft": 1024, "Hard": 1024} in host["Ulimits"]


def test_it_ends_and_vanishes_when_the_worker_lets_go_of_its_stream():
    container = configuration(ORDER)
    assert container["OpenStdin"] and container["StdinOnce"]
    assert container["HostConfig"]["AutoRemove"]
