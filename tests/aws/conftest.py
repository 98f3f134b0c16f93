"""The AWS endpoint over HTTP, and signed requests to it."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import botocore.exceptions
import botocore.httpsession
import botocore.model
import botocore.parsers
import botocore.serialize
import pytest
import uvicorn

from accounts.credentials import Principal
from accounts.errors import UnrecognizedClient
from accounts.models import AccessKey, Account
from accounts.services import create_access_key, create_account
from aws import operation, signing
from aws.asgi import Api
from aws.identity import Identity
from aws.operation import Caller, Params
from functions import runtimes
from tests.factories import make_key, make_user
from tests.servers import running

KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
ACCOUNT = Account(id="123456789012", slug="ada", name="Ada")
PRINCIPAL = Principal(ACCOUNT.id, f"arn:aws:iam::{ACCOUNT.id}:user/ada", "AIDAEXAMPLE", SECRET)


def look_up(signature: signing.Signature) -> Identity:
    """One known key, without a database."""
    if signature.access_key_id != KEY:
        raise UnrecognizedClient
    return Identity(PRINCIPAL, ACCOUNT)


@dataclass
class Heard:
    """What the operations below were asked, and what they answer."""

    calls: list[tuple[str, Caller, Params]] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)

    def answer(self, name: str, caller: Caller, request: Params) -> Params:
        self.calls.append((name, caller, request))
        answer = self.answers.get(name, {})
        if isinstance(answer, Exception):
            raise answer
        return answer


SYNCHRONOUS = [
    ("lambda", "GetFunction"),
    ("lambda", "CreateFunction"),
    ("lambda", "ListFunctions"),
    ("lambda", "TagResource"),
    ("lambda", "DeleteFunction"),
    ("logs", "CreateLogGroup"),
    ("logs", "PutLogEvents"),
    ("logs", "DescribeLogGroups"),
    ("sts", "GetCallerIdentity"),
    ("sts", "AssumeRole"),
    ("iam", "CreateRole"),
    ("iam", "GetRole"),
]


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Heard:
    """Every operation replaced by one that remembers what it was asked."""
    heard = Heard()
    operation.discover()
    monkeypatch.setattr(operation, "REGISTRY", {})
    monkeypatch.setattr(operation, "discover", lambda: None)
    for service, name in SYNCHRONOUS:

        def answer(caller: Caller, request: Params, name: str = name) -> Params:
            return heard.answer(name, caller, request)

        operation.operation(service, name)(answer)

    async def invoke(caller: Caller, request: Params) -> Params:
        return heard.answer("Invoke", caller, request)

    operation.operation("lambda", "Invoke")(invoke)
    return heard


@contextmanager
def serving(api: Api) -> Iterator[str]:
    """The URL of an application on a real server."""
    config = uvicorn.Config(
        api,
        port=0,
        log_level="warning",
        loop="uvloop",
        http="core.bounded_http:BoundedHttp",
        lifespan="on",
        server_header=False,
    )
    with running(config) as (host, port):
        yield f"http://{host}:{port}"


@pytest.fixture
def endpoint(heard: Heard) -> Iterator[str]:
    """The URL of the application on a real server; its operations are ``heard``'s."""
    with serving(Api(look_up)) as url:
        yield url


@pytest.fixture
def server(transactional_db: None, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of the application as it is: every operation, the database, a code store of its own.

    Every Python and Node.js is on offer, whatever this host has installed.
    """
    settings.CODE_DIR = tmp_path / "code"
    monkeypatch.setattr(runtimes, "_is_available", None)
    with serving(Api()) as url:
        yield url


class Boto:
    """boto3 clients with an account's access key: ``ada_boto.lambda_.list_functions()``."""

    def __init__(self, endpoint: str, account: Account) -> None:
        self.endpoint, self.account = endpoint, account
        self.key = create_access_key(account=account, user=None)

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=self.key.id,
            aws_secret_access_key=self.key.secret,
            config=botocore.config.Config(retries={"max_attempts": 0}, parameter_validation=False),
        )

    @cached_property
    def lambda_(self) -> Any:
        return self.client("lambda")


@pytest.fixture
def ada_boto(server: str) -> Boto:
    """Ada at the product's endpoint."""
    return Boto(server, create_account(slug="ada", name="Ada"))


@pytest.fixture
def mallory_boto(server: str) -> Boto:
    """Mallory at the same endpoint."""
    return Boto(server, create_account(slug="mallory", name="Mallory"))


class Form:
    """A service's operations as older clients call them: with a form, answered in XML."""

    def __init__(self, boto: Boto, model: botocore.model.ServiceModel, *, signed_for: str) -> None:
        self._boto, self._model, self._signed_for = boto, model, signed_for

    def __call__(self, name: str, *, path: str = "", **members: Any) -> Any:
        operation = self._model.operation_model(name)
        wire = botocore.serialize.QuerySerializer().serialize_to_request(members, operation)
        botocore.awsrequest.prepare_request_dict(wire, self._boto.endpoint + path)
        request = botocore.awsrequest.create_request_object(wire)
        credentials = botocore.credentials.Credentials(self._boto.key.id, self._boto.key.secret)
        botocore.auth.SigV4Auth(credentials, self._signed_for, "us-east-1").add_auth(request)
        answer = botocore.httpsession.URLLib3Session().send(request.prepare())
        response = {"status_code": answer.status_code, "headers": answer.headers, "body": answer.content}
        read = botocore.parsers.QueryParser().parse(response, operation.output_shape)
        if answer.status_code >= 300:
            raise botocore.exceptions.ClientError(read, name)
        return read


class Json:
    """The same by boto3's own choice."""

    def __init__(self, boto: Boto, service: str) -> None:
        self._client = boto.client(service)

    def __call__(self, name: str, **members: Any) -> Any:
        return getattr(self._client, botocore.xform_name(name))(**members)


@dataclass
class Cloud:
    """The product's endpoint, and clients for people of several accounts and with all kinds of credentials."""

    url: str

    def boto(
        self,
        account: Account,
        service: str,
        *,
        key: AccessKey | None = None,
        region: str = "us-east-1",
        **credentials: str,
    ) -> Any:
        """A client of ``account``: with a key of its user ``<slug>``, the given key, or temporary credentials."""
        if not credentials:
            key = key or self.key(account)
            credentials = {"aws_access_key_id": key.id, "aws_secret_access_key": key.secret}
        config = botocore.config.Config(retries={"max_attempts": 0})
        return boto3.client(service, endpoint_url=self.url, region_name=region, config=config, **credentials)

    def key(self, account: Account) -> AccessKey:
        """The first key of the account's user of the same name; both are made when they are missing."""
        first = AccessKey.objects.filter(user=make_user(account)).order_by("created_at").first()
        return first or make_key(account)


@pytest.fixture
def cloud(server: str) -> Cloud:
    return Cloud(server)


@dataclass
class Answer:
    """An answer as a client sees it."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Sends requests straight into the application, signed as botocore signs them."""

    def __init__(self) -> None:
        self.api = Api(look_up)

    def send(
        self,
        method: str,
        path: str,
        *,
        service: str = "lambda",
        query: str = "",
        headers: dict[str, str] | None = None,
        body: bytes = b"",
        sign: bool = True,
        key: str = KEY,
        secret: str = SECRET,
        region: str = "us-east-1",
        alter: Any = None,
    ) -> Answer:
        """``alter(headers)`` changes the request after it was signed."""
        url = f"http://127.0.0.1{path}" + (f"?{query}" if query else "")
        request = botocore.awsrequest.AWSRequest(method, url, headers=headers or {}, data=body)
        if sign:
            credentials = botocore.credentials.Credentials(key, secret)
            botocore.auth.SigV4Auth(credentials, service, region).add_auth(request)
        sent = {name.lower(): value for name, value in request.headers.items()} | {"host": "127.0.0.1"}
        sent.setdefault("content-length", str(len(body)))
        if alter:
            alter(sent)
        return self.raw(method, path, query, list(sent.items()), body)

    def raw(self, method: str, path: str, query: str, headers: list[tuple[str, str]], body: bytes) -> Answer:
        scope = {
            "type": "http",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        }
        return asyncio.run(self._call(scope, [body]))

    async def _call(self, scope: dict[str, Any], parts: list[bytes]) -> Answer:
        waiting = list(parts)
        messages: list[Any] = []

        async def receive() -> dict[str, Any]:
            if not waiting:
                return {"type": "http.disconnect"}
            part = waiting.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(waiting)}

        async def send(message: Any) -> None:
            messages.append(message)

        await self.api(scope, receive, send)
        start, *rest = messages
        headers = {name.decode(): value.decode() for name, value in start["headers"]}
        return Answer(start["status"], headers, b"".join(message.get("body", b"") for message in rest))

    def json(self, target: str, body: bytes, **options: Any) -> Answer:
        """A call of the JSON protocol to CloudWatch Logs."""
        headers = {"X-Amz-Target": f"Logs_20140328.{target}", "Content-Type": "application/x-amz-json-1.1"}
        return self.send("POST", "/", service="logs", headers=headers, body=body, **options)

    def form(self, body: str, service: str = "sts", **options: Any) -> Answer:
        """A call of the query protocol."""
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        return self.send("POST", "/", service=service, headers=headers, body=body.encode(), **options)


@pytest.fixture
def client(heard: Heard) -> Client:
    return Client()
