"""An account has its fill of everything that takes room on the server."""

from typing import Any

import botocore.exceptions

from accounts.iam import rules
from core import limits
from logs import services as logs_services
from tests.aws.conftest import Cloud
from tests.aws.test_odd_names import givers

LIMITS: dict[str, tuple[Any, str, str]] = {
    "function": (limits, "FUNCTIONS_PER_ACCOUNT", "CodeStorageExceededException"),
    "queue": (limits, "QUEUES_PER_ACCOUNT", "OverLimit"),
    "topic": (limits, "TOPICS_PER_ACCOUNT", "TopicLimitExceeded"),
    "rule": (limits, "EVENT_RULES_PER_BUS", "LimitExceededException"),
    "bus": (limits, "EVENT_BUSES", "LimitExceededException"),
    "schedule": (limits, "SCHEDULES_PER_ACCOUNT", "ServiceQuotaExceededException"),
    "group": (limits, "SCHEDULE_GROUPS", "ServiceQuotaExceededException"),
    "role": (rules, "ROLES_PER_ACCOUNT", "LimitExceeded"),
    "policy": (rules, "POLICIES_PER_ACCOUNT", "LimitExceeded"),
    "log group": (logs_services, "LOG_GROUPS_PER_ACCOUNT", "LimitExceededException"),
}


def test_what_an_account_may_have_of_each_thing_is_bounded(cloud: Cloud, ada, monkeypatch):
    givers_of = givers(cloud, ada)
    for module, name, _code in LIMITS.values():
        monkeypatch.setattr(module, name, 2)

    codes = {}
    for thing in LIMITS:
        for number in range(3):
            try:
                givers_of[thing](f"fine-{number}")
            except botocore.exceptions.ClientError as error:
                codes[thing] = error.response["Error"]["Code"]

    assert codes == {thing: code for thing, (_module, _name, code) in LIMITS.items()}
