"""The registry of operations: what this server answers, by service and operation name.

A function under ``aws/services/<service>/`` becomes an operation by one line above it::

    @operation("lambda", "PublishVersion")
    def publish_version(caller: Caller, request: Params) -> Params: ...

Its path, members, limits and status come from the service model; it is handed the parsed and checked
input, and returns the output's members. A plain function runs in a thread with its own database
connection; an ``async def`` runs in the event loop and must not touch the database there.
"""

import importlib
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from accounts.credentials import Principal
from accounts.models import Account
from accounts.permissions import Actor, actor_of

type Params = dict[str, Any]
"""Members in wire casing, exactly those of the service model.

Strings are ``str``, blobs ``bytes``, timestamps aware ``datetime``, lists and maps ``list`` and ``dict``.
A member that was not sent is absent. In an answer a member that is ``None`` is left out.
"""

type Handler = Callable[[Caller, Params], Params | Awaitable[Params | None] | None]

SERVICES_DIR = Path(__file__).parent / "services"


class Caller(NamedTuple):
    """Who asks, and how the answer should speak of places.

    ``principal_arn``, ``user_id``  as sts:GetCallerIdentity answers them
    ``region``      the region of the request's signature
    ``request_id``  the UUID that the answer carries as ``x-amzn-RequestId``
    ``endpoint``    scheme, host and port as the caller reached this server: ``http://127.0.0.1:4566``
    ``principal``   the same with what bounds its session, for whoever decides about permissions
    ``source_ip``   the address that the request came from
    ``trace``       the header ``X-Amzn-Trace-Id`` as it was sent, or empty
    """

    account: Account
    principal_arn: str
    user_id: str
    region: str
    request_id: str
    endpoint: str
    principal: Principal
    source_ip: str = ""
    trace: str = ""

    def actor(self) -> Actor:
        """Who it is to the policies. Reads the database: for a thread."""
        return actor_of(account=self.account, principal=self.principal)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation that this server answers; ``service`` is botocore's name of it.

    ``waits``: it may take long on purpose, so it is cancelled when its client goes away, which is looked for once it
    has taken so many seconds; None: never.
    """

    service: str
    name: str
    handler: Handler
    is_async: bool
    waits: float | None = None


REGISTRY: dict[tuple[str, str], Operation] = {}


def operation[F: Callable[..., Any]](service: str, name: str, *, waits: float | None = None) -> Callable[[F], F]:
    """Register the function below as ``service``'s operation ``name``; the function itself is unchanged."""

    def register(function: F) -> F:
        key = (service, name)
        if key in REGISTRY and REGISTRY[key].handler.__module__ != function.__module__:
            raise ValueError(f"{service}.{name} is registered twice")
        REGISTRY[key] = Operation(service, name, function, inspect.iscoroutinefunction(function), waits)
        return function

    return register


def find(service: str, name: str) -> Operation | None:
    """The operation, or None when it is not built."""
    return REGISTRY.get((service, name))


def discover() -> None:
    """Import every module under ``aws/services``, so that each operation registers itself; safe to repeat."""
    for path in sorted(SERVICES_DIR.glob("*/*.py")):
        name = path.parent.name if path.stem == "__init__" else f"{path.parent.name}.{path.stem}"
        importlib.import_module(f"aws.services.{name}")
