"""The table of states."""

import pytest

from runner import states
from runner.models import State


def test_the_table_names_every_state():
    assert set(states.NEXT) == set(State)


def test_every_event_can_reach_an_end_from_everywhere():
    for state in State:
        seen, todo = set(), [state]
        while todo:
            seen.add(here := todo.pop())
            todo += [after for after in states.NEXT[here] if after not in seen]
        assert seen & states.FINAL


def test_a_final_state_is_never_left():
    with pytest.raises(ValueError, match="cannot go from succeeded to queued"):
        states.check(State.SUCCEEDED, State.QUEUED)


def test_final_in_the_table_is_final_on_the_row():
    from runner.models import Invocation

    for state in State:
        assert Invocation(state=state).is_final == (state in states.FINAL)
