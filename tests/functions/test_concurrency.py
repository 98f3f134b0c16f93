import pytest

from core.errors import InvalidParameterValue
from functions import errors, selectors
from functions.services.concurrency import delete_function_concurrency, put_function_concurrency


def test_a_hundred_of_the_account_stay_for_everybody(ada, make_function):
    make_function(ada, "a")
    make_function(ada, "b")
    put_function_concurrency(account=ada, name="a", reserved=400)

    put_function_concurrency(account=ada, name="b", reserved=500)
    with pytest.raises(InvalidParameterValue) as caught:
        put_function_concurrency(account=ada, name="b", reserved=501)

    assert caught.value.text == (
        "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
        "below its minimum value of [100]."
    )
    assert selectors.unreserved_concurrency(account=ada) == 100


def test_what_a_function_has_does_not_count_against_its_new_share(ada, make_function):
    make_function(ada, "a")
    put_function_concurrency(account=ada, name="a", reserved=900)

    assert put_function_concurrency(account=ada, name="a", reserved=850).reserved_concurrency == 850


def test_zero_stops_a_function_even_in_a_small_account(ada, make_function):
    ada.concurrency_limit = 10
    ada.save()
    make_function(ada)

    assert put_function_concurrency(account=ada, name="hello", reserved=0).reserved_concurrency == 0


def test_a_reservation_ends_and_ending_it_again_is_fine(ada, make_function):
    make_function(ada)
    put_function_concurrency(account=ada, name="hello", reserved=5)

    delete_function_concurrency(account=ada, name="hello")

    assert delete_function_concurrency(account=ada, name="hello").reserved_concurrency is None
    assert selectors.unreserved_concurrency(account=ada) == 1000


def test_less_than_nothing_is_refused(ada, make_function):
    make_function(ada)

    with pytest.raises(errors.MemberInvalid):
        put_function_concurrency(account=ada, name="hello", reserved=-1)
