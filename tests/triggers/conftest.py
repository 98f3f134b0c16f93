"""Functions, an engine over fake environments, and what schedules and rules need."""

from collections.abc import Callable

import pytest

from accounts.models import Account
from core import arns
from functions.policies import Permission
from functions.services.permissions import add_permission
from runner.models import Invocation
from tests.runner.conftest import (  # noqa: F401
    code_dir,
    counted_metrics,
    engine,
    make_function,
    messenger,
    redis_url,
    until,
    world,
)
from triggers.models import Rule, Schedule
from triggers.services import rules, schedules


@pytest.fixture
def make_rule(make_function) -> Callable[..., Rule]:  # noqa: F811
    """``make_rule(ada, "tick", schedule_expression=…)``: a rule of ada's with her function ``hello`` as target."""

    def make(account: Account, name: str = "tick", *, target: dict[str, object] | None = None, **given: str) -> Rule:
        from functions.models import Function

        rule = rules.put_rule(account=account, name=name, **given)  # type: ignore[arg-type]
        if not Function.objects.filter(account=account, name="hello").exists():
            make_function(account)
        permission = Permission(
            sid=f"rule-{name}", action="lambda:InvokeFunction", principal="events.amazonaws.com", source_arn=rule.arn
        )
        add_permission(account=account, name="hello", permission=permission)
        function = {"Id": "1", "Arn": arns.function("us-east-1", account.id, "hello")}
        rules.put_targets(account=account, rule=name, given=[{**function, **(target or {})}])
        return rule

    return make


@pytest.fixture
def make_schedule(make_function) -> Callable[..., Schedule]:  # noqa: F811
    """A schedule of EventBridge Scheduler for the account's function ``hello``."""

    def make(account: Account, name: str = "nightly", *, target: dict[str, object] | None = None, **given) -> Schedule:
        from functions.models import Function

        if not Function.objects.filter(account=account, name="hello").exists():
            make_function(account)
        function = {
            "Arn": arns.function("us-east-1", account.id, "hello"),
            "RoleArn": arns.iam(account.id, "role/LabRole"),
        }
        values = {"expression": "rate(1 minute)", "target": {**function, **(target or {})}}
        return schedules.create_schedule(account=account, name=name, **(values | given))

    return make


@pytest.fixture
def events_of() -> Callable[..., list[object]]:
    """The events that were accepted for an account's functions, oldest first."""
    import json

    def read(account: Account) -> list[object]:
        rows = Invocation.objects.filter(account=account).order_by("asked_at", "pk")
        return [json.loads(bytes(row.payload or b"null")) for row in rows]

    return read
