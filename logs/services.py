"""CloudWatch Logs: what changes something."""

from logs.writer import FunctionLogBatch, write_function_events

__all__ = ["FunctionLogBatch", "write_function_events"]
