"""The worker's side: take a build that nobody has, install, pack, publish. Every step may be lost with the worker."""

import logging
import re
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction

from core import clock, limits
from core.errors import ServiceError
from functions import archives
from functions.services.layers import publish_layer_version
from runner.layerbuilds import installer
from runner.layerbuilds.requests import tell_workers
from runner.models import LayerBuild
from runner.runtimes import interpreter_for

log = logging.getLogger(__name__)

AT_ONCE = 2  # in all workers together
LOST = timedelta(seconds=60)  # a worker that builds says so each second
KEPT = timedelta(days=7)
Failure, State = LayerBuild.Failure, LayerBuild.State
_OFFLINE = re.compile(
    r"NewConnectionError|ConnectTimeoutError|NameResolutionError|name resolution|Connection refused|"
    r"Network is unreachable|ProxyError|SSLError|Max retries exceeded|ReadTimeoutError"
)
_REASONS = (
    (re.compile(r"starting a program is not allowed"), Failure.NEEDS_BUILDING),
    (re.compile(r"ResolutionImpossible|conflicting dependencies"), Failure.CONFLICT),
    (_OFFLINE, Failure.OFFLINE),
    (re.compile(r"No matching distribution found|Could not find a version"), Failure.NOT_FOUND),
)


def build(build_id: uuid.UUID) -> None:
    """Make the layer, if it still waits and fewer than ``AT_ONCE`` are being made."""
    now = clock.now()
    with transaction.atomic():
        if LayerBuild.objects.filter(state=State.RUNNING).count() >= AT_ONCE:
            return  # the one that ends looks for the next
        if not LayerBuild.objects.filter(pk=build_id, state=State.QUEUED).update(state=State.RUNNING, seen_at=now):
            return
    row = LayerBuild.objects.select_related("account").get(pk=build_id)
    place = Path(tempfile.mkdtemp(prefix="layer-", dir=_workshop()))
    try:
        _make(row, place)
    except ServiceError as error:
        _fail(row, Failure.REFUSED, error.text)
    except Exception:
        _fail(row, Failure.OTHER)
        raise
    finally:
        shutil.rmtree(place, ignore_errors=True)
        _next()


def _make(row: LayerBuild, place: Path) -> None:
    done = installer.install(
        packages=row.packages,
        interpreter=interpreter_for(row.runtime),
        into=place,
        said=lambda text: _alive(row, text),
    )
    row.log = done.text
    if not done.ok:
        return _fail(row, _reason(done))
    files = dict(_files(place / "python"))
    if sum(len(data) for data in files.values()) > limits.PACKAGE_UNZIPPED_SIZE:
        return _fail(row, Failure.TOO_LARGE)
    package = archives.store_package(archives.pack(files), operation="PublishLayerVersion")
    with transaction.atomic():
        if not _end(row, state=State.SUCCEEDED):
            return None
        row.layer_version = publish_layer_version(
            account=row.account,
            name=row.layer_name,
            package=package,
            description=row.description or " ".join(row.packages)[: limits.DESCRIPTION_LENGTH],
            compatible_runtimes=[row.runtime],
            region=settings.REGION,
        )
        LayerBuild.objects.filter(pk=row.pk).update(layer_version=row.layer_version)
    return None


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """What was installed, as it goes into the zip; links are not followed, and a wheel makes none."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield f"python/{path.relative_to(folder)}", path.read_bytes()


def _reason(done: installer.Installed) -> LayerBuild.Failure:
    if done.stopped:
        return Failure.TOO_LONG if done.stopped == "time" else Failure.TOO_LARGE
    return next((reason for pattern, reason in _REASONS if pattern.search(done.text)), Failure.OTHER)


# -- its row -----------------------------------------------------------------------------------------


def _alive(row: LayerBuild, text: str) -> None:
    LayerBuild.objects.filter(pk=row.pk, state=State.RUNNING).update(seen_at=clock.now(), log=text)


def _fail(row: LayerBuild, failure: LayerBuild.Failure, detail: str = "") -> None:
    _end(row, state=State.FAILED, failure=failure, detail=detail)


def _end(row: LayerBuild, **fields: object) -> bool:
    """Write the end, unless another look has written one meanwhile."""
    running = LayerBuild.objects.filter(pk=row.pk, state=State.RUNNING)
    return bool(running.update(log=row.log, finished_at=clock.now(), **fields))


def _next() -> None:
    waiting = LayerBuild.objects.filter(state=State.QUEUED).order_by("asked_at").first()
    if waiting is not None:
        tell_workers(waiting.pk)


def sweep() -> None:
    """End builds whose worker is gone, send on those that were never taken, forget old ones. Safe to repeat."""
    now = clock.now()
    LayerBuild.objects.filter(state=State.RUNNING, seen_at__lt=now - LOST).update(
        state=State.FAILED, failure=Failure.INTERRUPTED, finished_at=now
    )
    LayerBuild.objects.filter(finished_at__lt=now - KEPT).delete()
    _next()


def _workshop() -> Path:
    """On the disk of the data, where there is room; a host's /tmp may be memory."""
    folder = Path(settings.DATA_DIR) / "tmp"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
