"""Functions to work on, made by the services like everybody's."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from accounts.models import Account
from core import arns
from functions import archives, runtimes
from functions.models import DeploymentPackage, Version
from functions.services.functions import create_function

HANDLER = b"def lambda_handler(event, context):\n    return event\n"


@pytest.fixture(autouse=True)
def code_dir(settings, tmp_path: Path) -> Iterator[Path]:
    """A store of its own for each test."""
    settings.CODE_DIR = tmp_path / "code"
    archives.forget_checks()
    yield settings.CODE_DIR
    archives.forget_checks()


@pytest.fixture(autouse=True)
def every_python_and_node(monkeypatch: pytest.MonkeyPatch) -> None:
    """The runtimes on offer do not depend on what this host has installed."""
    monkeypatch.setattr(runtimes, "_is_available", None)


def role_of(account: Account) -> str:
    return arns.iam(account.id, "role/LabRole")


def package(**files: str) -> DeploymentPackage:
    """A stored package; ``lambda_function="..."`` becomes lambda_function.py, nothing at all the default handler."""
    contents = {f"{name}.py": text.encode() for name, text in files.items()} or {"lambda_function.py": HANDLER}
    return archives.store_package(archives.pack(contents))


@pytest.fixture
def make_function(db: None) -> Callable[..., Version]:
    def make(account: Account, name: str = "hello", **given: object) -> Version:
        values: dict[str, object] = {
            "runtime": "python3.13",
            "handler": "lambda_function.lambda_handler",
            "role_arn": role_of(account),
        }
        if "package" not in given:
            values["package"] = package()
        return create_function(account=account, name=name, **(values | given))  # type: ignore[arg-type]

    return make
