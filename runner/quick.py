"""One invocation in a warm environment, on the lane's own thread for as long as nothing has to be waited for."""

import logging
from typing import Protocol

from core import limits
from runner.crew import Crew
from runner.environment import Slow
from runner.execution import Executed, Running
from runner.reactor import Reactor, Timer

log = logging.getLogger(__name__)

PAYLOAD = 64 * limits.KIB  # a longer event is handed in by a thread


class Work(Protocol):
    """What is run, and who hears of its end: exactly one of ``over`` and ``rest`` is called."""

    @property
    def running(self) -> Running: ...

    def over(self, executed: Executed) -> None:
        """It has ended; on the lane's thread, which must not wait."""

    def rest(self) -> None:
        """Do what is left of it, on a thread of the crew."""


class Quick:
    """Drives a conversation with an environment; counts as a job of ``crew``, which ``over`` has to leave."""

    def __init__(self, reactor: Reactor, crew: Crew, work: Work) -> None:
        self._reactor, self._crew, self._work = reactor, crew, work
        self._timer: Timer | None = None
        self._fd = -1
        conversation = work.running.conversation
        crew.enter()
        if conversation is None or not conversation.is_sent:
            self._hand_over()
            return
        self._fd = conversation.fileno()
        self._timer = reactor.at(conversation.deadline, self._hand_over)
        reactor.watch(self._fd, self._advance)

    def _advance(self) -> None:
        try:
            executed = self._work.running.advance()
        except Slow:
            self._hand_over()
            return
        except Exception:
            log.exception("An invocation met a mistake of the lane")
            self._hand_over()
            return
        if executed is not None:
            self._let_go()
            self._work.over(executed)

    def _hand_over(self) -> None:
        self._let_go()
        self._crew.run(self._work.rest)
        self._crew.leave()

    def _let_go(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._reactor.forget(self._fd)
