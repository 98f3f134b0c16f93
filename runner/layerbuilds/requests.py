"""Asking for a layer of packages, and looking at how far it is."""

import logging
import re
import uuid
from functools import partial

from django.db import transaction
from django.db.models import QuerySet
from kombu.exceptions import OperationalError

from accounts.models import Account
from core.errors import InvalidParameterValue, ResourceNotFound, TooManyRequests
from functions import runtimes
from functions.configuration import check_description, invalid
from functions.runtimes import Family
from runner.layerbuilds import requirements
from runner.models import LayerBuild

log = logging.getLogger(__name__)

WAITING_MAX = 3  # of one account
_NAME = re.compile(r"[a-zA-Z0-9-_]{1,140}", re.ASCII)


class LayerBuildNotFound(ResourceNotFound):
    """No such build in the account."""

    message = "Layer build not found: {id}"


class TooManyLayerBuilds(TooManyRequests):
    """The account's earlier builds are still under way."""

    message = "At most {limit} layers can be made at the same time."


@transaction.atomic
def request_layer_build(
    *, account: Account, name: str, packages: str, runtime: str, description: str = ""
) -> LayerBuild:
    """Have ``packages`` (the text of a requirements.txt) installed for a Python runtime and published as a layer version.

    Returns at once; a worker does it. Raises ``ValidationError``, ``InvalidParameterValue``, ``TooManyLayerBuilds``.
    """
    if not _NAME.fullmatch(name):
        raise invalid(name, "layerName", "Member must satisfy regular expression pattern: [a-zA-Z0-9-_]+")
    check_description(description)
    row = runtimes.get(runtime)
    if row is None or row.family is not Family.PYTHON or not runtimes.is_available(runtime):
        raise InvalidParameterValue(f"Packages cannot be installed for the runtime {runtime[:40]}.")
    wanted = requirements.parse(packages)
    unfinished = LayerBuild.objects.filter(
        account=account, state__in=[LayerBuild.State.QUEUED, LayerBuild.State.RUNNING]
    )
    if unfinished.count() >= WAITING_MAX:
        raise TooManyLayerBuilds(limit=WAITING_MAX)
    build = LayerBuild.objects.create(
        account=account, layer_name=name, packages=wanted, runtime=runtime, description=description
    )
    transaction.on_commit(partial(tell_workers, build.pk))
    return build


def tell_workers(build_id: uuid.UUID) -> None:
    """Send the task; when that fails, the next look of ``sweep`` sends it again."""
    from runner.tasks import build_layer  # the worker's door, which knows this package

    try:
        build_layer.delay(str(build_id))
    except OperationalError as error:
        log.warning("The layer build %s waits for the next look: %s", build_id, error)


def get_layer_build(*, account: Account, build_id: uuid.UUID) -> LayerBuild:
    """The build, or ``LayerBuildNotFound``."""
    found = LayerBuild.objects.select_related("layer_version").filter(account=account, pk=build_id).first()
    if found is None:
        raise LayerBuildNotFound(id=build_id)
    return found


def list_layer_builds(*, account: Account) -> QuerySet[LayerBuild]:
    """The account's builds, newest first."""
    return LayerBuild.objects.filter(account=account).order_by("-asked_at")
