"""A database that goes away while it commits: what was sent may be there, and is not sent again behind one's back."""

import threading
from concurrent.futures import ThreadPoolExecutor

from django.db import OperationalError, transaction

from queues import services, work
from queues.contents import Draft
from queues.models import Message


def test_messages_whose_commit_nobody_heard_of_are_errors_and_are_there_once(transactional_db, queue, broken_commit):
    entered, leave = threading.Event(), threading.Event()

    def hold(_effects):
        entered.set()
        leave.wait(30)
        transaction.on_commit(broken_commit)

    with ThreadPoolExecutor(3) as threads:
        first = threads.submit(work.perform, hold)
        entered.wait(30)
        sends = [threads.submit(services.send_message, queue=queue, draft=Draft(body)) for body in ("a", "b")]
        while work._desk()._waiting.qsize() < 2:  # they are committed together, after the first one
            entered.wait(0.01)
        leave.set()
        first.result(30)
        assert [type(send.exception(30)) for send in sends] == [OperationalError, OperationalError]
    assert Message.objects.count() == 2
