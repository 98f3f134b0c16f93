"""With containers, which runtimes there are is asked of the broker."""

import logging

import pytest

from runner.sandboxes import images


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch):
    monkeypatch.setattr(images, "_known", ())
    monkeypatch.setattr(images, "_trouble", "")


def test_a_broker_that_is_away_is_told_of_once(settings, tmp_path, caplog):
    settings.SANDBOX_BROKER = tmp_path / "nobody"
    with caplog.at_level(logging.WARNING, logger=images.log.name):
        assert [images.interpreters() for _ in range(3)] == [(), (), ()]
    assert len(caplog.records) == 1
