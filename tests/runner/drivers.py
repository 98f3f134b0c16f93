"""Fixtures for tests that run on both drivers: import ``bench`` and ``driver``, and what they need, from here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.sandboxes.base import SandboxDriver
from tests.engine import engine_with_images, shared_broker
from tests.runner.sandboxed import Bench, bubblewrap, containers, opened

__all__ = ["bench", "driver", "engine_with_images", "shared_broker"]


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
