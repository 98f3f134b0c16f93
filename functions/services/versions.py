"""Publishing: a version is ``$LATEST`` as it was, frozen under a number that is never used again."""

import hashlib
import json
from functools import partial

from django.db import transaction

from accounts.models import Account
from accounts.services import bump_stamp
from core import clock, ids
from core.errors import InvalidParameterValue
from functions import configuration, selectors, signals
from functions.models import Function, Version
from functions.preconditions import check_revision
from functions.wording import code_sha256

_FROZEN_FIELDS = [
    "package_type",
    "runtime",
    "handler",
    "role_arn",
    "description",
    "memory_size",
    "timeout",
    "ephemeral_storage",
    "architectures",
    "environment",
    "layers",
    "tracing_mode",
    "dead_letter_arn",
    "logging",
]


@transaction.atomic
def publish_version(
    *, account: Account, name: str, description: str = "", expected_sha256: str = "", revision_id: str = ""
) -> Version:
    """Freeze ``$LATEST`` under the next number; if nothing changed since the last version, return that one.

    ``expected_sha256`` (base64, as on the wire) and ``revision_id`` guard against publishing something else than
    was meant: ``InvalidParameterValue`` and ``PreconditionFailed``. Raises ``FunctionNotFound``.
    """
    function = selectors.lock_function(account=account, name=name)
    latest = selectors.latest(function)
    check_revision(latest.revision_id, revision_id)
    configuration.check_description(description)
    actual = code_sha256(latest.package.sha256)
    if expected_sha256 and expected_sha256 != actual:
        raise InvalidParameterValue(
            f"CodeSHA256 ({expected_sha256}) is different from current CodeSHA256 in $LATEST ({actual}). "
            "Please try again with the CodeSHA256 in $LATEST."
        )
    return freeze(function=function, description=description)


def freeze(*, function: Function, description: str = "") -> Version:
    """The work of ``publish_version``, for a function that is locked in the caller's transaction."""
    latest = selectors.latest(function)
    print_of_latest = fingerprint(latest)
    last = selectors.last_published(function)
    if last is not None and last.extra.get("Fingerprint") == print_of_latest:
        return last
    frozen = {field: getattr(latest, field) for field in _FROZEN_FIELDS}
    if description:
        frozen["description"] = description
    version = Version.objects.create(
        function=function,
        number=function.next_version,
        package=latest.package,
        revision_id=ids.revision_id(),
        last_modified=clock.now(),
        extra={**latest.extra, "Fingerprint": print_of_latest},
        **frozen,
    )
    function.next_version += 1
    function.save(update_fields=["next_version"])
    bump_stamp(account_id=function.account_id)
    transaction.on_commit(partial(signals.version_published.send, Version, version=version), robust=True)
    return version


def fingerprint(version: Version) -> str:
    """A digest of all that a version freezes; two equal ones are the same version."""
    extra = {key: value for key, value in version.extra.items() if key not in ("Fingerprint", "RuntimeManagement")}
    parts = [version.package_id, extra, *(getattr(version, field) for field in _FROZEN_FIELDS)]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
