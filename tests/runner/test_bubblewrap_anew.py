"""Bubblewrap keeps the contract where sandboxes cannot be forks of a zygote: each has new interpreters."""

from collections.abc import Iterator

import pytest

from runner.sandboxes.base import SandboxDriver
from tests.runner.sandbox_contract import *  # noqa: F403
from tests.runner.sandbox_node import node  # noqa: F401
from tests.runner.sandbox_walls import *  # noqa: F403
from tests.runner.sandboxed import bubblewrap

pytestmark = pytest.mark.sandbox


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxDriver]:
    with bubblewrap(tmp_path_factory.mktemp("data"), zygotes=False) as made:
        yield made
