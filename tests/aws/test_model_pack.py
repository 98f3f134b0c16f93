"""The pack of service models is what botocore's models give, and every operation here is in it."""

import subprocess
import sys
from pathlib import Path

import botocore.session
import pytest

from aws import model, operation, validation

ROOT = Path(__file__).resolve().parents[2]


def test_building_the_pack_again_changes_nothing() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "build_model_pack.py"), "--check"]

    built = subprocess.run(command, capture_output=True, text=True, check=False)

    assert built.returncode == 0, built.stdout + built.stderr


def test_every_operation_here_is_one_of_botocores() -> None:
    operation.discover()
    session = botocore.session.get_session()

    unknown = [
        f"{service}.{name}"
        for service, name in operation.REGISTRY
        if service not in model.SERVICE_NAMES or name not in session.get_service_model(service).operation_names
    ]

    assert not unknown


@pytest.mark.parametrize("name", model.SERVICE_NAMES)
def test_every_pattern_of_the_models_compiles(name: str) -> None:
    service = model.service(name)

    for shape in (service.shape(shape_name) for shape_name in service._shapes):
        if pattern := shape.traits.get("pattern"):
            validation.compile_pattern(pattern)


@pytest.mark.parametrize("name", model.SERVICE_NAMES)
def test_every_operation_of_a_model_can_be_routed_to(name: str) -> None:
    service = model.service(name)

    assert service.operation_names == sorted(botocore.session.get_session().get_service_model(name).operation_names)
