"""What calls and events share in a worker process: specs, environments, and the writer of records."""

from collections.abc import Callable
from dataclasses import dataclass, field

from logs.services import FunctionLogBatch
from runner import execution
from runner.answers import InLine, LogLine
from runner.execution import Executed, Request
from runner.pool import Pool, Slot
from runner.specs import RunSpec, Specs
from runner.stock import Stock
from runner.writer import Writer


@dataclass(frozen=True, slots=True)
class Workshop:
    """One for each worker process; its parts may be used by many threads."""

    pool: Pool
    stock: Stock
    writer: Writer
    specs: Specs = field(default_factory=Specs)

    def run(
        self,
        spec: RunSpec,
        request: Request,
        *,
        look_on: Callable[[LogLine | InLine], None] | None = None,
        on_slot: Callable[[Slot], None] | None = None,
    ) -> Executed:
        """``execution.run`` with these environments."""
        return execution.run(spec, request, pool=self.pool, stock=self.stock, look_on=look_on, on_slot=on_slot)


def log_batch(spec: RunSpec, request_id: str, executed: Executed) -> FunctionLogBatch:
    """The log of one execution, for the writer."""
    events = tuple((line.timestamp_ms, line.message, line.source) for line in executed.lines)
    return FunctionLogBatch(spec.account_id, spec.region, spec.log_group, executed.log_stream, request_id, events)
