"""Which interpreter runs which runtime identifier."""

from pathlib import Path

import pytest

from runner import runtimes
from runner.runtimes import Interpreter, choice
from runner.sandboxes.base import SandboxUnavailable


def _interpreter(family: str, *version: int) -> Interpreter:
    return Interpreter(family, (version[0], version[1]), Path("/usr/bin/x"), Path("/usr"))


HOST = (_interpreter("python", 3, 13), _interpreter("python", 3, 11), _interpreter("node", 20, 5))


@pytest.fixture(autouse=True)
def host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "interpreters", lambda: HOST)


@pytest.mark.parametrize(
    ("runtime", "label"),
    [
        ("python3.13", "Python 3.13"),
        ("python3.11", "Python 3.11"),
        ("python3.12", "Python 3.13"),
        ("python3.8", "Python 3.11"),
        ("python2.7", "Python 3.11"),
        ("python3.14", "Python 3.13"),
        ("nodejs20.x", "Node.js 20"),
        ("nodejs4.3", "Node.js 20"),
        ("nodejs24.x", "Node.js 20"),
    ],
)
def test_a_runtime_runs_on_its_own_version_or_the_nearest_that_still_understands_it(runtime: str, label: str):
    assert runtimes.interpreter_for(runtime).label == label


def test_a_runtime_that_runs_on_another_version_says_so():
    assert runtimes.note_for("python3.8") == "This server runs python3.8 on Python 3.11."
    assert runtimes.note_for("python3.13") == ""
    assert runtimes.note_for("nodejs20.x") == ""


@pytest.mark.parametrize("runtime", ["java21", "ruby3.3", "no-such-runtime"])
def test_a_runtime_without_an_interpreter_is_not_available(runtime: str):
    assert not runtimes.is_available(runtime)
    with pytest.raises(SandboxUnavailable, match=runtime):
        runtimes.interpreter_for(runtime)


def test_without_any_interpreter_of_the_family_the_error_names_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(choice, "interpreters", lambda: HOST[:2])
    with pytest.raises(SandboxUnavailable, match="nodejs"):
        runtimes.interpreter_for("nodejs20.x")


def test_a_custom_runtime_runs_beside_the_newest_python():
    interpreter = runtimes.interpreter_for("provided.al2023")
    assert (interpreter.family, interpreter.version) == ("provided", (3, 13))
    assert (
        runtimes.note_for("provided.al2") == "This server runs custom runtimes on its own system, not on Amazon Linux."
    )
