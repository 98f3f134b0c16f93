"""What is registered by name is there."""

import importlib

from aws import model, operation
from console.celery import EVERY_SECOND, app


def test_every_operation_is_one_of_its_service_s_model() -> None:
    operation.discover()

    unknown = [
        key
        for key in operation.REGISTRY
        if key[0] in model.SERVICE_NAMES and not model.service(key[0]).operation(key[1])
    ]
    assert unknown == []
    assert {service for service, _ in operation.REGISTRY} <= set(model.SERVICE_NAMES)


def test_every_periodic_job_is_a_task() -> None:
    for task in (*(row["task"] for row in app.conf.beat_schedule.values()), *EVERY_SECOND):
        module, _, name = task.rpartition(".")
        assert getattr(importlib.import_module(module), name).name == task
