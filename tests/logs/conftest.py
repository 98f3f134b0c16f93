"""Groups with events."""

import pytest

from core import clock
from logs.services import InputEvent, create_log_group, create_log_stream, put_log_events


@pytest.fixture
def make_stream():
    """Make group and stream with one event a second up to now, oldest first; returns the time of the first."""

    def make(account, *messages, group="g", stream="s"):
        from logs.models import LogGroup

        if not LogGroup.objects.filter(account=account, name=group).exists():
            create_log_group(account=account, name=group)
        create_log_stream(account=account, group=group, name=stream)
        first = clock.epoch_ms() - 1000 * len(messages)
        events = [InputEvent(first + 1000 * n, message) for n, message in enumerate(messages)]
        if events:
            put_log_events(account=account, group=group, stream=stream, events=events)
        return first

    return make
