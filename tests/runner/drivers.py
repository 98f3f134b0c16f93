"""Fixtures for tests that run on both drivers: import ``driver``, and what it needs, from here."""

from collections.abc import Iterator

import pytest

from runner.sandboxes.base import SandboxDriver
from tests.engine import engine_with_images, shared_broker
from tests.runner.sandboxed import bubblewrap, containers

__all__ = ["driver", "engine_with_images", "shared_broker"]


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
