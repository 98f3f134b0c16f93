"""Sandboxes that are forks of one interpreter: as separate as others, and never in the way."""

import os
import signal
from pathlib import Path

import pytest

from runner.environment import Environment
from runner.sandboxes import zygotes
from runner.sandboxes.base import Sdk
from runner.sandboxes.zygotes import Kind, Zygotes
from tests.runner.sandboxed import Bench, newest

pytestmark = pytest.mark.sandbox
PARENT = """
import os
def lambda_handler(event, context):
    return [os.getppid(), open("/proc/1/cmdline").read().partition("/zygote/main.py")[2].split("\\0")[1:-1]]
"""


def with_sdk():
    return Kind(newest("python"), has_sdk=True)


def without_sdk():
    return Kind(newest("python"), has_sdk=False)


def test_a_python_sandbox_is_a_fork_of_the_zygote(bench: Bench):
    assert bench.function(PARENT).invoke().value == [1, ["/var/runtime"]]


def test_a_function_that_does_not_name_the_sdk_is_a_fork_of_a_smaller_one(bench: Bench):
    assert bench.driver._zygotes.of(without_sdk(), wait=True)
    assert bench.function(PARENT, sdk=Sdk.UNUSED).invoke().value == [1, []]


def test_until_the_smaller_one_is_there_the_other_will_do(bench: Bench, monkeypatch):
    of = bench.driver._zygotes.of
    monkeypatch.setattr(bench.driver._zygotes, "of", lambda kind, **how: of(kind, **how) if kind.has_sdk else None)
    assert bench.function(PARENT, sdk=Sdk.UNUSED).invoke().value == [1, ["/var/runtime"]]


def test_who_did_not_name_the_sdk_and_imports_it_gets_it(bench: Bench):
    if not bench.has_sdk("python"):
        pytest.skip("the function libraries were not built")
    assert bench.driver._zygotes.of(without_sdk(), wait=True)
    source = """
    import importlib
    def lambda_handler(event, context):
        return importlib.import_module("bo" + "to3").client("sqs", region_name="us-east-1").meta.service_model.service_name
    """
    assert bench.function(source, sdk=Sdk.UNUSED).invoke().value == "sqs"


def test_what_chance_gives_is_no_other_sandboxs(bench: Bench):
    source = """
    import random, secrets, tempfile, uuid
    def lambda_handler(event, context):
        return [random.random(), secrets.token_hex(8), str(uuid.uuid4()), tempfile.mktemp()]
    """
    first, second = (bench.function(source).invoke().value for _ in range(2))
    assert all(one != other for one, other in zip(first, second, strict=True))


def test_a_module_named_as_one_of_the_platforms_own_is_the_functions(bench: Bench):
    names = ["init", "launcher", "zygote", "pid1", "queue"]
    files = {f"{name}.py": "mine = True" for name in names}
    files["lambda_function.py"] = f"""
        import {", ".join(names)}
        def lambda_handler(event, context):
            return [getattr(module, "mine", False) for module in ({", ".join(names)})]
        """
    assert bench.function(files).invoke().value == [True] * len(names)


def test_a_library_that_a_layer_brings_is_found(bench: Bench, tmp_path: Path):
    library = next(Path("/usr/lib").glob("*-linux-gnu/libz.so.1"))
    function = bench.function(
        """
        import ctypes
        def lambda_handler(event, context):
            return bool(ctypes.CDLL("libofalayer.so").zlibVersion)
        """,
        layers=({"lib/libofalayer.so": library.read_bytes()},),
    )
    assert function.invoke().value is True


@pytest.mark.parametrize(
    ("last", "status", "said"),
    [
        ("sys.exit()", 0, []),
        ("sys.exit(7)", 7, []),
        ("sys.exit('enough')", 1, ["enough"]),
        ("os._exit(9)", 9, []),
        ("atexit.register(print, 'the end', flush=True); sys.exit(3)", 3, ["the end"]),
    ],
)
def test_a_handler_that_leaves_ends_as_a_python_program_does(bench: Bench, last: str, status: int, said: list[str]):
    function = bench.function(f"""
        import atexit, os, sys
        def lambda_handler(event, context):
            {last}
        """)
    reply = function.invoke()
    assert reply.outcome.error_message.endswith(
        f"Runtime exited with error: exit status {status}" if status else "Runtime exited without providing a reason"
    )
    assert [line.strip() for line in reply.lines] == said


def test_a_zygote_that_dies_takes_its_sandboxes_along_and_another_comes(bench: Bench):
    before = bench.function(PARENT)
    zygote = bench.driver._zygotes.of(with_sdk())
    (pid,) = [
        pid
        for pid in _processes()
        if _command(pid).endswith("/zygote/main.py\0/var/runtime\0") and _is_below(pid, bench)
    ]
    os.kill(pid, signal.SIGKILL)
    assert zygotes.wait_gone(zygote._life, 30)
    again = Environment(bench.driver.start(newest("python"), sdk=Sdk.AHEAD))
    assert again.wait_ready(30)
    again.stop()
    assert before.environment.is_dead
    assert bench.driver._zygotes.of(with_sdk()) not in (zygote, None)


def _processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def _is_below(pid: int, bench: Bench) -> bool:
    """Whether the launcher of this driver has started it itself."""
    stat = Path(f"/proc/{pid}/stat").read_text()
    return int(stat.rpartition(")")[2].split()[1]) == bench.driver.launcher._process.pid


def test_where_none_can_be_had_sandboxes_are_started_the_other_way(bench: Bench, monkeypatch, caplog):
    def refuse(kind, control):
        raise OSError("no leave for that")

    none = Zygotes(begin=refuse, attempt=bench.driver._attempt)
    monkeypatch.setattr(bench.driver, "_zygotes", none)
    assert bench.function("def lambda_handler(event, context): return 1", sdk=Sdk.AHEAD).invoke().value == 1
    assert none.of(with_sdk(), wait=True) is None
    assert "no leave for that" in caplog.text
    assert len(caplog.records) == 1  # and it is not tried again at once
    none.close()


def test_no_descriptor_of_the_zygote_comes_along(bench: Bench):
    for _ in range(3):
        bench.function("def lambda_handler(event, context): return 1")
    source = """
    import os
    def lambda_handler(event, context):
        return sorted(os.readlink("/proc/self/fd/" + name).partition(":")[0] for name in os.listdir("/proc/self/fd")[:-1])
    """
    assert bench.function(source).invoke().value == ["/dev/null", "pipe", "pipe", "socket"]
