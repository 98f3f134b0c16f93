"""People at their browsers, and functions for them to look at."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import AsyncClient, Client

from accounts.models import Account, User
from accounts.services import create_user
from core import arns, clock
from functions import archives
from functions.models import Version
from functions.services.functions import create_function
from logs.services import write_function_events
from logs.writer import FunctionLogBatch
from runner.models import Invocation, InvocationType, State

HANDLER = "def lambda_handler(event, context):\n    return event\n"
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def console_settings(settings: Any, tmp_path: Path) -> Iterator[None]:
    """A store of its own for each test, and static files without the list that a start gathers."""
    settings.CODE_DIR = tmp_path / "code"
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.SERVESTATIC_AUTOREFRESH = True
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # what slows guessing slows tests
    archives.forget_checks()
    yield
    archives.forget_checks()


def person(account: Account | None, name: str = "", **given: Any) -> User:
    return create_user(account=account, username=name or f"{account.slug if account else 'nobody'}-person", **given)


@pytest.fixture
def at_browser(db: None) -> Callable[..., Client]:
    """Somebody of an account, signed in."""

    def sign_in(account: Account, **given: Any) -> Client:
        user = User.objects.filter(account=account).first() or person(account, **given)
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def in_editor(db: None) -> Callable[..., AsyncClient]:
    """The same, for what the editor asks in the background."""

    def sign_in(account: Account) -> AsyncClient:
        client = AsyncClient()
        client.force_login(User.objects.filter(account=account).first() or person(account))
        return client

    return sign_in


@pytest.fixture
def make_function(db: None) -> Callable[..., Version]:
    def make(account: Account, name: str = "hello", code: str = HANDLER, **given: Any) -> Version:
        files = given.pop("files", {"lambda_function.py": code.encode()})
        values = {
            "runtime": "python3.13",
            "handler": "lambda_function.lambda_handler",
            "role_arn": arns.iam(account.id, "role/LabRole"),
            "package": archives.store_package(archives.pack(files)),
        }
        return create_function(account=account, name=name, **(values | given))

    return make


@pytest.fixture
def make_invocation(db: None) -> Callable[..., Invocation]:
    """An invocation that is over, with what it wrote."""

    def make(version: Version, lines: tuple[str, ...] = ("hello\n",), **given: Any) -> Invocation:
        now = clock.now()
        values: dict[str, Any] = {
            "id": uuid.uuid4(),
            "state": State.SUCCEEDED,
            "invocation_type": InvocationType.REQUEST_RESPONSE,
            "source": "console",
            "version": "$LATEST",
            "payload": b'{"key1": "value1"}',
            "response": b'"value1"',
            "asked_at": now,
            "finished_at": now,
            "duration_ms": 1234.567,
            "billed_ms": 1235,
            "memory_size": 128,
            "max_memory_used": 41,
            "code_sha256": version.package_id,
        }
        row = Invocation.objects.create(
            account_id=version.function.account_id,
            function=version.function,
            function_name=version.function.name,
            **(values | given),
        )
        at = int(now.timestamp() * 1000)
        write_function_events(
            [
                FunctionLogBatch(
                    account_id=version.function.account_id,
                    region="us-east-1",
                    group=f"/aws/lambda/{version.function.name}",
                    stream="2026/11/23/[$LATEST]0123456789abcdef0123456789abcdef",
                    request_id=str(row.pk),
                    events=tuple((at, line, "f") for line in lines),
                )
            ]
        )
        return row

    return make


def text(response: Any) -> str:
    return str(response.content.decode())
