"""The AWS endpoint: one plain ASGI application that never enters Django's handler chain.

A call passes through the stages of ``Api.answer``, top to bottom. Whatever goes wrong on the way is raised as a
``ServiceError`` and answered in the words of the service's protocol.
"""

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, MutableMapping
from typing import Any

from django.conf import settings

from aws import authorization, bodies, code_links, cors, errors, operation, routing, signing, topic_links, validation
from aws.http import Request, Response
from aws.identity import Identity, look_up, recall
from aws.model import OperationModel, ServiceModel
from aws.operation import Caller, Operation, Params
from aws.protocols import PROTOCOLS
from aws.routing import Route
from aws.threads import pool
from core import clock, ids
from core.errors import ServiceError, ServiceFailure, UnknownOperation
from runner import meeting

type Scope = MutableMapping[str, Any]
type Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
type LookUp = Callable[[signing.Signature], Identity]

logger = logging.getLogger(__name__)

PARSED_IN_LOOP = 256 * 1024  # a longer body is parsed in a thread
HEADER_COUNT, HEADER_BYTES = 100, 32 * 1024
HEALTH_PATH = "/_health"

# Paths that answer without a signature: what is asked for carries its own permission.
UNSIGNED: dict[str, Callable[[Request], Response]] = {
    code_links.PREFIX: code_links.download,
    topic_links.PREFIX: topic_links.answer,
}

_HOST = re.compile(r"[A-Za-z0-9.:\[\]_-]{1,255}", re.ASCII)


class Api:
    """The ASGI application. ``look_up`` finds the identity behind an access key, in a thread."""

    def __init__(self, look_up: LookUp = look_up) -> None:
        self._look_up = look_up
        self._budget = bodies.Budget()
        self._ready = False

    async def __call__(self, scope: Scope, receive: bodies.Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self._lifespan(receive, send)
        if scope["type"] != "http":
            raise ValueError(f"cannot serve {scope['type']}")
        if not self._ready:
            self.prepare()
        request_id = ids.request_id()
        try:
            request = read_head(scope)
        except ServiceError as error:
            return await _send(send, scope, error_response(None, error, None, request_id), request_id)
        if request.path == HEALTH_PATH and request.method in ("GET", "HEAD"):
            return await _send(send, scope, Response(200, [("Content-Type", "text/plain")], b"ok\n"), request_id)
        if request.method == "OPTIONS":
            return await _send(send, scope, cors.preflight(request.headers), request_id)
        call = Call(request, request_id, _endpoint(scope, request), _source_ip(scope), receive)
        try:
            await _send(send, scope, await self._answer_or_error(call), request_id, receive)
        except bodies.Disconnected:
            logger.debug("The client of request %s went away.", request_id)
        return None

    def prepare(self) -> None:
        """Find the operations and read the models, so that no request pays for it."""
        operation.discover()
        routing.warm()
        self._ready = True

    async def _lifespan(self, receive: bodies.Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self.prepare()
                await meeting.open_for_this_loop()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                meeting.close_of_this_loop()
                pool.shut_down()
                await send({"type": "lifespan.shutdown.complete"})
                return

    # -- the stages --------------------------------------------------------------------------------

    async def _answer_or_error(self, call: "Call") -> Response:
        try:
            return await self.answer(call)
        except ServiceError as error:
            if not call.body_read:
                await bodies.drain(call.receive)
            return error_response(call.service, error, call.request, call.request_id)
        except bodies.Disconnected:
            raise
        except Exception:
            # The door's last word: whatever escaped is our own fault, and its details stay in the log.
            logger.exception("Request %s failed: %s %s", call.request_id, call.request.method, call.request.path)
            return error_response(call.service, ServiceFailure(), call.request, call.request_id)

    async def answer(self, call: "Call") -> Response:
        """One call, stage by stage."""
        request = call.request
        for prefix, answer in UNSIGNED.items():
            if request.path.startswith(prefix) and request.method in ("GET", "HEAD"):
                return await pool.run(answer, request)
        call.service = service = routing.find_service(request)
        signature = signing.read(request, now=clock.now())
        identity = await recall(signature)
        if identity is None:
            identity = await pool.run(self._look_up, signature)
        if service is None:
            raise errors.UnknownService(service=signature.service)
        _check_scope(signature, service)
        route = routing.find_early(service, request)
        size = bodies.expected_size(request.headers, limit=_limit(service, route))
        with self._budget.reserve(identity.account.id, size):
            await _read_body(call, route)
            model = route.operation if route else None
            _verify(signature, call, identity, model)
            route = route or routing.find_operation(service, request)
            handler = _find_handler(service, route.operation)
            caller = _caller(call, identity, signature)
            return await self._run(handler, route, caller, call)

    async def _run(self, handler: Operation, route: Route, caller: Caller, call: "Call") -> Response:
        request = call.request
        if not handler.is_async:
            return await pool.run(_run_in_thread, handler, route, caller, request)
        if len(request.body) > PARSED_IN_LOOP:
            params = await pool.run(_parse, route, request)
        else:
            params = _parse(route, request)
        if authorization.is_needed(caller):
            await pool.run(_authorize, route, caller, params)
        answering = handler.handler(caller, params)
        result: Params | None = await _awaited(answering, handler.waits, call.receive)  # type: ignore[arg-type]
        return _render(route, result, caller.request_id)


class Call:
    """What is known of one call so far."""

    __slots__ = ("body_read", "body_sha256", "endpoint", "receive", "request", "request_id", "service", "source_ip")

    def __init__(
        self, request: Request, request_id: str, endpoint: str, source_ip: str, receive: bodies.Receive
    ) -> None:
        self.request, self.request_id, self.receive = request, request_id, receive
        self.endpoint, self.source_ip = endpoint, source_ip
        self.service: ServiceModel | None = None
        self.body_sha256 = ""
        self.body_read = False


# -- read ------------------------------------------------------------------------------------------


def read_head(scope: Scope) -> Request:
    """The request without its body; refuses more headers than any client of AWS sends."""
    raw = scope["headers"]
    if len(raw) > HEADER_COUNT or sum(len(name) + len(value) for name, value in raw) > HEADER_BYTES:
        raise errors.HeadersTooLarge()
    headers: dict[str, str] = {}
    for name_bytes, value_bytes in raw:  # ASGI servers send names in lower case
        name, value = name_bytes.decode("latin-1"), value_bytes.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    return Request(
        method=scope["method"],
        path=path.partition("?")[0],
        query=scope["query_string"].decode("latin-1"),
        headers=headers,
    )


async def _read_body(call: Call, route: Route | None) -> None:
    name = route.operation.name if route else "requested"
    limit = _limit(call.service, route)
    body = await bodies.read(call.receive, call.request.headers, operation=name, limit=limit)
    call.body_read, call.body_sha256 = True, body.sha256
    call.request.body = body.data


def _limit(service: ServiceModel | None, route: Route | None) -> int:
    """A form tells its operation in the body: then it is the most that one of the service's takes."""
    name = service.name if service else ""
    if route is None:
        return bodies.FORM_LIMITS.get(name, bodies.DEFAULT_LIMIT)
    return bodies.LIMITS.get((name, route.operation.name), bodies.DEFAULT_LIMIT)


def _endpoint(scope: Scope, request: Request) -> str:
    """Scheme, host and port as the client reached us, for the URLs in answers."""
    host = request.headers.get("host", "")
    return f"{scope.get('scheme', 'http')}://{host}" if _HOST.fullmatch(host) else str(settings.API_URL)


def _source_ip(scope: Scope) -> str:
    """The address of whoever is connected: the client, a proxy before us, or this host for a function."""
    client = scope.get("client")
    return str(client[0]) if client else ""


# -- authenticate ----------------------------------------------------------------------------------


def _check_scope(signature: signing.Signature, service: ServiceModel) -> None:
    if signature.service != service.signing_name:
        raise errors.InvalidSignature(f"Credential should be scoped to correct service: '{service.signing_name}'.")


def _verify(signature: signing.Signature, call: Call, identity: Identity, model: OperationModel | None) -> None:
    signing.verify(
        signature,
        call.request,
        secret=identity.principal.secret,
        body_sha256=call.body_sha256,
        unsigned_body=model is not None and model.unsigned_body,
    )
    request = call.request
    if "content-encoding" in request.headers:
        name = model.name if model else "requested"
        limit = _limit(call.service, Route(model) if model else None)
        request.body = bodies.decode(request.body, request.headers, operation=name, limit=limit)


def _caller(call: Call, identity: Identity, signature: signing.Signature) -> Caller:
    return Caller(
        account=identity.account,
        principal_arn=identity.principal.arn,
        user_id=identity.principal.user_id,
        region=signature.region,
        request_id=call.request_id,
        endpoint=call.endpoint,
        principal=identity.principal,
        source_ip=call.source_ip,
        trace=call.request.headers.get("x-amzn-trace-id", ""),
    )


# -- route, parse, call, render --------------------------------------------------------------------


def _find_handler(service: ServiceModel, model: OperationModel) -> Operation:
    if found := operation.find(service.name, model.name):
        return found
    raise UnknownOperation(service=service.name, operation=model.name)


def _parse(route: Route, request: Request) -> Params:
    params = PROTOCOLS[route.operation.service.protocol].parse(route.operation, request, route.labels)
    validation.check(route.operation, params)
    return params


def _authorize(route: Route, caller: Caller, params: Params) -> None:
    model = route.operation
    authorization.check(caller, model.service.name, model.name, params)


def _run_in_thread(handler: Operation, route: Route, caller: Caller, request: Request) -> Response:
    params = _parse(route, request)
    _authorize(route, caller, params)
    result: Any = handler.handler(caller, params)
    return _render(route, result, caller.request_id)


async def _awaited(
    answering: Coroutine[Any, Any, Params | None], waits: float | None, receive: bodies.Receive
) -> Params | None:
    """What an operation answers; ``waits`` is the operation's. Raises ``bodies.Disconnected`` when its client has gone.

    Nothing is made to look for the client before: nearly all is answered at once.
    """
    if waits is None:
        return await answering
    loop, ours = asyncio.get_running_loop(), asyncio.current_task()
    looking: list[asyncio.Task[None]] = []
    gone = False

    async def look() -> None:
        nonlocal gone
        await _disconnect(receive)
        gone = True
        if ours is not None:
            ours.cancel()

    timer = loop.call_later(waits, lambda: looking.append(loop.create_task(look())))
    try:
        return await answering
    except asyncio.CancelledError:
        if gone:
            raise bodies.Disconnected from None
        raise
    finally:
        timer.cancel()
        for task in looking:
            task.cancel()


def _render(route: Route, result: Params | None, request_id: str) -> Response:
    return PROTOCOLS[route.operation.service.protocol].serialize(route.operation, result or {}, request_id)


def error_response(
    service: ServiceModel | None, error: ServiceError, request: Request | None, request_id: str
) -> Response:
    """An error in the words of ``service``; of a service like the request looks, when it is unknown."""
    known = service or routing.service_like(request)
    return PROTOCOLS[known.protocol].error(known, errors.describe(known, error), request, request_id)


async def _send(
    send: Send, scope: Scope, response: Response, request_id: str, receive: bodies.Receive | None = None
) -> None:
    """Exactly one Content-Length, and none where HTTP forbids it; the server adds Date."""
    headers = [*response.headers, ("x-amzn-RequestId", request_id)]
    if any(name == b"origin" for name, _ in scope["headers"]):
        headers += cors.ANSWER_HEADERS
    if isinstance(response.body, bytes) and response.status != 204:
        headers.append(("Content-Length", str(len(response.body))))
    await send(
        {
            "type": "http.response.start",
            "status": response.status,
            "headers": [(name.lower().encode("latin-1", "replace"), value.encode()) for name, value in headers],
        }
    )
    if isinstance(response.body, bytes):
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else response.body})
    else:
        await _send_stream(send, response.body, receive)


async def _send_stream(send: Send, parts: AsyncGenerator[bytes], receive: bodies.Receive | None) -> None:
    """Part by part, until the end or until nobody listens any more."""
    gone = asyncio.ensure_future(_disconnect(receive))
    coming = asyncio.ensure_future(_next(parts))
    try:
        while True:
            await asyncio.wait((gone, coming), return_when=asyncio.FIRST_COMPLETED)
            if gone.done() or (part := coming.result()) is None:
                break
            await send({"type": "http.response.body", "body": part, "more_body": True})
            coming = asyncio.ensure_future(_next(parts))
    finally:
        gone.cancel()
        coming.cancel()
        await asyncio.gather(gone, coming, return_exceptions=True)
        await parts.aclose()
    await send({"type": "http.response.body", "body": b""})


async def _next(parts: AsyncGenerator[bytes]) -> bytes | None:
    return await anext(parts, None)


async def _disconnect(receive: bodies.Receive | None) -> None:
    """Returns when the client has gone away."""
    if receive is None:
        await asyncio.Future()
    else:
        while (await receive())["type"] != "http.disconnect":
            pass


api = Api()
