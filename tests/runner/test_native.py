"""The native driver keeps the contract too, for the owner's own code; and is refused for anybody else's."""

from collections.abc import Iterator

import pytest
from django.test import override_settings

from runner.sandboxes.base import SandboxDriver, SandboxUnavailable
from runner.sandboxes.native import Native
from tests.runner.sandbox_contract import *  # noqa: F403
from tests.runner.sandbox_node import *  # noqa: F403


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxDriver]:
    with override_settings(DATA_DIR=tmp_path_factory.mktemp("data"), ALLOW_UNSANDBOXED=True):
        made = Native()
        made.prepare()
        yield made
        made.close()


def test_unsandboxed_code_is_refused_unless_it_was_allowed(settings):
    settings.ALLOW_UNSANDBOXED = False
    with pytest.raises(SandboxUnavailable, match="ALLOW_UNSANDBOXED"):
        Native().prepare()
