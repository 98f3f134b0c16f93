"""Every error is said once, completely, and with a code that clients know."""

import importlib
import pkgutil
from collections.abc import Iterator

import pytest

from aws import model
from aws.errors import JSON_AUTH_CODES, QUERY_CODES
from core.errors import ServiceError

PACKAGES = ("core", "accounts", "functions", "logs", "queues", "runner", "triggers", "topics", "aws")
# What no model has, because AWS may answer any request with it, or the product alone does.
COMMON = {
    "AccessDeniedException",
    "InvalidAction",
    "MalformedHttpRequestException",
    "MissingRequiredParameterException",
    "RequestEntityTooLargeException",
    "RequestExpired",
    "RequestTimeoutException",
    "SerializationException",
    "ServiceException",
    "UnknownOperationException",
    "ValidationError",
    "ValidationException",
}


def errors() -> Iterator[type[ServiceError]]:
    for package in PACKAGES:
        module = importlib.import_module(package)
        for found in pkgutil.walk_packages(module.__path__, f"{package}."):
            if "migrations" not in found.name and "runner.runtimes." not in found.name:
                importlib.import_module(found.name)
    waiting: list[type[ServiceError]] = [ServiceError]
    while waiting:
        error = waiting.pop()
        waiting += error.__subclasses__()
        if error.__module__.partition(".")[0] in PACKAGES:
            yield error


ERRORS = sorted(set(errors()), key=lambda error: (error.__module__, error.__name__))


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: f"{error.__module__}.{error.__name__}")
def test_an_error_has_a_code_that_clients_know_and_a_text_for_people(error: type[ServiceError]) -> None:
    modelled = {name for service in model.SERVICE_NAMES for name in model.service(service).errors}

    assert error.code in modelled | COMMON | JSON_AUTH_CODES | set(QUERY_CODES) | set(QUERY_CODES.values())
    assert 400 <= error.status <= 599
    assert str(error.title)
    assert error.__doc__


def test_there_are_errors_to_look_at() -> None:
    assert len(ERRORS) > 50
