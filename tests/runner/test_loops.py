"""Functions that set each other off: the chain is counted in the trace header and ends."""

import json

import pytest

from accounts.models import Account
from functions.models import EventInvokeConfig
from functions.services.management import put_function_recursion_config
from runner import lineage, services
from runner.errors import RecursiveInvocation
from runner.lineage import HOPS
from runner.models import Invocation, State


def rounds(header: str, *functions: str) -> lineage.Trace:
    """The trace after the functions were invoked one after another."""
    trace = lineage.Trace(header, 0)
    for function in functions:
        trace = lineage.advance(trace.header, function_id=function)
    return trace


# -- the header ------------------------------------------------------------------------------------


def test_a_chain_keeps_its_root_and_counts_each_function():
    trace = rounds("", "a", "b", "a", "c", "a")

    assert trace.hops == 3
    assert lineage.advance(trace.header, function_id="b").hops == 2
    first = rounds("Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1")
    assert lineage.advance(first.header, function_id="a").header.startswith(
        "Root=1-5759e988-bd862e3fe1be46a994272793;Parent="
    )


def test_a_header_that_was_percent_encoded_on_the_way_is_read():
    header = rounds("", "a", "b").header.replace("|", "%7C")

    assert lineage.advance(header, function_id="a").hops == 2


@pytest.mark.parametrize(
    "header", ["", "nonsense", "Lineage=x:y|:|1", "Root=1;Lineage=" + "a" * 99999, "%;=;=%zz", "é"]
)
def test_nonsense_begins_a_new_chain(header):
    trace = lineage.advance(header, function_id="a")

    assert trace.hops == 1
    assert trace.header.isascii()


def test_a_header_never_grows_beyond_its_column():
    long = rounds("", *(str(number) for number in range(500)))

    assert len(long.header) <= Invocation._meta.get_field("trace").max_length


# -- invocations -----------------------------------------------------------------------------------


def loops(account: Account):
    """A handler that invokes its own function with the header it was given, until somebody stops it."""
    refusals: list[str] = []

    def handle(event, request):
        depth = event["depth"] + 1
        try:
            answer = services.invoke_and_wait(
                account=account,
                reference="hello",
                payload=json.dumps({"depth": depth}).encode(),
                trace=request.trace_id,
                caller_arn=f"arn:aws:sts::{account.pk}:assumed-role/LabRole/hello",
            )
        except RecursiveInvocation as refused:
            refusals.append(refused.text)
            return {"deepest": depth}
        return json.loads(answer.payload)

    return handle, refusals


def test_a_function_that_calls_itself_is_stopped_after_sixteen_rounds(ada, make_function, engine, world):
    make_function(ada)
    world.handler, refusals = loops(ada)
    answer = services.invoke_and_wait(account=ada, reference="hello", payload=b'{"depth": 0}')

    assert json.loads(answer.payload) == {"deepest": HOPS}
    assert refusals == [RecursiveInvocation.message]


def test_a_loop_that_is_allowed_goes_on(ada, make_function, engine):
    make_function(ada)
    put_function_recursion_config(account=ada, name="hello", recursive_loop="Allow")
    function_id = str(make_function(ada, "other").function_id)
    header = rounds("", *[function_id] * (HOPS + 5)).header

    with pytest.raises(RecursiveInvocation):
        services.invoke_and_wait(account=ada, reference="other", payload=b"{}", trace=header)
    put_function_recursion_config(account=ada, name="other", recursive_loop="Allow")
    assert services.invoke_and_wait(account=ada, reference="other", payload=b"{}", trace=header).function_error == ""


def test_an_event_at_the_end_of_a_loop_is_discarded_unexecuted(ada, make_function, engine, world, until):
    function_id = str(make_function(ada).function_id)
    header = rounds("", *[function_id] * HOPS).header
    event = services.invoke_async(account=ada, reference="hello", payload=b"{}", trace=header)
    until(lambda: Invocation.objects.get(pk=event.pk).is_final)

    row = Invocation.objects.get(pk=event.pk)
    assert (row.state, row.reason, row.attempt) == (State.DISCARDED, "RecursiveInvocation", 0)


def test_a_function_that_is_its_own_destination_is_stopped_too(ada, make_function, engine, world, until):
    version = make_function(ada)
    world.handler = lambda event, request: None
    config = {"qualifier": "$LATEST", "on_success": version.function.arn}
    EventInvokeConfig.objects.create(function=version.function, **config)
    services.invoke_async(account=ada, reference="hello", payload=b"{}")
    until(lambda: Invocation.objects.filter(reason="RecursiveInvocation").exists())

    assert Invocation.objects.filter(state=State.SUCCEEDED).count() == HOPS
