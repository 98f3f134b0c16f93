import pytest

from runner import services
from runner.backlog import Backlog
from runner.errors import BacklogFull
from runner.models import Invocation, InvocationType


@pytest.fixture
def little(settings):
    settings.EVENT_BACKLOG = 3


@pytest.mark.django_db(transaction=True)
def test_an_event_beyond_the_backlog_is_refused_before_it_is_accepted(ada, grace, make_function, little, messenger):
    make_function(ada)
    make_function(grace)
    for _ in range(3):
        services.invoke_async(account=ada, reference="hello", payload=b"{}")
    with pytest.raises(BacklogFull) as refused:
        services.invoke_async(account=ada, reference="hello", payload=b"{}")
    assert (refused.value.code, refused.value.status) == ("TooManyRequestsException", 429)
    assert Invocation.objects.filter(account=ada).count() == 3
    services.invoke_async(account=grace, reference="hello", payload=b"{}")


def test_what_has_run_makes_room_within_a_second(ada, little):
    now = [0.0]
    backlog = Backlog(now=lambda: now[0])
    rows = [
        Invocation.objects.create(account=ada, function_name="f", invocation_type=InvocationType.EVENT, payload=b"{}")
        for _ in range(3)
    ]
    with pytest.raises(BacklogFull):
        backlog.take(ada.pk)
    rows[0].delete()
    with pytest.raises(BacklogFull):
        backlog.take(ada.pk)
    now[0] = 1.0
    backlog.take(ada.pk)
