"""Celery's door to the runner. Every task may run twice, late, or not at all: the database decides what is done."""

import uuid
from datetime import timedelta

from celery import shared_task
from django.conf import settings

from core import clock
from runner import bell, claims
from runner.layerbuilds import building
from runner.models import Invocation
from runner.states import FINAL
from runner.worker import engine

_PRUNE_BATCH = 5_000


@shared_task  # type: ignore[untyped-decorator]
def dispatch_due() -> None:
    """Look for due events, and for those a lost worker left behind; beat asks for it once a second."""
    claims.sweep()
    running = engine()
    if running is not None and running.serves_events:
        running.wake()
    else:
        bell.ring()


@shared_task  # type: ignore[untyped-decorator]
def run_invocation(request_id: str) -> None:
    """Execute one event now, if it is due and nobody has it; otherwise do nothing."""
    running = engine()
    if running is None:
        bell.ring()
    elif claimed := claims.claim_one(request_id):
        running.take_event(claimed)


@shared_task  # type: ignore[untyped-decorator]
def prune_invocations() -> None:
    """Remove the records of invocations that ended long ago."""
    old = clock.now() - timedelta(days=settings.KEEP_INVOCATIONS_DAYS)
    ended = Invocation.objects.filter(state__in=FINAL, finished_at__lt=old)
    while keys := list(ended.values_list("pk", flat=True)[:_PRUNE_BATCH]):
        Invocation.objects.filter(pk__in=keys).delete()


@shared_task  # type: ignore[untyped-decorator]
def build_layer(build_id: str) -> None:
    """Make a layer of packages, if nobody does yet."""
    building.build(uuid.UUID(build_id))


@shared_task  # type: ignore[untyped-decorator]
def sweep_layer_builds() -> None:
    """Look for builds that were lost on the way."""
    building.sweep()
