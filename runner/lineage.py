"""How often a chain of invocations has come by a function: told by the trace header, as on AWS.

The platform puts a header into each invocation; the AWS SDKs inside a function send it with every call they make, and
whoever invokes on from there counts one more for the function. The header is the function's own word: by a false one,
or none, an account only deceives itself. Source: Lambda developer guide, "Use Lambda recursive loop detection".
"""

import functools
import re
from typing import NamedTuple
from urllib.parse import unquote

from django.utils.crypto import salted_hmac

from core import clock, ids
from runner.errors import RecursiveInvocation

HOPS = 16
"""So often a function may be invoked in one chain."""
ALLOW = "Allow"

_HEADER_SIZE, _FUNCTIONS = 2048, 32
_ROOT = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}", re.ASCII)
_STEP = re.compile(r"([0-9a-f]{8}):(\d{1,4})", re.ASCII)


class Trace(NamedTuple):
    """``header`` for the invocation to come, which is its function's ``hops``-th in the chain."""

    header: str
    hops: int

    def check(self, recursive_loop: str) -> None:
        """Raise ``RecursiveInvocation`` where the chain is a loop, unless the function's configuration allows it."""
        if self.hops > HOPS and recursive_loop != ALLOW:
            raise RecursiveInvocation


def advance(header: str, *, function_id: str) -> Trace:
    """The header of an invocation that was asked for with ``header``, which may be empty or nonsense."""
    if not header:
        lineage = f"{_tag(function_id)}:1"
        return Trace(f"Root={_new_root()};Parent={ids.hex_token(16)};Sampled=0;Lineage={lineage}", 1)
    fields = dict(part.partition("=")[::2] for part in unquote(header[:_HEADER_SIZE]).split(";"))
    steps = _steps(fields.get("Lineage", ""))
    tag = _tag(function_id)
    hops = steps.pop(tag, 0) + 1
    steps[tag] = min(hops, HOPS + 1)
    lineage = "|".join(f"{name}:{count}" for name, count in list(steps.items())[-_FUNCTIONS:])
    root = fields.get("Root", "")
    if not _ROOT.fullmatch(root):
        root = _new_root()
    sampled = "1" if fields.get("Sampled") == "1" else "0"
    return Trace(f"Root={root};Parent={ids.hex_token(16)};Sampled={sampled};Lineage={lineage}", hops)


def _new_root() -> str:
    return f"1-{clock.epoch_ms() // 1000:08x}-{ids.hex_token(24)}"


def hops_of(header: str, *, function_id: str) -> int:
    """Which invocation of the function in its chain a header belongs to, as ``advance`` made it."""
    return _steps(header.partition("Lineage=")[2]).get(_tag(function_id), 0)


def _steps(lineage: str) -> dict[str, int]:
    """Counts by function, the one invoked last at the end."""
    found = (_STEP.fullmatch(step) for step in lineage.split("|"))
    return {match[1]: int(match[2]) for match in found if match}


@functools.lru_cache(maxsize=8192)
def _tag(function_id: str) -> str:
    return salted_hmac("runner.lineage", function_id, algorithm="sha256").hexdigest()[:8]
