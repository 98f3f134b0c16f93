"""What EventBridge Scheduler's operations need."""

from accounts.selectors import own_arn
from aws.operation import Caller, Params
from aws.permissions import Need, Rule, anything, register
from core import arns
from triggers.models import DEFAULT


def _schedule(caller: Caller, request: Params) -> str:
    group = request.get("GroupName", DEFAULT)
    return arns.schedule(caller.region, caller.account.id, group, request["Name"])


def _group(caller: Caller, request: Params) -> str:
    return arns.schedule_group(caller.region, caller.account.id, request["Name"])


def _resource(caller: Caller, request: Params) -> str:
    return own_arn(account=caller.account, arn=request["ResourceArn"])[0]


def _pass_role(caller: Caller, request: Params) -> list[Need]:
    role = own_arn(account=caller.account, arn=request["Target"]["RoleArn"])[0]
    return [Need("iam:PassRole", role, {"iam:PassedToService": "scheduler.amazonaws.com"})]


_SETS_TARGET = Rule(resource=_schedule, also=_pass_role)
_OF_SCHEDULE, _OF_GROUP = Rule(resource=_schedule), Rule(resource=_group)

register(
    "scheduler",
    prefix="scheduler",
    members=[("ResourceArn", _resource)],
    operations={
        "CreateSchedule": _SETS_TARGET,
        "CreateScheduleGroup": _OF_GROUP,
        "DeleteSchedule": _OF_SCHEDULE,
        "DeleteScheduleGroup": _OF_GROUP,
        "GetSchedule": _OF_SCHEDULE,
        "GetScheduleGroup": _OF_GROUP,
        "ListScheduleGroups": Rule(resource=anything),
        "ListSchedules": Rule(resource=anything),
        "UpdateSchedule": _SETS_TARGET,
    },
)
