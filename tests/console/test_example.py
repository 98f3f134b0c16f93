from accounts.selectors import get_account
from accounts.services import ensure_owner
from console.example import NAME, ensure_owner_with_example
from functions import selectors
from functions.services.functions import delete_function


def test_the_first_start_makes_one_function_with_a_test_event(db):
    account = ensure_owner_with_example().account
    assert [row.function.name for row in selectors.list_functions(account=account)] == [NAME]
    assert '"key1"' in selectors.get_test_event(account=account, name=NAME, event="hello-world").body


def test_deleted_it_is_gone_for_good(db):
    account = ensure_owner_with_example().account
    delete_function(account=account, name=NAME)
    ensure_owner_with_example()
    assert not selectors.list_functions(account=get_account(account_id=account.id)).exists()


def test_an_owner_from_before_gets_none(db):
    account = ensure_owner().account
    ensure_owner_with_example()
    assert not selectors.list_functions(account=account).exists()
