"""A test that waits for an environment: whoever pressed Test sees how many are before it, until it begins."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from accounts.models import Account
from console.pages import streams
from console.running import Running
from core import ids
from functions.models import Version
from runner import watching
from runner.answers import InLine, LogLine
from tests.runner.conftest import messenger, redis_url  # noqa: F401

pytestmark = pytest.mark.usefixtures("messenger")


async def seen(steps: list[Any], language: str, silent: Sequence[int] = ()) -> list[str]:
    """What each of these makes the page show, but those that are to show nothing."""
    request_id, account = ids.request_id(), Account(pk="123456789012")
    task: Any = asyncio.get_running_loop().create_future()
    test = Running(account.pk, "hello", "", b"{}", task)
    messages = streams.TestStream(account, Version(), request_id, language, test).messages()
    found = []
    for number, step in enumerate(steps):
        await asyncio.to_thread(watching.publish, request_id, step)
        if number in silent:
            continue
        found.append((await asyncio.wait_for(anext(messages), 60)).decode())
    await messages.aclose()  # type: ignore[attr-defined]
    return found


def test_its_place_is_shown_and_goes_with_the_first_line():
    second, next_one, line = asyncio.run(seen([InLine(2), InLine(1), LogLine(0, "START RequestId\n", "p")], "en"))
    assert 'hx-target="#in-line"' in second and "2 are before it." in second
    assert "1 is before it." in next_one
    assert "START RequestId" in line
    assert "before it" not in line and 'hx-target="#in-line"' in line


def test_what_it_waits_for_is_told_and_a_place_that_comes_late_is_not():
    steps = [InLine(4, is_taken=False), LogLine(0, "START RequestId\n", "p"), InLine(3), LogLine(0, "more\n", "f")]
    first, second, third = asyncio.run(seen(steps, "en", silent=[2]))
    assert "It waits for a worker: 4 are before it." in first
    assert "START RequestId" in second
    assert "more" in third


def test_its_place_is_told_in_the_readers_language():
    [said] = asyncio.run(seen([InLine(3)], "sv"))
    assert "3 är före den." in said
